#pragma once
#include <vector>

#include "core/kernels.hpp"
#include "core/rdf.hpp"

namespace nanochart {

// How g is computed on a grid: every distance is deposited with a cubic B-spline B on nodes h apart,
// the grid's step over an integer `refine` such that w/h >= 10, and then
//   g_k = sum_{n=0..2 reach} c[n] rho[k refine + n],   sum_n c[n] B(x/h - n) = Gaussian(x) + error,
// |error| < 5e-7 of its peak: the spectrum of c is that of the Gaussian over that of B below the
// Nyquist frequency (M. Unser, IEEE Signal Process. Mag. 16(6), 22, 1999, doi:10.1109/79.799930).
// g is twice continuously differentiable in r everywhere, because B is and because the lattice
// covers every node that c reads.
struct Lattice {
  explicit Lattice(const RdfGrid &grid);

  int refine, reach;
  int nodes;                           // refine (K - 1) + 2 reach + 1
  double h;
  double farthest;                     // in units of h: no longer distance reaches a node
  int closest;                         // the cell where two atoms at one place are found
  Cells cells;
  // [phases][width]: c[p + refine i], i < count(p), and the same backwards; then zeros. A phase is an
  // offset p < refine at which there are taps: on a grid much coarser than the bandwidth not every one.
  int phases, width;
  std::vector<double> taps, reversed;
  int count(int p) const { return (2 * reach - p) / refine + 1; }
};

}  // namespace nanochart
