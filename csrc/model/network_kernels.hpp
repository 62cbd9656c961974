#pragma once

#include "core/pace.hpp"

// What csrc/model/network_isa.cpp offers, once per instruction set. Plain data and pointers only, as
// in core/kernels.hpp.
namespace nanochart {

enum class Activation { none, relu, silu, tanh };

// Sums are always made in the same order. Columns are a multiple of PAD numbers, and what has columns
// is aligned to 64 bytes.
template <class T>
struct NetworkProducts {
  static constexpr int PAD = 16;
  // y[c] += sum_r x[r] a[r][c]
  void (*add_rows)(int rows, int columns, const T *a, const T *x, T *y);
  // y[r] = sum_c a[r][c] x[c]
  void (*rows_times)(int rows, int columns, const T *a, const T *x, T *y);
  // y[r][c] += sum_d x[r stride + d] a[d][c], d < depth: a convolution, when rows of x overlap.
  void (*add_windows)(int rows, int depth, int stride, int columns, const T *x, const T *a, T *y);
  // h[i] becomes f(h[i]) and slope[i] f'(h[i]), i < n, a multiple of PAD.
  void (*activate)(Activation f, int n, T *h, T *slope);
};

struct NetworkKernels {
  NetworkProducts<float> float32;
  NetworkProducts<double> float64;
};

namespace baseline { extern const NetworkKernels network_kernels; }
namespace avx2 { extern const NetworkKernels network_kernels; }
namespace avx512 { extern const NetworkKernels network_kernels; }

// Those of the instruction set in use.
const NetworkProducts<float> &network_products(float, Pace pace = Pace::often);
const NetworkProducts<double> &network_products(double, Pace pace = Pace::often);

}  // namespace nanochart
