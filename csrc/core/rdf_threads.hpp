#pragma once
#include <cmath>
#include <vector>

#include "core/rdf.hpp"
#include "core/spline.hpp"

// What each thread of csrc/core/rdf_cuda.cu does, in functions that a CPU can run too
// (rdf_threads.cpp), so that their index arithmetic is tested where there is no GPU.
namespace nanochart {

struct ThreadLattice {  // lattice.hpp says what these are
  int bins, species, channels, refine, reach, nodes;
  double scale, shift, lowest2, farthest2;
};

// And taps c[0 .. 2 reach].
ThreadLattice thread_lattice(const RdfGrid &grid, int species, std::vector<double> &taps);

// What deposit_pair() makes of a weight of one: sums over all pairs of n atoms fit into 63 bits.
double deposit_unit(int n);

// All pairs i != j of n atoms once: p = 0 .. n(n-1)/2 - 1. Neighbouring p have neighbouring i and j,
// and no root is drawn: j is k atoms on from i, round the circle, k = 1 .. n/2.
NANOCHART_SHARED void pair_of(long long p, int n, int &i, int &j) {
  const long long k = p / n + 1;
  i = static_cast<int>(p % n);
  j = static_cast<int>((i + k) % n);
}

// Channel of the species a and b: 00, 01, .., 11, ..
NANOCHART_SHARED int channel_of(int a, int b, int species) {
  const int low = a < b ? a : b, high = a < b ? b : a;
  return low * species - low * (low - 1) / 2 + high - low;
}

struct Located {
  double d[3];      // x_j - x_i, in units of the cells' width
  double inverse;   // 1/r, too
  double t;
  int node;         // the first of four nodes; may lie outside 0 .. nodes-1
  bool coincident;  // or not finite
};

NANOCHART_SHARED Located locate(const ThreadLattice &l, const double *xi, const double *xj) {
  Located at;
  double r2 = 0;
  for (int a = 0; a < 3; ++a) {
    at.d[a] = (xj[a] - xi[a]) * l.scale;
    r2 += at.d[a] * at.d[a];
  }
  at.coincident = !(r2 >= 1e-12 * l.scale * l.scale);  // square angstrom
  r2 = r2 > l.lowest2 ? r2 : l.lowest2;
  r2 = r2 < l.farthest2 ? r2 : l.farthest2;
  const double r = sqrt(r2), u = cell_coordinate(r, l.shift);
  const int cell = static_cast<int>(rint(u));
  at.inverse = 1 / r;
  at.t = u - cell;
  at.node = cell - 4;
  return at;
}

// Weights of the four nodes as integers, whose sums do not depend on the order of the threads.
template <class Add>
NANOCHART_SHARED void deposit_pair(const ThreadLattice &l, const Located &at, double unit, Add add) {
  for (int n = 0; n < 4; ++n) {
    const int node = at.node + n;
    if (node < 0 || node >= l.nodes) continue;
    double weight = 0;
    for (int p = 3; p >= 0; --p) weight = weight * at.t + spline(n, p);
    add(node, static_cast<long long>(rint(weight * unit)));
  }
}

// sum_n c[n] rho[k refine + n], taps c[0 .. 2 reach].
NANOCHART_SHARED double convolve_at(const ThreadLattice &l, int k, const double *taps,
                                    const long long *rho) {
  double sum = 0;
  for (int n = 0; n <= 2 * l.reach; ++n) sum += taps[n] * static_cast<double>(rho[k * l.refine + n]);
  return sum;
}

// Its adjoint: lambda[m] = sum_k c[m - k refine] dv_dg[k].
NANOCHART_SHARED double lambda_at(const ThreadLattice &l, int m, const double *taps,
                                  const double *dv_dg) {
  const int behind = m - 2 * l.reach;
  const int first = behind > 0 ? (behind + l.refine - 1) / l.refine : 0;
  const int last = m / l.refine < l.bins - 1 ? m / l.refine : l.bins - 1;
  double sum = 0;
  for (int k = first; k <= last; ++k) sum += taps[m - k * l.refine] * dv_dg[k];
  return sum;
}

// dV/dr of a pair from lambda of its channel.
NANOCHART_SHARED double slope_of(const ThreadLattice &l, const Located &at, const double *lambda) {
  double slope = 0;
  for (int n = 0; n < 4; ++n) {
    const int node = at.node + n;
    if (node < 0 || node >= l.nodes) continue;
    slope += lambda[node] *
             ((3 * spline(n, 3) * at.t + 2 * spline(n, 2)) * at.t + spline(n, 1));
  }
  return slope * l.scale;
}

// The loops of rdf_cuda.cu one thread after the other: for tests. g[C][K]; dv_dg[C][K] -> dv_dx[N][3].
void value_by_threads(const RdfGrid &grid, int species, int n, const double *x, const int *of,
                      double *g);
void pullback_by_threads(const RdfGrid &grid, int species, int n, const double *x, const int *of,
                         const double *dv_dg, double *dv_dx);

}  // namespace nanochart
