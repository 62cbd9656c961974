#include "core/sorted_atoms.hpp"

#include <string>

#include "core/error.hpp"
#include "core/geometry.hpp"

namespace nanochart {
namespace {

constexpr double FAR = 1e100;
constexpr int LANES = 8;

}  // namespace

void SortedAtoms::sort(int n, const double *x, const int *species, int species_count, Rows rows) {
  if (n < 2)
    throw Error("rdf: the number of atoms is " + std::to_string(n) + ", must be >= 2");
  if (rows.first < 0 || rows.last > n || rows.first > rows.last)
    throw Error("rdf: rows are " + std::to_string(rows.first) + " to " + std::to_string(rows.last) +
                ", must be a part of 0 to " + std::to_string(n));
  check_finite(n, x);
  own_ = rows;
  partial_ = rows.last - rows.first < n;

  // Counting sort by (species, own or not), each block padded to whole vectors and one beyond.
  std::vector<int> &next = counts_;
  next.assign(2 * species_count, 0);
  const auto key = [&](int i) {
    return 2 * (species ? species[i] : 0) + (i >= rows.first && i < rows.last ? 0 : 1);
  };
  for (int i = 0; i < n; ++i) {
    if (species && (species[i] < 0 || species[i] >= species_count))
      throw Error("rdf: species of atom " + std::to_string(i + 1) + " is " +
                  std::to_string(species[i]) + ", must be 0 to " + std::to_string(species_count - 1));
    ++next[key(i)];
  }
  blocks_.resize(species_count);
  rows_.resize(species_count);
  int end = 0;
  for (int s = 0; s < species_count; ++s) {
    const int own = next[2 * s], others = next[2 * s + 1];
    rows_[s] = {end, end + own};
    blocks_[s] = {end, end + own + others};
    next[2 * s] = end;
    next[2 * s + 1] = end + own;
    end = (end + own + others + LANES - 1) / LANES * LANES + LANES;
  }
  x_.assign(end, FAR);
  y_.assign(end, FAR);
  z_.assign(end, FAR);
  place_.resize(n);
  for (int i = 0; i < n; ++i) {
    const int to = place_[i] = next[key(i)]++;
    x_[to] = x[3 * i];
    y_[to] = x[3 * i + 1];
    z_[to] = x[3 * i + 2];
  }
  AlignedVector *const force[3] = {&fx_, &fy_, &fz_};
  for (int a = 0; a < 3; ++a) {
    force[a]->assign(end, 0.0);
    force_[a] = force[a]->data();
  }
}

void SortedAtoms::unsort(double *dv_dx) const {
  for (int i = own_.first; i < own_.last; ++i, dv_dx += 3)
    for (int a = 0; a < 3; ++a) dv_dx[a] = force_[a][place_[i]];
}

}  // namespace nanochart
