#include "core/kernels.hpp"
#include "core/simd.hpp"

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

  Vec clamp(Vec r2) const { return min(max(r2, lowest2), farthest2); }

  // Of distances r: t, and the offset of their cells in a table of four doubles a cell.
  Vec locate(Vec r, Int &offset) const {
    const Vec u = r * scale + shift, m = u + round;
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

// Cells and places of distances on their way into the moments. Located by the vector and deposited
// a whole buffer later, so that the scattered stores do not hold up the loads of positions.
struct Queue {
  static constexpr int SIZE = 256;
  alignas(64) double t[SIZE];
  alignas(64) long long offset[SIZE];
  int count = 0;

  void push(Vec t_new, Int offset_new, double *moments) {
    *reinterpret_cast<Vec *>(t + count) = t_new;
    *reinterpret_cast<Int *>(offset + count) = offset_new;
    count += W;
    if (count == SIZE) flush(moments);
  }

  void flush(double *moments) {
    for (int k = 0; k < count; k += W)
      for (int l = 0; l < W; ++l) add_powers(t + k + l, moments + offset[k + l]);
    count = 0;
  }
};

template <Visit visit>
static double deposit(const Points &p, Range rows, Range columns, const Cells &cells,
                      double *moments) {
  const Locator lattice(cells);
  Vec smallest = splat(FAR2);
  Queue queue;
  for (int i = rows.first; i < rows.last; ++i) {
    const Vec x = splat(p.x[i]), y = splat(p.y[i]), z = splat(p.z[i]);
    const int first = first_column<visit>(i, columns);
    for (int j = first; j < columns.last; j += W) {
      const Vec dx = load(p.x + j) - x, dy = load(p.y + j) - y, dz = load(p.z + j) - z;
      Vec r2 = dx * dx + dy * dy + dz * dz;
      if (visit == Visit::other || j == first) r2 = exclude<visit>(r2, i, j);
      smallest = min(smallest, r2);
      Int offset;
      const Vec t = lattice.locate(root(lattice.clamp(r2)), offset);
      queue.push(t, offset, moments);
    }
  }
  queue.flush(moments);
  double least = smallest[0];
  for (int l = 1; l < W; ++l) least = smallest[l] < least ? smallest[l] : least;
  return least;
}

template <Visit visit>
static void pull(const Points &p, Range rows, Range columns, const Cells &cells,
                 const double *slopes, double *const force[6]) {
  const Locator lattice(cells);
  double *const fx = force[0], *const fy = force[1], *const fz = force[2];
  for (int i = rows.first; i < rows.last; ++i) {
    const Vec x = splat(p.x[i]), y = splat(p.y[i]), z = splat(p.z[i]);
    Vec sx{}, sy{}, sz{};
    const int first = first_column<visit>(i, columns);
    for (int j = first; j < columns.last; j += W) {
      const Vec dx = load(p.x + j) - x, dy = load(p.y + j) - y, dz = load(p.z + j) - z;
      Vec r2 = dx * dx + dy * dy + dz * dz;
      // The pair (i, i) of `other` does no harm: its force is along a zero vector.
      if (visit == Visit::after && j == first) r2 = exclude<visit>(r2, i, j);
      r2 = lattice.clamp(r2);
      const Vec inverse = rsqrt(r2);
      Int offset;
      const Vec t = lattice.locate(r2 * inverse, offset);
      Vec a0, a1, a2;
      gather3(slopes, offset, a0, a1, a2);
      const Vec f = ((a2 * t + a1) * t + a0) * inverse;
      sx += f * dx;
      sy += f * dy;
      sz += f * dz;
      if (visit != Visit::other) {
        store(fx + j, load(fx + j) + f * dx);
        store(fy + j, load(fy + j) + f * dy);
        store(fz + j, load(fz + j) + f * dz);
      }
    }
    // Apart from the columns' forces, which the next row is about to load by the vector.
    force[3][i] -= sum(sx);
    force[4][i] -= sum(sy);
    force[5][i] -= sum(sz);
  }
}

static double deposit_any(const Points &p, Range rows, Range columns, Visit visit,
                          const Cells &cells, double *moments) {
  switch (visit) {
    case Visit::after: return deposit<Visit::after>(p, rows, columns, cells, moments);
    case Visit::all: return deposit<Visit::all>(p, rows, columns, cells, moments);
    default: return deposit<Visit::other>(p, rows, columns, cells, moments);
  }
}

static void pull_any(const Points &p, Range rows, Range columns, Visit visit, const Cells &cells,
                     const double *slopes, double *const force[6]) {
  switch (visit) {
    case Visit::after: return pull<Visit::after>(p, rows, columns, cells, slopes, force);
    case Visit::all: return pull<Visit::all>(p, rows, columns, cells, slopes, force);
    default: return pull<Visit::other>(p, rows, columns, cells, slopes, force);
  }
}

// Cubic B-spline of the four nodes around a cell, as polynomials of t about the cell's middle.
static constexpr double SPLINE[4][4] = {{1. / 48, -1. / 8, 1. / 4, -1. / 6},
                                        {23. / 48, -5. / 8, -1. / 4, 1. / 2},
                                        {23. / 48, 5. / 8, -1. / 4, -1. / 2},
                                        {1. / 48, 1. / 8, 1. / 4, 1. / 6}};

static void nodes(int nodes, const double *moments, double *rho) {
  constexpr int BLOCK = 64;
  alignas(64) double apart[4][BLOCK + 3];  // moments of the cells that touch the block, by power
  for (int first = 0; first < nodes; first += BLOCK) {
    const int count = nodes - first < BLOCK ? nodes - first : BLOCK;
    for (int cell = 0; cell < count + 3; ++cell)
      for (int p = 0; p < 4; ++p) apart[p][cell] = moments[4 * (first + 1 + cell) + p];
    for (int m = 0; m < count; ++m) {
      double s = 0;
      for (int n = 0; n < 4; ++n)
        for (int p = 0; p < 4; ++p) s += SPLINE[n][p] * apart[p][m + 3 - n];
      rho[first + m] = s;
    }
  }
}

static void slopes(int nodes, const double *lambda, double factor, double *slopes) {
  for (int cell = 1; cell < nodes + 4; ++cell) {
    double a[4] = {0, 0, 0, 0};
    for (int n = 0; n < 4; ++n)
      for (int p = 1; p < 4; ++p) a[p - 1] += p * SPLINE[n][p] * lambda[cell - 4 + n];
    for (int p = 0; p < 4; ++p) slopes[4 * cell + p] = factor * a[p];
  }
}

static void correlate(int n, const double *in, int taps, const double *c, double *out) {
  constexpr int B = 4;  // vectors of results held in registers
  for (int k = 0; k < n; k += B * W) {
    Vec s[B];
    for (int b = 0; b < B; ++b) s[b] = load(out + k + b * W);
    for (int i = 0; i < taps; ++i)
      for (int b = 0; b < B; ++b) s[b] += c[i] * load(in + k + i + b * W);
    for (int b = 0; b < B; ++b) store(out + k + b * W, s[b]);
  }
}

const Kernels kernels = {deposit_any, pull_any, nodes, slopes, correlate};

}  // namespace nanochart::NANOCHART_ISA
