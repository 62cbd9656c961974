#include "core/cuda_memory.cuh"
#include "core/rdf_cuda.hpp"
#include "core/rdf_cuda_pass.hpp"

namespace nanochart {

struct RdfCudaPass::Impl {
  RdfCuda rdf;
  const int n;
  const bool several;
  Buffer<double> x, g, dv_dg, dv_dx, dv_dstrain;
  Buffer<int> species;

  Impl(const RdfGrid &grid, int kinds, int atoms)
      : rdf(grid, kinds, 1), n(atoms), several(kinds > 1), x(3 * std::size_t(n)),
        g(std::size_t(rdf.channels()) * grid.bins), dv_dg(std::size_t(rdf.channels()) * grid.bins),
        dv_dx(3 * std::size_t(n)), dv_dstrain(9), species(n) {}
  const int *kinds() const { return several ? species.data() : nullptr; }
};

RdfCudaPass::RdfCudaPass(const RdfGrid &grid, int species_count, int n)
    : impl_(std::make_unique<Impl>(grid, species_count, n)) {}
RdfCudaPass::~RdfCudaPass() = default;

void RdfCudaPass::value(const double *x, const int *species, double *g) {
  Impl &m = *impl_;
  m.x.write(x);
  if (m.several) m.species.write(species);
  m.rdf.value(1, m.n, m.x.data(), m.kinds(), m.g.data(), nullptr);
  m.g.read(g);
}

void RdfCudaPass::pullback(const double *dv_dg, double *dv_dx, double *dv_dstrain) {
  Impl &m = *impl_;
  m.dv_dg.write(dv_dg);
  m.rdf.pullback(1, m.n, m.x.data(), m.kinds(), m.dv_dg.data(), m.dv_dx.data(),
                 m.dv_dstrain.data(), nullptr);
  m.dv_dx.read(dv_dx);
  m.dv_dstrain.read(dv_dstrain);
}

}  // namespace nanochart
