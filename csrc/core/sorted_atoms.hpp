#pragma once
#include <functional>
#include <vector>

#include "core/aligned.hpp"
#include "core/kernels.hpp"
#include "core/rdf.hpp"

namespace nanochart {

// Atoms as the pair loops want them: coordinates apart, one block per species (own rows first when
// a caller has a part of the rows), forces to be summed beside them. A cluster wider than the
// cutoff is ordered in space and cut into tiles, so that far pairs of tiles are never visited.
class SortedAtoms {
 public:
  // Coordinates times `scale`; the cutoff is one of those. species may be null. Throws Error for
  // fewer than two atoms, bad rows, species out of range, or coordinates that are not finite.
  void sort(int n, const double *x, const int *species, int species_count, Rows rows,
            double scale, double cutoff);

  bool partial() const { return partial_; }  // not all rows
  bool wide() const { return wide_; }        // in tiles
  Points points() const { return {at(0), at(1), at(2)}; }
  double *const *zero_force();
  // Forces of the rows, in the caller's order, and sum dV/dr r_a r_b / r unless null.
  void unsort(double *dv_dx, double *dv_dstrain) const;

  // Calls loop for blocks that together hold every pair of species a <= b once (partial: every
  // pair of an own row with another atom), but for pairs that are farther apart than the cutoff.
  using Loop = std::function<void(Range rows, Range columns, Visit visit)>;
  void for_pairs(int a, int b, const Loop &loop) const;

 private:
  struct Box {
    double low[3], high[3];
  };
  Box box(Range range) const;
  void order_in_space(int n, const double *x);
  void visit_tiles(Range rows, Range columns, bool same, const Loop &loop) const;
  const double *at(int array) const { return data_.data() + array * stride_; }

  bool partial_, wide_;
  double scale_, cutoff_;
  Rows own_;
  std::vector<Range> blocks_, rows_;
  std::vector<int> order_, place_, next_;  // place_: of each atom among the points
  AlignedVector data_;                     // x, y, z and force_, stride_ each
  std::size_t stride_;
  double *force_[6];
};

}  // namespace nanochart
