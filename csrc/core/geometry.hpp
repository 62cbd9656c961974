#pragma once
#include <vector>

namespace nanochart {

// Periodic cell: rows are the cell vectors in angstrom, orthogonal or triclinic.
struct Cell {
  double vectors[3][3];
  bool periodic[3];
};

// out[N][3]: positions x[N][3] (angstrom) of one compact cluster, moved by whole cell vectors so that every
// difference x_j - x_i is the minimum image; the first atom stays. Along each periodic axis the
// cluster is cut at the largest gap between its sorted fractional coordinates.
// Throws Error when, along a periodic axis, box length minus that gap is not below half the box.
void unwrap(int n, const double *x, const Cell &cell, std::vector<double> &out);

// Throws Error for a coordinate that is not finite or beyond 1e9 A, naming the atom.
void check_finite(int n, const double *x);

// Throws Error for a NaN or infinite coordinate (naming the atom), or two atoms at one place.
void check_positions(int n, const double *x);

}  // namespace nanochart
