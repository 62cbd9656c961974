#pragma once
#include <cstdlib>
#include <new>
#include <vector>

#include "core/kernels.hpp"
#include "core/rdf.hpp"

namespace nanochart {

template <class T>
struct CacheAligned {
  using value_type = T;
  CacheAligned() = default;
  template <class U>
  CacheAligned(const CacheAligned<U> &) {}
  T *allocate(std::size_t n) {
    return static_cast<T *>(::operator new(n * sizeof(T), std::align_val_t(64)));
  }
  void deallocate(T *p, std::size_t) { ::operator delete(p, std::align_val_t(64)); }
  template <class U> bool operator==(const CacheAligned<U> &) const { return true; }
  template <class U> bool operator!=(const CacheAligned<U> &) const { return false; }
};
using AlignedVector = std::vector<double, CacheAligned<double>>;

// Atoms as the pair loops want them: coordinates apart, one block per species (own rows first when
// a caller has a part of the rows), forces to be summed beside them.
class SortedAtoms {
 public:
  // species may be null. Throws Error for fewer than two atoms, bad rows, species out of range, or
  // coordinates that are not finite.
  void sort(int n, const double *x, const int *species, int species_count, Rows rows);

  bool partial() const { return partial_; }             // not all rows
  Range block(int species) const { return blocks_[species]; }
  Range rows(int species) const { return rows_[species]; }
  Points points() const { return {x_.data(), y_.data(), z_.data()}; }
  double *const *force() { return force_; }             // zeros after sort()
  void unsort(double *dv_dx) const;                     // forces of the rows, in the caller's order

 private:
  bool partial_;
  Rows own_;
  std::vector<Range> blocks_, rows_;
  std::vector<int> place_, counts_;  // place: of each atom among the points
  AlignedVector x_, y_, z_, fx_, fy_, fz_;
  double *force_[3];
};

}  // namespace nanochart
