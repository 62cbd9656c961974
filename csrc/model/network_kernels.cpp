#include "model/network_kernels.hpp"

#include "core/isa.hpp"

namespace nanochart {
namespace {

const NetworkKernels &current_network_kernels(Pace pace) {
#if NANOCHART_X86
  const std::string isa = current_isa(pace);
  if (isa == "avx512") return avx512::network_kernels;
  if (isa == "avx2") return avx2::network_kernels;
#endif
  return baseline::network_kernels;
}

}  // namespace

const NetworkProducts<float> &network_products(float, Pace pace) { return current_network_kernels(pace).float32; }
const NetworkProducts<double> &network_products(double, Pace pace) { return current_network_kernels(pace).float64; }

}  // namespace nanochart
