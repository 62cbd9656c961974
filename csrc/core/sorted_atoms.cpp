#include "core/sorted_atoms.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "core/error.hpp"
#include "core/geometry.hpp"

namespace nanochart {
namespace {

constexpr double FAR = 1e100;
constexpr int LANES = 8;
constexpr int TILE = 64;  // atoms; whole vectors

// Spreads the low ten bits of a to every third bit.
std::uint32_t every_third_bit(std::uint32_t a) {
  a = (a | a << 16) & 0x030000ff;
  a = (a | a << 8) & 0x0300f00f;
  a = (a | a << 4) & 0x030c30c3;
  return (a | a << 2) & 0x09249249;
}

double width(const Extent &e) { return std::max({e.along(0), e.along(1), e.along(2)}); }

}  // namespace

// Along a Morton curve through cells of 1/1024 of the cluster's extent.
void SortedAtoms::order_in_space(int n, const double *x) {
  const Extent e = extent(n, x);
  const double all = width(e);
  std::vector<std::pair<std::uint32_t, int>> codes(n);
  for (int i = 0; i < n; ++i) {
    std::uint32_t code = 0;
    for (int a = 0; a < 3; ++a) {
      const double cell = (x[3 * i + a] - e.low[a]) / all * 1023;
      code |= every_third_bit(static_cast<std::uint32_t>(cell)) << a;
    }
    codes[i] = {code, i};
  }
  std::sort(codes.begin(), codes.end());
  order_.resize(n);
  for (int i = 0; i < n; ++i) order_[i] = codes[i].second;
}

void SortedAtoms::sort(int n, const double *x, const int *species, int species_count, Rows rows,
                       double scale, double cutoff) {
  if (n < 2)
    throw Error("rdf: the number of atoms is " + std::to_string(n) + ", must be >= 2");
  if (rows.first < 0 || rows.last > n || rows.first > rows.last)
    throw Error("rdf: rows are " + std::to_string(rows.first) + " to " + std::to_string(rows.last) +
                ", must be a part of 0 to " + std::to_string(n));
  check_finite(n, x);
  own_ = rows;
  partial_ = rows.last - rows.first < n;
  scale_ = scale;
  cutoff_ = cutoff;
  wide_ = n > 2 * TILE && width(extent(n, x)) * scale > cutoff;
  if (wide_) order_in_space(n, x);

  // Counting sort by (species, own or not), each block padded to whole vectors and one beyond.
  next_.assign(2 * species_count, 0);
  const auto key = [species, rows](int i) {
    return 2 * (species ? species[i] : 0) + (i >= rows.first && i < rows.last ? 0 : 1);
  };
  int *const next = next_.data();
  const bool one_block = !species && !partial_;
  if (one_block) next[0] = n;
  for (int i = 0; i < n && !one_block; ++i) {
    if (species && (species[i] < 0 || species[i] >= species_count))
      throw Error("rdf: species of atom " + std::to_string(i + 1) + " is " +
                  std::to_string(species[i]) + ", must be 0 to " + std::to_string(species_count - 1));
    ++next[key(i)];
  }
  blocks_.resize(species_count);
  rows_.resize(species_count);
  int end = 0;
  for (int s = 0; s < species_count; ++s) {
    const int own = next[2 * s], all = own + next[2 * s + 1];
    rows_[s] = {end, end + own};
    blocks_[s] = {end, end + all};
    next[2 * s] = end;
    next[2 * s + 1] = end + own;
    end = (end + all + LANES - 1) / LANES * LANES + LANES;
  }
  stride_ = end;
  data_.resize(9 * stride_);
  place_.resize(n);
  for (int k = 0; k < n; ++k) {
    const int i = wide_ ? order_[k] : k;
    place_[i] = one_block ? k : next[key(i)]++;
  }
  const int *const place = place_.data();
  double *const px = data_.data(), *const py = px + stride_, *const pz = py + stride_;
  for (int i = 0; i < n; ++i) {
    px[place[i]] = x[3 * i] * scale;
    py[place[i]] = x[3 * i + 1] * scale;
    pz[place[i]] = x[3 * i + 2] * scale;
  }
  for (int s = 0; s < species_count; ++s) {
    const int last = blocks_[s].last, next_block = s + 1 < species_count ? blocks_[s + 1].first : end;
    for (double *p : {px, py, pz}) std::fill(p + last, p + next_block, FAR);
  }
}

double *const *SortedAtoms::zero_force() {
  std::fill(data_.begin() + 3 * stride_, data_.end(), 0.0);
  for (int f = 0; f < 6; ++f) force_[f] = data_.data() + (3 + f) * stride_;
  return force_;
}

void SortedAtoms::unsort(double *dv_dx, double *dv_dstrain) const {
  double strain[3][3] = {};  // sum_i x_ia dV/dx_ib about any origin, since forces sum to zero
  const double origin[3] = {at(0)[place_[0]], at(1)[place_[0]], at(2)[place_[0]]};
  for (int i = own_.first; i < own_.last; ++i, dv_dx += 3) {
    const int place = place_[i];
    for (int b = 0; b < 3; ++b) dv_dx[b] = force_[b][place] + force_[b + 3][place];
    if (!dv_dstrain) continue;
    for (int a = 0; a < 3; ++a)
      for (int b = 0; b < 3; ++b) strain[a][b] += (at(a)[place] - origin[a]) * dv_dx[b];
  }
  for (int a = 0; a < 3 && dv_dstrain; ++a)
    for (int b = 0; b < 3; ++b) dv_dstrain[3 * a + b] = strain[a][b] / scale_;
}

void SortedAtoms::for_pairs(int a, int b, const Loop &loop) const {
  const Range all_a = blocks_[a], all_b = blocks_[b];
  if (wide_) {
    visit_tiles(partial_ ? rows_[a] : all_a, all_b, a == b, loop);
    if (partial_ && a != b) visit_tiles(rows_[b], all_a, false, loop);
  } else if (partial_) {
    loop(rows_[a], all_b, Visit::other);
    if (a != b) loop(rows_[b], all_a, Visit::other);
  } else if (a != b) {
    loop(all_a, all_b, Visit::all);
  } else {
    // The atoms that do not fill a vector are rows, not columns: few rows then end in a part of one.
    const int whole = all_a.last - (all_a.last - all_a.first) % LANES;
    loop({all_a.first, whole}, {all_a.first, whole}, Visit::after);
    loop({whole, all_a.last}, {all_a.first, whole}, Visit::all);
    loop({whole, all_a.last}, {whole, all_a.last}, Visit::after);
  }
}

SortedAtoms::Box SortedAtoms::box(Range range) const {
  Box box;
  for (int a = 0; a < 3; ++a) {
    const auto [low, high] = std::minmax_element(at(a) + range.first, at(a) + range.last);
    box.low[a] = *low;
    box.high[a] = *high;
  }
  return box;
}

void SortedAtoms::visit_tiles(Range rows, Range columns, bool same, const Loop &loop) const {
  const auto tile = [](Range r, int first) { return Range{first, std::min(first + TILE, r.last)}; };
  std::vector<Box> boxes;
  for (int c = columns.first; c < columns.last; c += TILE) boxes.push_back(box(tile(columns, c)));
  const bool triangle = same && !partial_;  // then rows and columns are the same tiles
  for (int r = rows.first; r < rows.last; r += TILE) {
    const Box own = box(tile(rows, r));
    for (int c = triangle ? r : columns.first; c < columns.last; c += TILE) {
      const Box &other = boxes[(c - columns.first) / TILE];
      double gap2 = 0;
      for (int a = 0; a < 3; ++a) {
        const double gap =
            std::max({0.0, own.low[a] - other.high[a], other.low[a] - own.high[a]});
        gap2 += gap * gap;
      }
      if (gap2 > cutoff_ * cutoff_) continue;
      const Visit visit = partial_ ? Visit::other : triangle && r == c ? Visit::after : Visit::all;
      loop(tile(rows, r), tile(columns, c), visit);
    }
  }
}

}  // namespace nanochart
