#include "core/lattice_isa.hpp"

#include "core/kernels.hpp"
#include "core/simd.hpp"
#include "core/spline.hpp"

namespace nanochart::NANOCHART_ISA {

// The pieces of a cubic B-spline are sums of the cubes (t - 3/2 + n)^3, n = 0..3, over 6: in the last of the four
// nodes of a cell that of 2, in the one before that of 3 less four times that of 2, and so in the others with t
// backwards.
void nodes(Range steps, int refine, int phases, const double *moments, double *rho, int stride) {
  const Four last = Four{0, 0, 1, 0} / 6, third = Four{0, 0, -4, 1} / 6;
  const Four second = Four{-1, 4, 0, 0} / 6, first = Four{0, -1, 0, 0} / 6;
  for (int p = 0; p < phases; ++p)
    for (int i = steps.first; i < steps.last; i += 4) {
      Four v[4];
      for (int l = 0; l < 4; ++l) {
        const Four *cell = reinterpret_cast<const Four *>(moments) + (i + l) * refine + p + 1;
        v[l] = last * cell[0] + third * cell[1] + second * cell[2] + first * cell[3];
      }
      store_sums(rho + p * stride + i, v);
    }
}

void slopes(Range steps, int refine, const double *lambda, int stride, double factor, double *slopes) {
  Four d[4];  // factor p spline(n, p) at power p - 1
  for (int n = 0; n < 4; ++n)
    d[n] = factor * Four{spline(n, 1), 2 * spline(n, 2), 3 * spline(n, 3), 0};
  for (int p = 0; p < refine; ++p) {
    const double *node[4];  // of step 0, three before it to itself
    for (int n = 0, q = p - 3; n < 4; ++n, ++q) {
      const int steps_back = q < 0 ? (refine - 1 - q) / refine : 0;
      node[n] = lambda + (q + steps_back * refine) * stride - steps_back;
    }
    for (int i = steps.first; i < steps.last; ++i)
      *(reinterpret_cast<Four *>(slopes) + i * refine + p + 1) =
          node[0][i] * d[0] + node[1][i] * d[1] + node[2][i] * d[2] + node[3][i] * d[3];
  }
}

// Taps W apart see the same vectors of `in`, one result further on: loads, which cross cache lines, are
// shared by R taps of B results. R sums of each: one would wait for itself.
void correlate(int n, int phases, const double *in, int stride, int taps, const double *c, double *out) {
  constexpr int B = Kernels::PAD / 8, R = 3;
  static_assert(Kernels::TAPS % (R * W) == 0, "no tap is left over");
  for (int k = 0; k < n; k += B * W) {
    Vec sum[R][B] = {};
    for (int p = 0; p < phases; ++p)
      for (int i = 0; i < taps; i += R * W)
        for (int shift = i; shift < i + W; ++shift) {
          const double *const from = in + p * stride + k + shift, *const tap = c + p * taps + shift;
          Vec x[B + R - 1];
          for (int b = 0; b < B + R - 1; ++b) {
            x[b] = load(from + b * W);
            hold(x[b]);
          }
          for (int r = 0; r < R; ++r)
            for (int b = 0; b < B; ++b) sum[r][b] += tap[r * W] * x[b + r];
        }
    for (int b = 0; b < B; ++b) store(out + k + b * W, sum[0][b] + sum[1][b] + sum[2][b]);
  }
}

}  // namespace nanochart::NANOCHART_ISA
