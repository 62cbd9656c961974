#include "core/lattice.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/error.hpp"

namespace nanochart {
namespace {

constexpr double PI = 3.14159265358979323846;
constexpr double NODES_PER_BANDWIDTH = 9.9;  // not 10: the papers' steps are a hair above a quarter of it
constexpr double REACH_IN_BANDWIDTHS = 5.9;  // exp(-5.9^2/2) = 2.8e-8; 24 or 48 taps on the papers' grids
constexpr double COINCIDENT = 1e-6;        // angstrom

void check(const RdfGrid &grid) {
  const auto fail = [](const char *what, double value, const char *rule) {
    throw Error(std::string("RdfGrid: ") + what + " is " + std::to_string(value) + ", must be " +
                rule);
  };
  if (!std::isfinite(grid.start)) fail("start", grid.start, "finite (angstrom)");
  if (!(grid.step > 0) || !std::isfinite(grid.step)) fail("step", grid.step, "> 0 (angstrom)");
  if (grid.bins < 1) fail("bins", grid.bins, ">= 1");
  if (!(grid.bandwidth > 0) || !std::isfinite(grid.bandwidth))
    fail("bandwidth", grid.bandwidth, "> 0 (angstrom)");
  const double end = grid.start + (grid.bins - 1) * grid.step;
  if (!(end >= 0)) fail("the last grid point", end, ">= 0: no distance is negative");
}

// c[n], n = 0..reach, of nodes h apart, for a Gaussian of standard deviation sigma nodes:
// the inverse transform of exp(-2 (pi sigma f)^2) / sinc(f)^4 / h.
std::vector<double> half_kernel(double sigma, int reach, double h) {
  // The trapezoidal rule is exact but for images 4*reach away; the spectrum ends below 2/sigma.
  const double df = 1.0 / (4 * reach);
  const int last = static_cast<int>(std::min(0.5, 2 / sigma) / df);
  std::vector<double> c(reach + 1, df / h);
  for (int k = 1; k <= last; ++k) {
    const double f = k * df, sinc = std::sin(PI * f) / (PI * f);
    const double weight = 2 * df / h * std::exp(-2 * std::pow(PI * sigma * f, 2)) / std::pow(sinc, 4);
    for (int n = 0; n <= reach; ++n) c[n] += weight * std::cos(2 * PI * f * n);
  }
  return c;
}

}  // namespace

Lattice::Lattice(const RdfGrid &grid) {
  check(grid);
  const double wanted = std::ceil(NODES_PER_BANDWIDTH * grid.step / grid.bandwidth);
  const double total = std::max(1.0, wanted) * (grid.bins + 2 * Kernels::PAD) +
                       2 * REACH_IN_BANDWIDTHS * std::max(NODES_PER_BANDWIDTH, grid.bandwidth / grid.step);
  if (!(total < 1e8))
    throw Error("RdfGrid: step " + std::to_string(grid.step) + " and bandwidth " +
                std::to_string(grid.bandwidth) + " with " + std::to_string(grid.bins) +
                " bins need " + std::to_string(total) +
                " nodes, must be < 1e8: take a step nearer to the bandwidth or fewer bins");
  refine = std::max(1, static_cast<int>(wanted));
  h = grid.step / refine;
  const double sigma = grid.bandwidth / h;
  reach = static_cast<int>(std::ceil(REACH_IN_BANDWIDTHS * sigma));
  nodes = refine * (grid.bins - 1) + 2 * reach + 1;

  const std::vector<double> half = half_kernel(sigma, reach, h);
  phases = std::min(refine, 2 * reach + 1);
  width = (count(0) + Kernels::TAPS - 1) / Kernels::TAPS * Kernels::TAPS;
  taps.resize(phases * width);
  reversed.resize(phases * width);
  for (int n = 0; n <= 2 * reach; ++n) {
    const int p = n % refine, i = n / refine;
    taps[p * width + i] = reversed[p * width + count(p) - 1 - i] = half[std::abs(n - reach)];
  }

  // Cell q between nodes q and q + 1 touches nodes q - 1 .. q + 2: q = -2 .. nodes, stored from 1.
  cells.count = nodes + 4 + 8;
  cells.scale = 1 / h;
  cells.shift = reach + 2.5 - grid.start / h;
  const double lowest = std::max(COINCIDENT / h, -cells.shift);
  cells.lowest2 = lowest * lowest;
  closest = static_cast<int>(std::lround(lowest + cells.shift));
  farthest = nodes + 4 - cells.shift;
  for (int lane = 0; lane < 8; ++lane) {
    const double r = farthest + lane;
    cells.farthest2[lane] = r * r;
  }
}

}  // namespace nanochart
