#pragma once

// Vectors of doubles for csrc/core/*_isa.cpp, which alone may include this: everything is static
// and in the instruction set's own namespace. Arithmetic is that of GCC and Clang vector types.
#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include <cstddef>

namespace nanochart::NANOCHART_ISA {

#if defined(__AVX512F__)
constexpr int W = 8;
#elif defined(__AVX2__)
constexpr int W = 4;
#else
constexpr int W = 2;
#endif

typedef double Vec __attribute__((vector_size(8 * W)));
typedef double VecU __attribute__((vector_size(8 * W), aligned(8), may_alias));
typedef double Four __attribute__((vector_size(32), may_alias));  // of any W: the numbers of one cell

static inline Vec load(const double *p) { return *reinterpret_cast<const VecU *>(p); }
static inline void store(double *p, Vec v) { *reinterpret_cast<VecU *>(p) = v; }
// In a register from here on: for its further uses compilers would rather load it again.
static inline void hold(Vec &v) {
#if defined(__SSE2__)
  asm("" : "+v"(v));
#else
  (void)v;
#endif
}
static inline Vec splat(double a) { return a - Vec{}; }

// Lane l of the result is lane l + by of v, around its end; `by` should be a constant.
static inline Vec rotated(Vec v, int by) {
#if defined(__GNUC__) && !defined(__clang__)
  typedef long long Lanes __attribute__((vector_size(8 * W)));
  Lanes from;
  for (int l = 0; l < W; ++l) from[l] = (l + by) % W;
  return __builtin_shuffle(v, from);
#else
  Vec r;
  for (int l = 0; l < W; ++l) r[l] = v[(l + by) % W];
  return r;
#endif
}

static inline double sum(Vec v) {
#if defined(__AVX512F__)
  return _mm512_reduce_add_pd(v);
#else
  double s = 0;
  for (int l = 0; l < W; ++l) s += v[l];
  return s;
#endif
}

static inline Vec min(Vec a, Vec b) {
#if defined(__AVX512F__)
  return _mm512_min_pd(a, b);
#elif defined(__AVX2__)
  return _mm256_min_pd(a, b);
#elif defined(__SSE2__)
  return _mm_min_pd(a, b);
#else
  return a < b ? a : b;
#endif
}

static inline Vec max(Vec a, Vec b) {
#if defined(__AVX512F__)
  return _mm512_max_pd(a, b);
#elif defined(__AVX2__)
  return _mm256_max_pd(a, b);
#elif defined(__SSE2__)
  return _mm_max_pd(a, b);
#else
  return a > b ? a : b;
#endif
}

// 1/sqrt(a), a in the range of normal floats, to the last bit or two: from y, which is right to 14 or 11
// bits, by the series y (1 - e)^(-1/2) in e = 1 - a y^2 to the third or fourth order.
static inline Vec rsqrt(Vec a) {
#if defined(__AVX512F__)
  const Vec y = _mm512_rsqrt14_pd(a), e = 1.0 - a * (y * y);
  return y + (y * e) * (0.5 + e * (0.375 + e * 0.3125));
#elif defined(__AVX2__)
  const Vec y = _mm256_cvtps_pd(_mm_rsqrt_ps(_mm256_cvtpd_ps(a))), e = 1.0 - a * (y * y);
  return y + (y * e) * (0.5 + e * (0.375 + e * (0.3125 + e * 0.2734375)));
#elif defined(__SSE2__)
  return 1.0 / _mm_sqrt_pd(a);
#else
  for (int l = 0; l < W; ++l) a[l] = 1.0 / __builtin_sqrt(a[l]);
  return a;
#endif
}

// moments[n] += (t - 3/2 + n)^3, n = 0..3: three instructions, where powers of t would take shuffles or blends.
static inline void add_cubes(const double *t, double *moments) {
#if defined(__AVX2__)
  const __m256d x = _mm256_broadcast_sd(t) + _mm256_setr_pd(-1.5, -0.5, 0.5, 1.5);
  _mm256_store_pd(moments, _mm256_fmadd_pd(x * x, x, _mm256_load_pd(moments)));
#else
  typedef double Pair __attribute__((vector_size(16)));
  const Pair low = *t - Pair{1.5, 0.5}, high = *t + Pair{0.5, 1.5};
  Pair *const to = reinterpret_cast<Pair *>(moments);
  to[0] += low * low * low;
  to[1] += high * high * high;
#endif
}

// to[l] = the sum over v[l].
static inline void store_sums(double *to, const Four v[4]) {
#if defined(__AVX2__)
  const __m256d a = _mm256_hadd_pd(v[0], v[1]), b = _mm256_hadd_pd(v[2], v[3]);
  _mm256_storeu_pd(to, _mm256_permute2f128_pd(a, b, 0x21) + _mm256_blend_pd(a, b, 0b1100));
#else
  for (int l = 0; l < 4; ++l) to[l] = (v[l][0] + v[l][1]) + (v[l][2] + v[l][3]);
#endif
}

// four[lane] = four times the integer next to u[lane], less than 2^31; returns u less that integer, in
// [-1/2, 1/2].
static inline Vec split(Vec u, int *four) {
#if defined(__AVX512F__)
  _mm256_store_si256(reinterpret_cast<__m256i *>(four), _mm256_slli_epi32(_mm512_cvtpd_epi32(u), 2));
  return _mm512_reduce_pd(u, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif defined(__AVX2__)
  const __m128i n = _mm256_cvtpd_epi32(u);
  _mm_store_si128(reinterpret_cast<__m128i *>(four), _mm_slli_epi32(n, 2));
  return u - _mm256_cvtepi32_pd(n);
#elif defined(__SSE2__)
  const __m128i n = _mm_cvtpd_epi32(u);
  _mm_storel_epi64(reinterpret_cast<__m128i *>(four), _mm_slli_epi32(n, 2));
  return u - _mm_cvtepi32_pd(n);
#else
  for (int l = 0; l < W; ++l) {
    const int whole = static_cast<int>(__builtin_nearbyint(u[l]));
    four[l] = 4 * whole;
    u[l] -= whole;
  }
  return u;
#endif
}

// The first three of the four doubles at table + row[lane], transposed. By loads and shuffles:
// quicker than gather instructions, which load each number alone.
static inline void gather3(const double *table, const int *row, Vec &a0, Vec &a1, Vec &a2) {
#if defined(__AVX2__)
  const auto four = [=](int lane) { return _mm256_load_pd(table + row[lane]); };
#endif
#if defined(__AVX512F__)
  const auto rows = [=](int low, int high) {
    return _mm512_insertf64x4(_mm512_castpd256_pd512(four(low)), four(high), 1);
  };
  const __m512d p = rows(0, 2), q = rows(1, 3), r = rows(4, 6), s = rows(5, 7);
  const __m512d pq = _mm512_unpacklo_pd(p, q), rs = _mm512_unpacklo_pd(r, s);
  a0 = _mm512_shuffle_f64x2(pq, rs, 0x88);
  a2 = _mm512_shuffle_f64x2(pq, rs, 0xdd);
  a1 = _mm512_shuffle_f64x2(_mm512_unpackhi_pd(p, q), _mm512_unpackhi_pd(r, s), 0x88);
#elif defined(__AVX2__)
  const __m256d p = four(0), q = four(1), r = four(2), s = four(3);
  const __m256d pq = _mm256_unpacklo_pd(p, q), rs = _mm256_unpacklo_pd(r, s);
  a0 = _mm256_permute2f128_pd(pq, rs, 0x20);
  a2 = _mm256_permute2f128_pd(pq, rs, 0x31);
  a1 = _mm256_permute2f128_pd(_mm256_unpackhi_pd(p, q), _mm256_unpackhi_pd(r, s), 0x20);
#else
  for (int l = 0; l < W; ++l) {
    const double *four = table + row[l];
    a0[l] = four[0], a1[l] = four[1], a2[l] = four[2];
  }
#endif
}

}  // namespace nanochart::NANOCHART_ISA
