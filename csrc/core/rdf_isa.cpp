#include "core/kernels.hpp"
#include "core/simd.hpp"
#include "core/spline.hpp"

namespace nanochart::NANOCHART_ISA {

// Adding this rounds a double to the nearest integer and leaves it in the low bits.
static constexpr double ROUND = 6755399441055744.0;  // 2^52 + 2^51

static constexpr double FAR2 = 1e300;
static const double LANE[8] = {0, 1, 2, 3, 4, 5, 6, 7};

// Constants of a pair loop, in registers.
struct Locator {
  Vec scale, shift, lowest2, farthest2, round;
  Int round_bits;
  explicit Locator(const Cells &c)
      : scale(splat(c.scale)), shift(splat(c.shift)), lowest2(splat(c.lowest2)),
        farthest2(load(c.farthest2)), round(splat(ROUND)), round_bits((Int)round) {}

  // From r^2: 1/r, t, and the offset of the cell in a table of four doubles a cell.
  Vec locate(Vec r2, Vec &inverse, Int &offset) const {
    r2 = min(max(r2, lowest2), farthest2);
    inverse = rsqrt(r2);
    const Vec u = cell_coordinate(r2 * inverse, scale, shift), m = u + round;
    offset = ((Int)m - round_bits) << 2;
    return u - (m - round);
  }
};

// The columns that row i visits start at first(); lanes of that first vector which it must not
// visit, and lane i wherever `other` meets it, are put FAR.
template <Visit visit>
static inline int first_column(int i, Range columns) {
  if (visit != Visit::after) return columns.first;
  return columns.first + (i + 1 - columns.first) / W * W;
}

template <Visit visit>
static inline Vec exclude(Vec r2, int i, int j) {
  const Vec lane = load(LANE), self = splat(i - j);
  if (visit == Visit::after) return lane <= self ? splat(FAR2) : r2;
  if (visit == Visit::other) return lane == self ? splat(FAR2) : r2;
  return r2;
}

constexpr int BLOCK = 256;  // pairs located at once, so that they stay in the first cache

struct Block {
  alignas(64) double t[BLOCK], inverse[BLOCK];
  alignas(64) int offset[BLOCK];
  Pairs pairs() { return {t, inverse, offset}; }
};

static inline Pairs after(const Pairs &pairs, int count) {
  return {pairs.t + count, pairs.inverse + count, pairs.offset + count};
}

// Pairs of row i with columns from j on, as many as fit into a block, put into `pairs`; returns the
// column after them.
template <Visit visit>
static inline int locate(const Points &p, int i, int j, int last, int most, const Locator &lattice, Pairs to) {
  const Vec x = splat(p.x[i]), y = splat(p.y[i]), z = splat(p.z[i]);
  const int end = last - j < most ? last : j + most, start = j;
  to = after(to, -j);
  for (; j < end; j += W) {
    const Vec dx = load(p.x + j) - x, dy = load(p.y + j) - y, dz = load(p.z + j) - z;
    Vec r2 = dx * dx + dy * dy + dz * dz;
    if (visit == Visit::other || (visit == Visit::after && j == start)) r2 = exclude<visit>(r2, i, j);
    Vec inverse;
    Int offset;
    *reinterpret_cast<Vec *>(to.t + j) = lattice.locate(r2, inverse, offset);
    *reinterpret_cast<Vec *>(to.inverse + j) = inverse;
    store_short(to.offset + j, offset);
  }
  return j;
}

// Pairs are deposited a block later than they are located, so that the scattered stores do not hold
// up the loads of positions.
template <Visit visit>
static void deposit(const Points &p, Range rows, Range columns, const Cells &cells,
                    double *moments, Pairs *kept) {
  Block own;
  Pairs block = kept ? *kept : own.pairs();
  int count = 0;
  const auto finish_block = [&] {
    for (int k = 0; k < count; ++k) add_powers(block.t + k, moments + block.offset[k]);
    if (kept) block = after(block, count);
    count = 0;
  };
  const Locator lattice(cells);
  for (int i = rows.first; i < rows.last; ++i)
    for (int j = first_column<visit>(i, columns), next; j < columns.last; j = next) {
      next = locate<visit>(p, i, j, columns.last, BLOCK - count, lattice, after(block, count));
      if ((count += next - j) == BLOCK) finish_block();
    }
  finish_block();
  if (kept) *kept = block;
}

template <Visit visit>
static void pull(const Points &p, Range rows, Range columns, const Cells &cells,
                 const double *slopes, double *const force[6], Pairs *kept) {
  const Locator lattice(cells);
  double *const fx = force[0], *const fy = force[1], *const fz = force[2];
  Block own;
  Pairs pairs = kept ? *kept : own.pairs();
  for (int i = rows.first; i < rows.last; ++i) {
    const Vec x = splat(p.x[i]), y = splat(p.y[i]), z = splat(p.z[i]);
    Vec sx{}, sy{}, sz{};
    for (int j = first_column<visit>(i, columns), next = columns.last; j < columns.last;) {
      if (!kept) next = locate<visit>(p, i, j, columns.last, BLOCK, lattice, pairs);
      int k = 0;
      for (; j < next; j += W, k += W) {
        const Vec dx = load(p.x + j) - x, dy = load(p.y + j) - y, dz = load(p.z + j) - z;
        const Vec t = load(pairs.t + k);
        Vec a0, a1, a2;
        gather3(slopes, pairs.offset + k, a0, a1, a2);
        const Vec f = ((a2 * t + a1) * t + a0) * load(pairs.inverse + k);
        sx += f * dx;
        sy += f * dy;
        sz += f * dz;
        if (visit != Visit::other) {
          store(fx + j, load(fx + j) + f * dx);
          store(fy + j, load(fy + j) + f * dy);
          store(fz + j, load(fz + j) + f * dz);
        }
      }
      if (kept) pairs = after(pairs, k);
    }
    // Apart from the columns' forces, which the next row is about to load by the vector.
    force[3][i] -= sum(sx);
    force[4][i] -= sum(sy);
    force[5][i] -= sum(sz);
  }
  if (kept) *kept = pairs;
}

static void deposit_any(const Points &p, Range rows, Range columns, Visit visit,
                        const Cells &cells, double *moments, Pairs *pairs) {
  switch (visit) {
    case Visit::after: return deposit<Visit::after>(p, rows, columns, cells, moments, pairs);
    case Visit::all: return deposit<Visit::all>(p, rows, columns, cells, moments, pairs);
    default: return deposit<Visit::other>(p, rows, columns, cells, moments, pairs);
  }
}

static void pull_any(const Points &p, Range rows, Range columns, Visit visit, const Cells &cells,
                     const double *slopes, double *const force[6], Pairs *pairs) {
  switch (visit) {
    case Visit::after: return pull<Visit::after>(p, rows, columns, cells, slopes, force, pairs);
    case Visit::all: return pull<Visit::all>(p, rows, columns, cells, slopes, force, pairs);
    default: return pull<Visit::other>(p, rows, columns, cells, slopes, force, pairs);
  }
}

static void nodes(int nodes, const double *moments, double *rho) {
  constexpr int BLOCK = 64;
  alignas(64) double apart[4][BLOCK + 4] = {};  // moments of the cells that touch the block, by power
  for (int first = 0; first < nodes; first += BLOCK) {
    const int count = nodes - first < BLOCK ? nodes - first : BLOCK;
    for (int cell = 0; cell < count + 3; cell += 4)
      transpose(moments + 4 * (first + 1 + cell), apart[0] + cell, BLOCK + 4);
    for (int m = 0; m < count; m += W) {
      Vec s[4];
      for (int n = 0; n < 4; ++n) {
        s[n] = spline(n, 0) * load(apart[0] + m + 3 - n);
        for (int p = 1; p < 4; ++p) s[n] += spline(n, p) * load(apart[p] + m + 3 - n);
      }
      store(rho + first + m, (s[0] + s[1]) + (s[2] + s[3]));
    }
  }
}

static void slopes(int nodes, const double *lambda, double factor, double *slopes) {
  typedef double Four __attribute__((vector_size(32)));
  Four d[4];  // factor p spline(n, p) at power p - 1
  for (int n = 0; n < 4; ++n)
    d[n] = factor * Four{spline(n, 1), 2 * spline(n, 2), 3 * spline(n, 3), 0};
  for (int cell = 1; cell < nodes + 4; ++cell) {
    const double *l = lambda + cell - 4;
    *reinterpret_cast<Four *>(slopes + 4 * cell) =
        (l[0] * d[0] + l[1] * d[1]) + (l[2] * d[2] + l[3] * d[3]);
  }
}

// Taps W apart see the same vectors of `in`, one result further on: loads, which cross cache lines,
// are shared by B results. Two sums of each: one would wait for itself.
static void correlate(int n, const double *in, int taps, const double *c, double *out) {
  constexpr int B = 4;
  for (int k = 0; k < n; k += B * W) {
    Vec sum[2][B], x[B];
    for (int b = 0; b < B; ++b) {
      sum[0][b] = load(out + k + b * W);
      sum[1][b] = Vec{};
    }
    for (int shift = 0; shift < W && shift < taps; ++shift) {
      const double *next = in + k + shift;
      for (int b = 0; b < B; ++b, next += W) x[b] = load(next);
      for (int i = shift; i < taps;)
        for (int r = 0; r < B && i < taps; ++r, i += W, next += W) {
          for (int b = 0; b < B; ++b) sum[r % 2][b] += c[i] * x[(b + r) % B];
          if (i + W < taps) x[r] = load(next);
        }
    }
    for (int b = 0; b < B; ++b) store(out + k + b * W, sum[0][b] + sum[1][b]);
  }
}

const Kernels kernels = {deposit_any, pull_any, nodes, slopes, correlate};

}  // namespace nanochart::NANOCHART_ISA
