#include "core/kernels.hpp"
#include "core/simd.hpp"

namespace nanochart::NANOCHART_ISA {

// Adding this rounds a double to the nearest integer and leaves it in the low bits.
static constexpr double ROUND = 6755399441055744.0;  // 2^52 + 2^51

static const double LANE[8] = {0, 1, 2, 3, 4, 5, 6, 7};

// Constants of a pair loop, in registers.
struct Lattice {
  Vec scale, shift, lowest2, farthest2, round;
  Int round_bits;
  explicit Lattice(const Cells &c)
      : scale(splat(c.scale)), shift(splat(c.shift)), lowest2(splat(c.lowest2)),
        farthest2(load(c.farthest2)), round(splat(ROUND)), round_bits((Int)round) {}

  // Of distances r: t, and the offset of their cells in a table of four doubles a cell.
  Vec locate(Vec r, Int &offset) const {
    const Vec u = r * scale + shift, m = u + round;
    offset = ((Int)m - round_bits) << 2;
    return u - (m - round);
  }
};

// (1, t, t^2, t^3)
static inline Quad powers(double t, double t2) {
  return Quad{1, t, 1, t} * Quad{1, 1, t2, t2};
}

template <Visit visit>
static double deposit(const Points &p, Range rows, Range columns, const Cells &cells,
                      double *moments) {
  const Lattice lattice(cells);
  Vec smallest = splat(1e300);
  for (int i = rows.first; i < rows.last; ++i) {
    const Vec x = splat(p.x[i]), y = splat(p.y[i]), z = splat(p.z[i]);
    for (int j = visit == Visit::after ? i + 1 : columns.first; j < columns.last; j += W) {
      const Vec dx = load(p.x + j) - x, dy = load(p.y + j) - y, dz = load(p.z + j) - z;
      Vec r2 = dx * dx + dy * dy + dz * dz;
      if (visit == Visit::other) r2 = load(LANE) == splat(i - j) ? splat(1e300) : r2;
      if (!any_less(r2, lattice.farthest2)) continue;
      smallest = min(smallest, r2);
      Int offset;
      const Vec t = lattice.locate(sqrt(min(max(r2, lattice.lowest2), lattice.farthest2)), offset);
      alignas(64) double ts[W], t2s[W];
      alignas(64) long long at[W];
      *reinterpret_cast<Vec *>(ts) = t;
      *reinterpret_cast<Vec *>(t2s) = t * t;
      *reinterpret_cast<Int *>(at) = offset;
      for (int l = 0; l < W; ++l)
        *reinterpret_cast<Quad *>(moments + at[l]) += powers(ts[l], t2s[l]);
    }
  }
  double least = smallest[0];
  for (int l = 1; l < W; ++l) least = smallest[l] < least ? smallest[l] : least;
  return least;
}

template <Visit visit>
static void pull(const Points &p, Range rows, Range columns, const Cells &cells,
                 const double *slopes, double *const force[3]) {
  const Lattice lattice(cells);
  double *const fx = force[0], *const fy = force[1], *const fz = force[2];
  for (int i = rows.first; i < rows.last; ++i) {
    const Vec x = splat(p.x[i]), y = splat(p.y[i]), z = splat(p.z[i]);
    Vec sx{}, sy{}, sz{};
    for (int j = visit == Visit::after ? i + 1 : columns.first; j < columns.last; j += W) {
      const Vec dx = load(p.x + j) - x, dy = load(p.y + j) - y, dz = load(p.z + j) - z;
      Vec r2 = dx * dx + dy * dy + dz * dz;
      // The pair (i, i) needs no care here: its force is along a zero vector.
      if (!any_less(r2, lattice.farthest2)) continue;
      r2 = min(max(r2, lattice.lowest2), lattice.farthest2);
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
    fx[i] -= sum(sx);
    fy[i] -= sum(sy);
    fz[i] -= sum(sz);
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
                     const double *slopes, double *const force[3]) {
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
  for (int m = 0; m < nodes; ++m) {
    double s = 0;
    for (int n = 0; n < 4; ++n)
      for (int p = 0; p < 4; ++p) s += SPLINE[n][p] * moments[4 * (m + 4 - n) + p];
    rho[m] = s;
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
  int k = 0;
  for (; k + B * W <= n; k += B * W) {
    Vec s[B];
    for (int b = 0; b < B; ++b) s[b] = load(out + k + b * W);
    for (int i = 0; i < taps; ++i)
      for (int b = 0; b < B; ++b) s[b] += c[i] * load(in + k + i + b * W);
    for (int b = 0; b < B; ++b) store(out + k + b * W, s[b]);
  }
  for (; k < n; ++k)
    for (int i = 0; i < taps; ++i) out[k] += c[i] * in[k + i];
}

const Kernels kernels = {deposit_any, pull_any, nodes, slopes, correlate};

}  // namespace nanochart::NANOCHART_ISA
