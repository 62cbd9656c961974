#include <cstddef>

#include "core/kernels.hpp"
#include "core/lattice_isa.hpp"
#include "core/simd.hpp"
#include "core/spline.hpp"

namespace nanochart::NANOCHART_ISA {

static constexpr double FAR = 1e99, FAR2 = 1e300;  // points that fill up blocks are farther than FAR
static const double LANE[8] = {0, 1, 2, 3, 4, 5, 6, 7};

// Constants of a pair loop, in registers.
struct Locator {
  Vec shift, lowest2, farthest2;
  explicit Locator(const Cells &c)
      : shift(splat(c.shift)), lowest2(splat(c.lowest2)), farthest2(load(c.farthest2)) {}

  // From r^2: 1/r, t and the cell's row of a table.
  void locate(Vec r2, double *t, double *inverse, int *row) const {
    r2 = min(max(r2, lowest2), farthest2);
    const Vec one_over_r = rsqrt(r2);
    *reinterpret_cast<Vec *>(inverse) = one_over_r;
    *reinterpret_cast<Vec *>(t) = split(cell_coordinate(r2 * one_over_r, shift), row);
  }
};

// `after` visits the pairs inside a vector of atoms apart, and its rows begin behind it.
template <Visit visit>
static inline int first_column(int i, Range columns) {
  if (visit != Visit::after) return columns.first;
  return columns.first + ((i - columns.first) / W + 1) * W;
}

constexpr int BLOCK = 256;  // pairs worked on at once, so that they stay in the first cache

struct Block {
  alignas(64) double r2[BLOCK], t[BLOCK], inverse[BLOCK];
  alignas(64) int row[BLOCK];
  Pairs pairs() { return {t, inverse, row}; }
};

static inline Pairs after(const Pairs &pairs, int count) {
  return {pairs.t + count, pairs.inverse + count, pairs.row + count};
}

// r^2 of row i and the columns from j on, as many as there is room for; returns the column after them.
template <Visit visit>
static inline int distances(const Points p, int i, int j, int last, int room, double *r2) {
  const Vec x = splat(p.x[i]), y = splat(p.y[i]), z = splat(p.z[i]);
  const int end = last - j < room ? last : j + room;
  for (; j < end; j += W, r2 += W) {
    const Vec dx = load(p.x + j) - x, dy = load(p.y + j) - y, dz = load(p.z + j) - z;
    Vec v = dx * dx + dy * dy + dz * dz;
    if (visit == Visit::other) v = load(LANE) == splat(i - j) ? splat(FAR2) : v;
    *reinterpret_cast<Vec *>(r2) = v;
  }
  return j;
}

// What is kept is written further on than any load has been: its lines are fetched before the stores wait for them.
constexpr int AHEAD = 64;

template <bool kept = false>
static inline void locate(const double *r2, int count, const Locator &lattice, const Pairs &to) {
  for (int k = 0; k < count; k += W) {
    if (kept) {
      __builtin_prefetch(to.t + k + AHEAD);
      __builtin_prefetch(to.inverse + k + AHEAD);
      __builtin_prefetch(to.row + k + AHEAD);
    }
    lattice.locate(*reinterpret_cast<const Vec *>(r2 + k), to.t + k, to.inverse + k, to.row + k);
  }
}

// The pairs inside a vector of atoms: lane l with the one 1 to HALF lanes on, around the end; HALF lanes on, which
// meets every pair twice, for the first half. INSIDE pairs with those that are left out.
constexpr int HALF = W / 2, INSIDE = HALF * W;
static_assert(INSIDE <= Kernels::INSIDE, "there is room for them");

// In a function of its own, without which the loops around it lose their registers.
__attribute__((noinline)) static void distances_inside(const Points &p, int i, double *r2) {
  const Vec x = load(p.x + i), y = load(p.y + i), z = load(p.z + i);
  const Vec nobody = splat(FAR2);
#pragma GCC unroll 4
  for (int by = 1; by <= HALF; ++by, r2 += W) {
    const Vec dx = rotated(x, by) - x, dy = rotated(y, by) - y, dz = rotated(z, by) - z;
    Vec v = x < splat(FAR) ? dx * dx + dy * dy + dz * dz : nobody;
    if (by == HALF) v = load(LANE) < splat(HALF) ? v : nobody;
    *reinterpret_cast<Vec *>(r2) = v;
  }
}

// Distances, cells and deposits of a block of pairs one after the other: the first two wait for
// nothing, and scattered stores do not hold up the loads of positions.
template <Visit visit>
static void deposit(const Points &p, Range rows, Range columns, const Cells &cells,
                    double *moments, Pairs *kept) {
  Block own;
  Pairs pairs = kept ? *kept : own.pairs();
  const Locator lattice(cells);
  int i = rows.first - 1, j = columns.last;  // distances are made up to this row and column
  const auto fill = [&] {
    for (int count = 0;;) {
      if (j < columns.last) {
        const int next = distances<visit>(p, i, j, columns.last, BLOCK - count, own.r2 + count);
        count += next - j;
        j = next;
        if (count == BLOCK) return count;
      } else {
        if (i + 1 == rows.last) return count;
        if (visit == Visit::after && (i + 1 - rows.first) % W == 0) {
          if (count + INSIDE > BLOCK) return count;
          distances_inside(p, i + 1, own.r2 + count);
          count += INSIDE;
        }
        j = first_column<visit>(++i, columns);
        if (count == BLOCK) return count;
      }
    }
  };
  while (const int count = fill()) {
    kept ? locate<true>(own.r2, count, lattice, pairs) : locate(own.r2, count, lattice, pairs);
    for (int k = 0; k < count; k += W)
      for (int lane = 0; lane < W; ++lane)
        add_cubes(pairs.t + k + lane, moments + pairs.row[k + lane]);
    if (kept) pairs = after(pairs, count);
  }
  if (kept) *kept = pairs;
}

// R rows from i on, which start at the same column: they share the columns' positions and forces.
template <Visit visit, int R>
static Pairs pull_rows(const Points p, int i, Range columns, const Locator &lattice,
                       const double *slopes, double *const force[6], const Pairs pairs, Block *own) {
  const int first = first_column<visit>(i, columns);
  const int length = first < columns.last ? (columns.last - first + W - 1) / W * W : 0;
  const int stride = own ? BLOCK / R : length;
  Vec x[R], y[R], z[R], sx[R], sy[R], sz[R];
  for (int r = 0; r < R; ++r) {
    x[r] = splat(p.x[i + r]), y[r] = splat(p.y[i + r]), z[r] = splat(p.z[i + r]);
    sx[r] = sy[r] = sz[r] = Vec{};
  }
  double *const fx = force[0], *const fy = force[1], *const fz = force[2];
  for (int j = first, next = columns.last; j < columns.last;) {
    if (own)
      for (int r = 0; r < R; ++r) {
        next = distances<visit>(p, i + r, j, columns.last, stride, own->r2);
        locate(own->r2, next - j, lattice, after(pairs, r * stride));
      }
    for (int k = 0; j < next; j += W, k += W) {
      const Vec px = load(p.x + j), py = load(p.y + j), pz = load(p.z + j);
      Vec tx{}, ty{}, tz{};
      if (visit != Visit::other) tx = load(fx + j), ty = load(fy + j), tz = load(fz + j);
      for (int r = 0; r < R; ++r) {
        const Vec dx = px - x[r], dy = py - y[r], dz = pz - z[r];
        const Vec t = load(pairs.t + r * stride + k);
        Vec a0, a1, a2;
        gather3(slopes, pairs.row + r * stride + k, a0, a1, a2);
        const Vec f = ((a2 * t + a1) * t + a0) * load(pairs.inverse + r * stride + k);
        sx[r] += f * dx, sy[r] += f * dy, sz[r] += f * dz;
        tx += f * dx, ty += f * dy, tz += f * dz;
      }
      if (visit != Visit::other) {
        store(fx + j, tx);
        store(fy + j, ty);
        store(fz + j, tz);
      }
    }
  }
  // Apart from the columns' forces, which the next row is about to load by the vector.
  for (int r = 0; r < R; ++r) {
    force[3][i + r] -= sum(sx[r]);
    force[4][i + r] -= sum(sy[r]);
    force[5][i + r] -= sum(sz[r]);
  }
  return own ? pairs : after(pairs, R * stride);
}

// The pairs inside the vector of atoms from i on, whose forces are turned back to their lanes.
static Pairs pull_inside(const Points &p, int i, const Locator &lattice, const double *slopes,
                         double *const force[6], const Pairs pairs, Block *own) {
  if (own) {
    distances_inside(p, i, own->r2);
    locate(own->r2, INSIDE, lattice, pairs);
  }
  const Vec x = load(p.x + i), y = load(p.y + i), z = load(p.z + i);
  Vec fx = load(force[0] + i), fy = load(force[1] + i), fz = load(force[2] + i);
#pragma GCC unroll 4
  for (int by = 1; by <= HALF; ++by) {
    const int k = (by - 1) * W;
    const Vec dx = rotated(x, by) - x, dy = rotated(y, by) - y, dz = rotated(z, by) - z;
    const Vec t = load(pairs.t + k);
    Vec a0, a1, a2;
    gather3(slopes, pairs.row + k, a0, a1, a2);
    const Vec f = ((a2 * t + a1) * t + a0) * load(pairs.inverse + k);
    fx += rotated(f * dx, W - by) - f * dx;
    fy += rotated(f * dy, W - by) - f * dy;
    fz += rotated(f * dz, W - by) - f * dz;
  }
  store(force[0] + i, fx);
  store(force[1] + i, fy);
  store(force[2] + i, fz);
  return own ? pairs : after(pairs, INSIDE);
}

template <Visit visit>
static void pull(const Points &p, Range rows, Range columns, const Cells &cells,
                 const double *slopes, double *const force[6], Pairs *kept) {
  const Locator lattice(cells);
  Block own;
  Pairs pairs = kept ? *kept : own.pairs();
  Block *const room = kept ? nullptr : &own;
  for (int i = rows.first; i < rows.last; i += 2) {
    if (visit == Visit::after && (i - rows.first) % W == 0)
      pairs = pull_inside(p, i, lattice, slopes, force, pairs, room);
    const auto rows_at = i + 1 < rows.last ? pull_rows<visit, 2> : pull_rows<visit, 1>;
    pairs = rows_at(p, i, columns, lattice, slopes, force, pairs, room);
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

const Kernels kernels = {deposit_any, pull_any, nodes, slopes, correlate};

}  // namespace nanochart::NANOCHART_ISA
