#include "core/geometry.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <string>

#include "core/error.hpp"

namespace nanochart {
namespace {

constexpr double COINCIDENT = 1e-6;  // angstrom
constexpr double LARGEST = 1e9;      // angstrom; beyond it differences lose all meaning
constexpr double ROUND = 6755399441055744.0;  // 2^52 + 2^51: a sum with it is rounded to an integer

std::string number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

struct Vector {
  double v[3];
};

Vector cross(const double *a, const double *b) {
  return {{a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]}};
}

double dot(const double *a, const double *b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

// 1 less the largest gap between fractional coordinates, cell after cell.
double extent_without_gap(std::vector<double> fraction) {
  for (double &f : fraction) f -= std::floor(f);
  std::sort(fraction.begin(), fraction.end());
  double gap = fraction.front() + 1 - fraction.back();
  for (std::size_t i = 1; i < fraction.size(); ++i)
    gap = std::max(gap, fraction[i] - fraction[i - 1]);
  return 1 - gap;
}

}  // namespace

Extent extent(int n, const double *x) {
  // Two atoms at once, whose minima do not wait for each other.
  double low[6], high[6];
  for (int a = 0; a < 6; ++a) low[a] = high[a] = x[a % 3];
  for (int i = 0; i + 1 < n; i += 2)
    for (int a = 0; a < 6; ++a) {
      low[a] = std::min(low[a], x[3 * i + a]);
      high[a] = std::max(high[a], x[3 * i + a]);
    }
  Extent e;
  for (int a = 0; a < 3; ++a) {
    const double last = x[3 * (n - 1) + a];
    e.low[a] = std::min(std::min(low[a], low[a + 3]), last);
    e.high[a] = std::max(std::max(high[a], high[a + 3]), last);
  }
  return e;
}

void check_finite(int n, const double *x) {
  // By their bits, which grow as magnitudes do, with NaN behind infinity: integers are compared by the vector.
  const auto bits = [](double value) {
    std::int64_t b;
    std::memcpy(&b, &value, sizeof b);
    return b & INT64_MAX;
  };
  const std::int64_t largest = bits(LARGEST) - 1;
  std::int64_t beyond = 0;
  for (int i = 0; i < 3 * n; ++i) beyond |= largest - bits(x[i]);
  for (int i = 0; beyond < 0 && i < 3 * n; ++i)
    if (!(std::fabs(x[i]) < LARGEST))
      throw Error(std::string("position: ") + "xyz"[i % 3] + " of atom " + std::to_string(i / 3 + 1) +
                  " is " + number(x[i]) + ", must be finite and below 1e9 A: the atom is lost or " +
                  "the run has blown up");
}

void check_positions(int n, const double *x) {
  check_finite(n, x);
  std::vector<int> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [x](int i, int j) { return x[3 * i] < x[3 * j]; });
  for (int a = 0; a < n; ++a) {
    for (int b = a + 1; b < n; ++b) {
      const double *p = x + 3 * order[a], *q = x + 3 * order[b];
      const double d[3] = {q[0] - p[0], q[1] - p[1], q[2] - p[2]};
      if (d[0] >= COINCIDENT) break;
      if (dot(d, d) < COINCIDENT * COINCIDENT)
        throw Error("position: atoms " + std::to_string(std::min(order[a], order[b]) + 1) + " and " +
                    std::to_string(std::max(order[a], order[b]) + 1) + " are " +
                    number(std::sqrt(dot(d, d))) +
                    " A apart, must be > 1e-6 A: two atoms are at one place");
    }
  }
}

const double *unwrap(int n, const double *x, const Cell &cell, std::vector<double> &out) {
  check_finite(n, x);
  if (n == 0) return x;
  const double(&v)[3][3] = cell.vectors;
  const Vector normal[3] = {cross(v[1], v[2]), cross(v[2], v[0]), cross(v[0], v[1])};
  const double volume = dot(v[0], normal[0].v);
  const Extent e = extent(n, x);
  bool moved = false;
  for (int axis = 0; axis < 3; ++axis) {
    if (!cell.periodic[axis]) continue;
    if (!(std::fabs(volume) > 0) || !std::isfinite(volume))
      throw Error("cell: its three vectors span a volume of " + number(volume) +
                  " A^3, must be > 0 where a direction is periodic");
    // Most often no atom is in another image: their fractional coordinates differ by less than a half.
    double widest = 0;
    for (int k = 0; k < 3; ++k) widest += std::fabs(normal[axis].v[k] / volume) * e.along(k);
    if (widest < 0.5) continue;
    if (!moved) out.assign(x, x + 3 * n);
    moved = true;
    const auto fraction = [&](int i) { return dot(x + 3 * i, normal[axis].v) / volume; };
    // A cluster narrower than half the cell has every atom in the image nearest to the first; if
    // those images are as narrow, the rest of the cell is the largest gap.
    const double first = fraction(0);
    double low = 0, high = 0;
    for (int i = 0; i < n; ++i) {
      const double apart = fraction(i) - first, whole = apart + ROUND - ROUND;
      low = std::min(low, apart - whole);
      high = std::max(high, apart - whole);
      if (whole != 0)
        for (int k = 0; k < 3; ++k) out[3 * i + k] -= whole * v[axis][k];
    }
    if (!(high - low < 0.5)) {
      std::vector<double> fractions(n);
      for (int i = 0; i < n; ++i) fractions[i] = fraction(i);
      const double extent = extent_without_gap(fractions);
      // Lengths along the axis' normal: the distance between opposite faces of the cell.
      const double length = std::fabs(volume) / std::sqrt(dot(normal[axis].v, normal[axis].v));
      throw Error("cluster is " + number(extent * length) + " A wide along " + "xyz"[axis] +
                  ", must be < half of the box (" + number(length) + " A): enlarge the box to more than " +
                  number(2 * extent * length) + " A, or take a group that is one cluster");
    }
  }
  return moved ? out.data() : x;
}

}  // namespace nanochart
