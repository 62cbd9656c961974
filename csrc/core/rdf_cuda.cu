// g and its pull-back on a GPU: rdf_threads.hpp holds what a thread does, this file the loops.
#include <algorithm>
#include <string>
#include <vector>

#include "core/cuda_memory.cuh"
#include "core/error.hpp"
#include "core/rdf_cuda.hpp"
#include "core/rdf_threads.hpp"

namespace nanochart {
namespace {

constexpr int THREADS = 256, WARP = 32;
constexpr std::size_t SHARED = 48 * 1024;  // bytes that every device has in a block
constexpr double NOT_A_NUMBER = __builtin_nan("");

using Long = unsigned long long;  // what atomicAdd takes; two's complement sums are the same

// grid (parts, frames): every pair into rho[frames][C][nodes], through the block's own copy when
// that fits into shared memory.
__global__ void deposit(ThreadLattice l, int n, const double *x, const int *species, double unit,
                        bool shared, Long *rho, int *bad) {
  extern __shared__ Long own[];
  const int cells = l.channels * l.nodes, frame = blockIdx.y;
  x += static_cast<std::size_t>(frame) * n * 3;
  rho += static_cast<std::size_t>(frame) * cells;
  if (shared)
    for (int c = threadIdx.x; c < cells; c += blockDim.x) own[c] = 0;
  __syncthreads();
  Long *const to = shared ? own : rho;
  const long long pairs = static_cast<long long>(n) * (n - 1) / 2;
  const long long step = static_cast<long long>(gridDim.x) * blockDim.x;
  for (long long p = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; p < pairs; p += step) {
    int i, j;
    pair_of(p, n, i, j);
    const Located at = locate(l, x + 3 * static_cast<std::size_t>(i), x + 3 * static_cast<std::size_t>(j));
    if (at.coincident) bad[frame] = 1;
    const int channel = species ? channel_of(species[i], species[j], l.species) : 0;
    deposit_pair(l, at, unit, [&](int node, long long weight) {
      atomicAdd(to + channel * l.nodes + node, static_cast<Long>(weight));
    });
  }
  __syncthreads();
  if (shared)
    for (int c = threadIdx.x; c < cells; c += blockDim.x)
      if (own[c]) atomicAdd(rho + c, own[c]);
}

// grid (parts, frames): g[frames][C][K].
__global__ void convolve(ThreadLattice l, double weight, const double *taps, const Long *rho,
                         const int *bad, double *g) {
  const int point = blockIdx.x * blockDim.x + threadIdx.x, frame = blockIdx.y;
  if (point >= l.channels * l.bins) return;
  const int channel = point / l.bins;
  const Long *from = rho + (static_cast<std::size_t>(frame) * l.channels + channel) * l.nodes;
  const double sum = convolve_at(l, point % l.bins, taps, reinterpret_cast<const long long *>(from));
  g[static_cast<std::size_t>(frame) * l.channels * l.bins + point] = bad[frame] ? NOT_A_NUMBER : weight * sum;
}

// grid (parts, frames): lambda[frames][C][nodes].
__global__ void convolve_back(ThreadLattice l, double weight, const double *taps,
                              const double *dv_dg, double *lambda) {
  const int point = blockIdx.x * blockDim.x + threadIdx.x, frame = blockIdx.y;
  if (point >= l.channels * l.nodes) return;
  const int channel = point / l.nodes;
  const double *from = dv_dg + (static_cast<std::size_t>(frame) * l.channels + channel) * l.bins;
  lambda[static_cast<std::size_t>(frame) * l.channels * l.nodes + point] =
      weight * lambda_at(l, point % l.nodes, taps, from);
}

// grid (parts, frames): a warp for each atom, its lanes share the other atoms and add up in a fixed
// order.
__global__ void pull(ThreadLattice l, int n, const double *x, const int *species,
                     const double *lambda, double *dv_dx) {
  const int warp = (blockIdx.x * blockDim.x + threadIdx.x) / WARP, lane = threadIdx.x % WARP;
  const int frame = blockIdx.y, i = warp;
  if (i >= n) return;  // whole warps
  x += static_cast<std::size_t>(frame) * n * 3;
  lambda += static_cast<std::size_t>(frame) * l.channels * l.nodes;
  const double *const xi = x + 3 * static_cast<std::size_t>(i);
  double f[3] = {0, 0, 0};
  for (int j = lane; j < n; j += WARP) {
    if (j == i) continue;
    const Located at = locate(l, xi, x + 3 * static_cast<std::size_t>(j));
    const int channel = species ? channel_of(species[i], species[j], l.species) : 0;
    double slope = slope_of(l, at, lambda + channel * l.nodes) * at.inverse;
    if (at.coincident) slope = NOT_A_NUMBER;
    for (int a = 0; a < 3; ++a) f[a] -= slope * at.d[a];
  }
  for (int a = 0; a < 3; ++a)
    for (int other = WARP / 2; other > 0; other /= 2) f[a] += __shfl_down_sync(0xffffffff, f[a], other);
  if (lane == 0)
    for (int a = 0; a < 3; ++a) dv_dx[(static_cast<std::size_t>(frame) * n + i) * 3 + a] = f[a];
}

// One block a frame, nine sums one after the other: sum_i (x_ia - x_0a) dV/dx_ib.
__global__ void strain(int n, const double *x, const double *dv_dx, double *dv_dstrain) {
  __shared__ double part[THREADS];
  x += static_cast<std::size_t>(blockIdx.x) * n * 3;
  dv_dx += static_cast<std::size_t>(blockIdx.x) * n * 3;
  for (int c = 0; c < 9; ++c) {
    const int a = c / 3, b = c % 3;
    double sum = 0;
    for (int i = threadIdx.x; i < n; i += THREADS) {
      const std::size_t row = 3 * static_cast<std::size_t>(i);
      sum += (x[row + a] - x[a]) * dv_dx[row + b];
    }
    part[threadIdx.x] = sum;
    __syncthreads();
    for (int half = THREADS / 2; half > 0; half /= 2) {
      if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
      __syncthreads();
    }
    if (threadIdx.x == 0) dv_dstrain[blockIdx.x * std::size_t{9} + c] = part[0];
    __syncthreads();
  }
}

int parts(long long work, int most = 65535) {
  return static_cast<int>(std::max(1LL, std::min<long long>(most, (work + THREADS - 1) / THREADS)));
}

}  // namespace

std::string why_no_cuda() {
  int devices = 0;
  const cudaError_t status = cudaGetDeviceCount(&devices);
  if (status != cudaSuccess) return std::string("no GPU can be used here: ") + cudaGetErrorString(status);
  return devices ? "" : "there is no GPU here";
}

struct RdfCuda::Impl {
  std::vector<double> host_taps;
  ThreadLattice l;
  int frames;
  Buffer<double> taps, lambda;
  Buffer<Long> rho;
  Buffer<int> bad;

