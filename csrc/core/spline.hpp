#pragma once

// Functions that the CPU's pair loops and CUDA share. Static, so that each instruction set has its
// own copies.
#if defined(__CUDACC__)
#define NANOCHART_SHARED __host__ __device__ static inline
#else
#define NANOCHART_SHARED static inline
#endif

namespace nanochart {

// Cell coordinate of a distance r in units of the cells' width; V is a double or a vector of them.
// Its cell is the integer next to it, at t = u - cell in [-1/2, 1/2].
template <class V>
NANOCHART_SHARED V cell_coordinate(V r, V shift) { return r + shift; }

// Coefficient of t^p in the weight of node cell - 4 + n, n = 0..3: the cubic B-spline about the
// middle of a cell.
NANOCHART_SHARED constexpr double spline(int n, int p) {
  constexpr double c[4][4] = {{1. / 48, -1. / 8, 1. / 4, -1. / 6},
                              {23. / 48, -5. / 8, -1. / 4, 1. / 2},
                              {23. / 48, 5. / 8, -1. / 4, -1. / 2},
                              {1. / 48, 1. / 8, 1. / 4, 1. / 6}};
  return c[n][p];
}

}  // namespace nanochart
