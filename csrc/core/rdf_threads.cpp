#include "core/rdf_threads.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "core/lattice.hpp"

namespace nanochart {

ThreadLattice thread_lattice(const RdfGrid &grid, int species, std::vector<double> &taps) {
  const Lattice l(grid);
  taps.resize(2 * l.reach + 1);
  for (int n = 0; n <= 2 * l.reach; ++n) taps[n] = l.taps[n % l.refine * l.width + n / l.refine];
  return {grid.bins, species, species * (species + 1) / 2, l.refine, l.reach, l.nodes,
          l.cells.scale, l.cells.shift, l.cells.lowest2, l.cells.farthest2[0]};
}

double deposit_unit(int n) {
  const double pairs = 0.5 * n * (n - 1.0);
  return std::ldexp(1.0, 61 - std::ilogb(pairs));
}

void value_by_threads(const RdfGrid &grid, int species, int n, const double *x, const int *of,
                      double *g) {
  std::vector<double> taps;
  const ThreadLattice l = thread_lattice(grid, species, taps);
  std::vector<long long> rho(static_cast<std::size_t>(l.channels) * l.nodes, 0);
  const double unit = deposit_unit(n);
  for (long long p = 0; p < static_cast<long long>(n) * (n - 1) / 2; ++p) {
    int i, j;
    pair_of(p, n, i, j);
    const Located at = locate(l, x + 3 * i, x + 3 * j);
    if (at.coincident) throw Error("two atoms at one place");
    const int channel = of ? channel_of(of[i], of[j], species) : 0;
    deposit_pair(l, at, unit, [&](int node, long long weight) { rho[channel * l.nodes + node] += weight; });
  }
  const double weight = 2.0 / (static_cast<double>(n) * (n - 1)) / unit;
  for (int c = 0; c < l.channels; ++c)
    for (int k = 0; k < l.bins; ++k)
      g[c * l.bins + k] = weight * convolve_at(l, k, taps.data(), rho.data() + c * l.nodes);
}

void pullback_by_threads(const RdfGrid &grid, int species, int n, const double *x, const int *of,
                         const double *dv_dg, double *dv_dx) {
  std::vector<double> taps;
  const ThreadLattice l = thread_lattice(grid, species, taps);
  std::vector<double> lambda(static_cast<std::size_t>(l.channels) * l.nodes);
  const double weight = 2.0 / (static_cast<double>(n) * (n - 1));
  for (int c = 0; c < l.channels; ++c)
    for (int m = 0; m < l.nodes; ++m)
      lambda[c * l.nodes + m] = weight * lambda_at(l, m, taps.data(), dv_dg + c * l.bins);
  std::fill(dv_dx, dv_dx + 3 * n, 0.0);
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) {
      if (j == i) continue;
      const Located at = locate(l, x + 3 * i, x + 3 * j);
      const int channel = of ? channel_of(of[i], of[j], species) : 0;
      const double slope = slope_of(l, at, lambda.data() + channel * l.nodes) * at.inverse;
      for (int a = 0; a < 3; ++a) dv_dx[3 * i + a] -= slope * at.d[a];
    }
}

}  // namespace nanochart
