#pragma once
#include <memory>
#include <string>

#include "core/rdf.hpp"

namespace nanochart {

// Empty when a GPU can be used, else the reason in one sentence.
std::string why_no_cuda();

// Rdf on the current CUDA device. All pointers are device memory; work is queued on a stream (a
// cudaStream_t, null for the default one) and nothing waits for it, nor is memory allocated after
// construction, so that calls may be captured in a CUDA graph. Results do not depend on the order
// of threads: weights are summed as integers.
// A frame with a coordinate that is not finite, or two atoms at one place, gets NaN.
class RdfCuda {
 public:
  // Workspace for up to so many frames. Throws Error when there is no GPU or no memory.
  RdfCuda(const RdfGrid &grid, int species, int frames);
  ~RdfCuda();

  int channels() const;
  int frames() const;

  // x[frames][N][3], species[N] or null -> g[frames][C][K].
  void value(int frames, int n, const double *x, const int *species, double *g, void *stream);
  // dv_dg[frames][C][K] -> dv_dx[frames][N][3] and, unless null, dv_dstrain[frames][3][3].
  void pullback(int frames, int n, const double *x, const int *species, const double *dv_dg,
                double *dv_dx, double *dv_dstrain, void *stream);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nanochart
