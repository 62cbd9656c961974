#include "model/network_kernels.hpp"

#include <cmath>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace nanochart::NANOCHART_ISA {

#if defined(__AVX512F__)
static constexpr int BYTES = 64, REGISTERS = 32;
#elif defined(__AVX2__)
static constexpr int BYTES = 32, REGISTERS = 16;
#else
static constexpr int BYTES = 16, REGISTERS = 16;
#endif

template <class T>
struct Vector {
  typedef T Vec __attribute__((vector_size(BYTES), may_alias));
  static constexpr int W = BYTES / sizeof(T);
  static_assert(NetworkProducts<T>::PAD % W == 0, "vectors fill the columns");
  static Vec load(const T *p) { return *reinterpret_cast<const Vec *>(p); }
  static void store(T *p, Vec v) { *reinterpret_cast<Vec *>(p) = v; }
};

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

// Blocks of columns stay in registers: parts of 512 bytes, then what is left in halves of them. S sums of each
// column, rows apart, in the smaller parts: few sums would wait for their own additions. The parts, and so the
// order of each sum, are the same whatever the width of vectors.
template <class T, int S = 1>
static void add_rows_from(int c, int rows, int columns, const T *a, const T *x, T *y) {
  using V = Vector<T>;
  constexpr int W = V::W, B = 8 / S, PART = 512 / S / sizeof(T);
  for (const int end = c + (columns - c) / PART * PART; c < end; c += B * W) {
    typename V::Vec s[S][B] = {};
    for (int b = 0; b < B; ++b) s[0][b] = V::load(y + c + b * W);
    const T *row = a + c;
    int r = 0;
    for (; r + S <= rows; r += S, row += S * columns)
      for (int i = 0; i < S; ++i)
        for (int b = 0; b < B; ++b) s[i][b] += x[r + i] * V::load(row + i * columns + b * W);
    for (; r < rows; ++r, row += columns)
      for (int b = 0; b < B; ++b) s[0][b] += x[r] * V::load(row + b * W);
    for (int b = 0; b < B; ++b) {
      for (int i = 1; i < S; ++i) s[0][b] += s[i][b];
      V::store(y + c + b * W, s[0][b]);
    }
  }
  if constexpr (S < 8) add_rows_from<T, 2 * S>(c, rows, columns, a, x, y);
}

template <class T>
static void add_rows(int rows, int columns, const T *a, const T *x, T *y) {
  add_rows_from<T>(0, rows, columns, a, x, y);
}

// R rows at once share the loads of x.
template <class T, int R>
static void rows_times_from(int r, int rows, int columns, const T *a, const T *x, T *y) {
  using V = Vector<T>;
  for (; r + R <= rows; r += R) {
    typename V::Vec s[R] = {};
    const T *const row = a + static_cast<long>(r) * columns;
    for (int c = 0; c < columns; c += V::W) {
      const auto v = V::load(x + c);
      for (int i = 0; i < R; ++i) s[i] += V::load(row + i * columns + c) * v;
    }
    for (int i = 0; i < R; ++i) y[r + i] = sum(s[i]);
  }
  if constexpr (R > 1) rows_times_from<T, R / 2>(r, rows, columns, a, x, y);
}

template <class T>
static void rows_times(int rows, int columns, const T *a, const T *x, T *y) {
  rows_times_from<T, 8>(0, rows, columns, a, x, y);
}

// R rows and B vectors of y stay in registers.
template <class T, int R, int B>
static inline void tile(int depth, int stride, int columns, const T *x, const T *a, T *y) {
  using V = Vector<T>;
  typename V::Vec s[R][B];
  for (int r = 0; r < R; ++r)
    for (int b = 0; b < B; ++b) s[r][b] = V::load(y + r * columns + b * V::W);
  for (int d = 0; d < depth; ++d, a += columns) {
    typename V::Vec w[B];
    for (int b = 0; b < B; ++b) w[b] = V::load(a + b * V::W);
    for (int r = 0; r < R; ++r)
      for (int b = 0; b < B; ++b) s[r][b] += x[r * stride + d] * w[b];
  }
  for (int r = 0; r < R; ++r)
    for (int b = 0; b < B; ++b) V::store(y + r * columns + b * V::W, s[r][b]);
}