  Impl(const RdfGrid &grid, int species, int most)
      : l(thread_lattice(grid, species, host_taps)), frames(most),
        taps(2 * l.reach + 1), lambda(std::size_t(most) * l.channels * l.nodes),
        rho(std::size_t(most) * l.channels * l.nodes), bad(most) {
    check(cudaMemcpy(taps.data(), host_taps.data(), host_taps.size() * sizeof(double),
                     cudaMemcpyHostToDevice),
          "copying the convolution");
  }

  double pair_weight(int n) const { return 2.0 / (static_cast<double>(n) * (n - 1)); }

  void expect(int given, int n) const {
    if (given < 1 || given > frames || given > 65535)
      throw Error("RdfCuda: the number of frames is " + std::to_string(given) + ", must be 1 to " +
                  std::to_string(std::min(frames, 65535)) + ": give them in parts");
    if (n < 2) throw Error("rdf: the number of atoms is " + std::to_string(n) + ", must be >= 2");
  }
};

RdfCuda::RdfCuda(const RdfGrid &grid, int species, int frames) {
  const std::string reason = why_no_cuda();
  if (!reason.empty()) throw Error("device cuda: " + reason);
  if (species < 1 || frames < 1)
    throw Error("RdfCuda: species is " + std::to_string(species) + " and frames is " +
                std::to_string(frames) + ", must be >= 1");
  impl_ = std::make_unique<Impl>(grid, species, frames);
}

RdfCuda::~RdfCuda() = default;
int RdfCuda::channels() const { return impl_->l.channels; }
int RdfCuda::frames() const { return impl_->frames; }

void RdfCuda::value(int frames, int n, const double *x, const int *species, double *g, void *stream) {
  const Impl &m = *impl_;
  m.expect(frames, n);
  const auto queue = static_cast<cudaStream_t>(stream);
  const std::size_t cells = std::size_t(m.l.channels) * m.l.nodes;
  check(cudaMemsetAsync(m.rho.data(), 0, frames * cells * sizeof(Long), queue), "clearing memory");
  check(cudaMemsetAsync(m.bad.data(), 0, frames * sizeof(int), queue), "clearing memory");
  const long long pairs = static_cast<long long>(n) * (n - 1) / 2;
  const double unit = deposit_unit(n);
  const bool shared = cells * sizeof(Long) <= SHARED;
  // A batch fills the device with frames; a single frame is shared out.
  const int of_a_frame = frames >= 256 ? 1 : parts(pairs / 4, 512);
  deposit<<<dim3(of_a_frame, frames), THREADS, shared ? cells * sizeof(Long) : 0, queue>>>(
      m.l, n, x, species, unit, shared, m.rho.data(), m.bad.data());
  convolve<<<dim3(parts(m.l.channels * m.l.bins), frames), THREADS, 0, queue>>>(
      m.l, m.pair_weight(n) / unit, m.taps.data(), m.rho.data(), m.bad.data(), g);
  check(cudaGetLastError(), "starting the value");
}

void RdfCuda::pullback(int frames, int n, const double *x, const int *species, const double *dv_dg,
                       double *dv_dx, double *dv_dstrain, void *stream) {
  const Impl &m = *impl_;
  m.expect(frames, n);
  const auto queue = static_cast<cudaStream_t>(stream);
  convolve_back<<<dim3(parts(m.l.channels * m.l.nodes), frames), THREADS, 0, queue>>>(
      m.l, m.pair_weight(n), m.taps.data(), dv_dg, m.lambda.data());
  pull<<<dim3((n + THREADS / WARP - 1) / (THREADS / WARP), frames), THREADS, 0, queue>>>(
      m.l, n, x, species, m.lambda.data(), dv_dx);
  if (dv_dstrain) strain<<<frames, THREADS, 0, queue>>>(n, x, dv_dx, dv_dstrain);
  check(cudaGetLastError(), "starting the pull-back");
}

}  // namespace nanochart
