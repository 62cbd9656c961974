#pragma once
#include <vector>

namespace nanochart {

// Periodic cell: rows are the cell vectors in angstrom, orthogonal or triclinic.
struct Cell {
  double vectors[3][3];
  bool periodic[3];
};

// Along x, y and z, of N >= 1 positions x[N][3]; NaN is passed over.
struct Extent {
  double low[3], high[3];
  double along(int axis) const { return high[axis] - low[axis]; }
};
Extent extent(int n, const double *x);

// Positions x[N][3] (angstrom) of one compact cluster, moved by whole cell vectors so that every difference
// x_j - x_i is the minimum image; the first atom stays. Along each periodic axis the cluster is cut at the
// largest gap between its sorted fractional coordinates. Returns x itself where its extent shows that no atom
// has to move, else out[N][3].
// Throws Error when, along a periodic axis, box length minus that gap is not below half the box.
const double *unwrap(int n, const double *x, const Cell &cell, std::vector<double> &out);

// Throws Error for a coordinate that is not finite or beyond 1e9 A, naming the atom.
void check_finite(int n, const double *x);

// Throws Error for a NaN or infinite coordinate (naming the atom), or two atoms at one place.
void check_positions(int n, const double *x);

}  // namespace nanochart
