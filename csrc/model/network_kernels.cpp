#include "model/network_kernels.hpp"

#include "core/isa.hpp"

namespace nanochart {
namespace {

const NetworkKernels &current_network_kernels() {
#if NANOCHART_X86
  if (current_isa() == "avx512") return avx512::network_kernels;
  if (current_isa() == "avx2") return avx2::network_kernels;
#endif
  return baseline::network_kernels;
}

}  // namespace

const NetworkProducts<float> &network_products(float) { return current_network_kernels().float32; }
const NetworkProducts<double> &network_products(double) { return current_network_kernels().float64; }

}  // namespace nanochart
