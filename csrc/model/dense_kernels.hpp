#pragma once

// What csrc/model/dense_isa.cpp offers, once per instruction set. Plain data and pointers only, as in
// core/kernels.hpp.
namespace nanochart {

struct DenseKernels {
  // y[c] += sum_r x[r] a[r][c], r < rows, c < columns, always in the same order. Columns are a
  // multiple of PAD; a and y are aligned to 64 bytes.
  static constexpr int PAD = 64;
  void (*float32)(int rows, int columns, const float *a, const float *x, float *y);
  void (*float64)(int rows, int columns, const double *a, const double *x, double *y);
};

namespace baseline { extern const DenseKernels dense_kernels; }
namespace avx2 { extern const DenseKernels dense_kernels; }
namespace avx512 { extern const DenseKernels dense_kernels; }

}  // namespace nanochart
