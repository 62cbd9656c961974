#pragma once
#include <memory>

#include "core/rdf.hpp"

namespace nanochart {

// As RdfPass, of all rows, on the current CUDA device; arrays are the host's, and calls return when
// their results are there. Two atoms at one place give g = NaN.
class RdfCudaPass {
 public:
  // For n atoms, of species[N] or null. Throws Error when there is no GPU or no memory.
  RdfCudaPass(const RdfGrid &grid, int species_count, int n);
  ~RdfCudaPass();

  // x[N][3], species[N] or null -> g[C][K].
  void value(const double *x, const int *species, double *g);
  // dv_dg[C][K] -> dv_dx[N][3] and dv_dstrain[3][3], at the x of the last value().
  void pullback(const double *dv_dg, double *dv_dx, double *dv_dstrain);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nanochart
