#include "model/dense_kernels.hpp"

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace nanochart::NANOCHART_ISA {

#if defined(__AVX512F__)
static constexpr int BYTES = 64;
#elif defined(__AVX2__)
static constexpr int BYTES = 32;
#else
static constexpr int BYTES = 16;
#endif

template <class T>
struct Vector {
  typedef T Vec __attribute__((vector_size(BYTES), may_alias));
  static constexpr int W = BYTES / sizeof(T), B = 4;  // B vectors make a block of columns
  static_assert(DenseProducts<T>::PAD % (B * W) == 0, "blocks fill the columns");
  static Vec load(const T *p) { return *reinterpret_cast<const Vec *>(p); }
  static void store(T *p, Vec v) { *reinterpret_cast<Vec *>(p) = v; }
};

// A block of columns stays in registers; even and odd rows are summed apart, since one sum alone
// would wait for its own additions.
template <class T>
static void add_rows(int rows, int columns, const T *a, const T *x, T *y) {
  using V = Vector<T>;
  constexpr int B = V::B, W = V::W;
  for (int c = 0; c < columns; c += B * W) {
    typename V::Vec even[B], odd[B];
    for (int b = 0; b < B; ++b) {
      even[b] = V::load(y + c + b * W);
      odd[b] = typename V::Vec{};
    }
    const T *row = a + c;
    int r = 0;
    for (; r + 1 < rows; r += 2, row += 2 * columns)
      for (int b = 0; b < B; ++b) {
        even[b] += x[r] * V::load(row + b * W);
        odd[b] += x[r + 1] * V::load(row + columns + b * W);
      }
    if (r < rows)
      for (int b = 0; b < B; ++b) even[b] += x[r] * V::load(row + b * W);
    for (int b = 0; b < B; ++b) V::store(y + c + b * W, even[b] + odd[b]);
  }
}

#if defined(__AVX512F__)
static inline float sum(Vector<float>::Vec v) { return _mm512_reduce_add_ps((__m512)v); }
static inline double sum(Vector<double>::Vec v) { return _mm512_reduce_add_pd((__m512d)v); }
#else
template <class Vec>
static inline auto sum(Vec v) {
  auto s = v[0];
  for (unsigned l = 1; l < sizeof(Vec) / sizeof(s); ++l) s += v[l];
  return s;
}
#endif

template <class T>
static void rows_times(int rows, int columns, const T *a, const T *x, T *y) {
  using V = Vector<T>;
  constexpr int B = V::B, W = V::W;
  for (int r = 0; r < rows; ++r, a += columns) {
    typename V::Vec s[B] = {};
    for (int c = 0; c < columns; c += B * W)
      for (int b = 0; b < B; ++b) s[b] += V::load(a + c + b * W) * V::load(x + c + b * W);
    y[r] = sum((s[0] + s[1]) + (s[2] + s[3]));
  }
}

const DenseKernels dense_kernels = {{add_rows<float>, rows_times<float>},
                                    {add_rows<double>, rows_times<double>}};

}  // namespace nanochart::NANOCHART_ISA
