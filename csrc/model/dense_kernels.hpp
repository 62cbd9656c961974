#pragma once

// What csrc/model/dense_isa.cpp offers, once per instruction set. Plain data and pointers only, as in
// core/kernels.hpp.
namespace nanochart {

// Products with a matrix a[rows][columns], always in the same order. Columns are a multiple of PAD,
// a and what has columns are aligned to 64 bytes.
template <class T>
struct DenseProducts {
  static constexpr int PAD = 64;
  // y[c] += sum_r x[r] a[r][c]
  void (*add_rows)(int rows, int columns, const T *a, const T *x, T *y);
  // y[r] = sum_c a[r][c] x[c]
  void (*rows_times)(int rows, int columns, const T *a, const T *x, T *y);
};

struct DenseKernels {
  DenseProducts<float> float32;
  DenseProducts<double> float64;
};

namespace baseline { extern const DenseKernels dense_kernels; }
namespace avx2 { extern const DenseKernels dense_kernels; }
namespace avx512 { extern const DenseKernels dense_kernels; }

}  // namespace nanochart
