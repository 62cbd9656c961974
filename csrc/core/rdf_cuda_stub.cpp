// Instead of rdf_cuda.cu and rdf_cuda_pass.cu in a build without CUDA.
#include "core/error.hpp"
#include "core/rdf_cuda.hpp"
#include "core/rdf_cuda_pass.hpp"

namespace nanochart {

struct RdfCuda::Impl {};

std::string why_no_cuda() {
  return "this nanochart was built without CUDA: install a CUDA toolkit (nvcc) and build it again, "
         "or use the CPU";
}

RdfCuda::RdfCuda(const RdfGrid &, int, int) { throw Error("device cuda: " + why_no_cuda()); }
RdfCuda::~RdfCuda() = default;
int RdfCuda::channels() const { return 0; }
int RdfCuda::frames() const { return 0; }
void RdfCuda::value(int, int, const double *, const int *, double *, void *) {}
void RdfCuda::pullback(int, int, const double *, const int *, const double *, double *, double *,
                       void *) {}

struct RdfCudaPass::Impl {};
RdfCudaPass::RdfCudaPass(const RdfGrid &, int, int) { throw Error("device cuda: " + why_no_cuda()); }
RdfCudaPass::~RdfCudaPass() = default;
void RdfCudaPass::value(const double *, const int *, double *) {}
void RdfCudaPass::pullback(const double *, double *, double *) {}

}  // namespace nanochart