template <class T, int R, int B>
static void tiles(int rows, int depth, int stride, int columns, const T *x, const T *a, T *y) {
  int r = 0;
  for (; r + R <= rows; r += R)
    tile<T, R, B>(depth, stride, columns, x + r * stride, a, y + r * columns);
  if constexpr (R > 1)
    tiles<T, R / 2, B>(rows - r, depth, stride, columns, x + r * stride, a, y + r * columns);
}

template <class T, int B>
static void columns_from(int c, int rows, int depth, int stride, int columns, const T *x, const T *a,
                         T *y) {
  constexpr int width = B * Vector<T>::W, R = (REGISTERS - B - 1) / B;  // B of a, one of x
  for (; c + width <= columns; c += width)
    tiles<T, R, B>(rows, depth, stride, columns, x, a + c, y + c);
  if constexpr (B > 1) columns_from<T, B / 2>(c, rows, depth, stride, columns, x, a, y);
}

template <class T>
static void add_windows(int rows, int depth, int stride, int columns, const T *x, const T *a, T *y) {
  constexpr int PART = 256 / sizeof(T);  // rows of a that the first cache holds
  for (int d = 0; d < depth; d += PART) {
    const int part = depth - d < PART ? depth - d : PART;
    columns_from<T, REGISTERS / 8>(0, rows, part, stride, columns, x + d, a + d * columns, y);
  }
}

// exp of floats to about one unit in the last place, between exp(-87) and exp(87).
static inline Vector<float>::Vec exponential(Vector<float>::Vec x) {
  typedef int Int __attribute__((vector_size(BYTES), may_alias));
  constexpr float ROUND = 12582912;  // 1.5 2^23
  x = x < -87.0f ? x * 0 - 87.0f : x;
  x = x > 87.0f ? x * 0 + 87.0f : x;
  const Vector<float>::Vec m = x * 1.44269504f + ROUND, k = m - ROUND;
  const auto r = (x - k * 0.693145752f) - k * 1.42860677e-6f;
  const auto p = 1 + r * (1 + r * (0.5f + r * (1.66666667e-1f + r * (4.16666667e-2f +
                     r * (8.33333333e-3f + r * 1.38888889e-3f)))));
  const Int scale = ((Int)m - (Int)(x * 0 + ROUND) + 127) << 23;
  return p * (Vector<float>::Vec)scale;
}

static inline Vector<double>::Vec exponential(Vector<double>::Vec x) {
  for (int l = 0; l < Vector<double>::W; ++l) x[l] = std::exp(x[l]);
  return x;
}

template <class T>
static void activate(Activation f, int n, T *h, T *slope) {
  using V = Vector<T>;
  for (int i = 0; i < n; i += V::W) {
    typename V::Vec z = V::load(h + i), s = z * 0 + 1;
    if (f == Activation::relu) {
      s = z > 0 ? s : s * 0;
      z = z > 0 ? z : z * 0;
    } else if (f == Activation::silu) {
      auto sigmoid = 1 / (1 + exponential(-z));
      sigmoid = z < -60 ? z * 0 : sigmoid;  // subnormal numbers would be slow
      z *= sigmoid;
      s = sigmoid + z * (1 - sigmoid);
    } else if (f == Activation::tanh) {
      for (int l = 0; l < V::W; ++l) z[l] = std::tanh(z[l]);
      s = 1 - z * z;
    }
    V::store(h + i, z);
    V::store(slope + i, s);
  }
}

const NetworkKernels network_kernels = {
    {add_rows<float>, rows_times<float>, add_windows<float>, activate<float>},
    {add_rows<double>, rows_times<double>, add_windows<double>, activate<double>}};

}  // namespace nanochart::NANOCHART_ISA
