#pragma once
#include <memory>
#include <vector>

#include "core/pace.hpp"

namespace nanochart {

// Uniform grid of distances x_k = start + k*step, k = 0..bins-1, and Gaussian bandwidth; angstrom.
struct RdfGrid {
  double start, step;
  int bins;
  double bandwidth;
};

// Atoms i = first..last-1 that one caller accounts for. Sums of g, and of dV/dstrain, over a
// partition of 0..N are those of all pairs; all rows at once visit each pair once, a part of the
// rows visits its pairs with every other atom at weight 1/2.
struct Rows {
  int first, last;
};

// Gaussian-smoothed distribution of all interatomic distances r_ij = |x_j - x_i|:
//   g_c(x_k) = 2/(N(N-1)) sum_{i<j, pair c} exp(-(x_k - r_ij)^2/(2 w^2)) / (w sqrt(2 pi)),
// unit 1/angstrom, one channel c per unordered pair of species (a <= b, row by row: 00, 01, .., 11,
// ..), each divided by the total number of pairs. Positions are unwrapped (geometry.hpp).
// Throws Error for fewer than two atoms, species out of range, NaN, or two atoms at one place.
class Rdf {
 public:
  Rdf(const RdfGrid &grid, int species = 1);
  ~Rdf();
  Rdf(Rdf &&) noexcept;

  const RdfGrid &grid() const;
  int channels() const;

  // Often until told. Of its passes too, from their next value() on, which no pullback() may come before.
  void set_pace(Pace pace);

  // g[C][K], overwritten. species[N] in 0..S-1, or null when there is one species.
  void value(int n, const double *x, const int *species, Rows rows, double *g) const;

  // From dv_dg[C][K]: dv_dx[rows][3] and, unless null, dv_dstrain[3][3] = sum dV/dr r_a r_b / r;
  // both overwritten. The exact derivative of the g that value() computes.
  void pullback(int n, const double *x, const int *species, Rows rows, const double *dv_dg,
                double *dv_dx, double *dv_dstrain) const;

  // value() and then pullback() at the same frame cost less through an RdfPass.

  // frames of [N][3] each, shared out over threads (0: all cores): g[frames][C][K].
  void value_batch(int frames, int n, const double *x, const int *species, double *g,
                   int threads) const;
  // dv_dg[frames][C][K] -> dv_dx[frames][N][3] and, unless null, dv_dstrain[frames][3][3].
  void pullback_batch(int frames, int n, const double *x, const int *species, const double *dv_dg,
                      double *dv_dx, int threads, double *dv_dstrain = nullptr) const;

 private:
  friend class RdfPass;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A value and pull-backs at the same frame: the distances of up to 2^17 pairs are kept (3 MB).
class RdfPass {
 public:
  explicit RdfPass(const Rdf &rdf);  // which must live longer
  ~RdfPass();

  // As those of Rdf; the frame of pullback() is that of the last value().
  void value(int n, const double *x, const int *species, Rows rows, double *g);
  void pullback(const double *dv_dg, double *dv_dx, double *dv_dstrain);

 private:
  friend class Rdf;
  const Rdf &rdf_;
  int n_ = 0;
  struct Scratch;
  std::unique_ptr<Scratch> scratch_;
};

}  // namespace nanochart
