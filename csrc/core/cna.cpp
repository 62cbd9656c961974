#include "core/cna.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <mutex>
#include <numeric>
#include <string>
#include <thread>

#include "core/error.hpp"
#include "core/geometry.hpp"

namespace nanochart {
namespace {

using Word = std::uint64_t;
constexpr int WORD = 64;

// Twin planes of a decahedron are 36 degrees apart, of fcc 70.5: half the smaller separates them.
const double SAME_PLANE = std::cos(18 * M_PI / 180);

int count(Word word) { return __builtin_popcountll(word); }
int lowest(Word word) { return __builtin_ctzll(word); }

// Calls f(j) for every set bit j >= first of a row of words.
template <class F>
void for_each_bit(const Word *row, int words, int first, F f) {
  for (int w = first / WORD; w < words; ++w) {
    Word word = row[w];
    if (w == first / WORD) word &= ~Word(0) << first % WORD;
    for (; word; word &= word - 1) f(w * WORD + lowest(word));
  }
}

struct Vector {
  double v[3];
};

// Unit normal of the plane of some bonds: the largest of their cross products.
Vector normal(const std::vector<Vector> &bonds) {
  Vector best{};
  double largest = 0;
  for (std::size_t k = 0; k < bonds.size(); ++k)
    for (std::size_t l = k + 1; l < bonds.size(); ++l) {
      const double *a = bonds[k].v, *b = bonds[l].v;
      const double c[3] = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2],
                           a[0] * b[1] - a[1] * b[0]};
      const double length = std::sqrt(c[0] * c[0] + c[1] * c[1] + c[2] * c[2]);
      if (length <= largest) continue;
      largest = length;
      best = {{c[0] / length, c[1] / length, c[2] / length}};
    }
  return best;
}

// The analysis of one cluster; memory is kept from one cluster to the next.
class Analysis {
 public:
  Analysis(int n, double cutoff) : n_(n), words_((n + WORD - 1) / WORD), cutoff_(cutoff) {}

  const std::vector<CnaBond> &bonds(const double *x) {
    check_positions(n_, x);
    find_neighbours(x);
    bonds_.clear();
    for (int i = 0; i < n_; ++i)
      for_each_bit(row(i), words_, i + 1, [&](int j) { bonds_.push_back(signature(i, j)); });
    return bonds_;
  }

  CnaSummary summary(const double *x, CnaClass *classes) {
    bonds(x);
    classify(classes);
    CnaSummary s{};
    for (int i = 0; i < n_; ++i) {
      s.interior += atoms_[i].total >= 12;
      s.fcc += classes[i] == CnaClass::fcc;
      s.hcp += classes[i] == CnaClass::hcp;
      s.fivefold += classes[i] == CnaClass::fivefold;
      s.icosahedral += classes[i] == CnaClass::icosahedral;
      s.perfect += atoms_[i].n555 == 12 && atoms_[i].total == 12;
    }
    s.axes = s.fivefold ? axes(classes, s.fivefold) : 0;
    s.hcp_parallel = s.hcp ? hcp_parallel(x, classes) : 0;
    return s;
  }

 private:
  struct Atom {
    int total, n421, n422, n555;
  };

  const int n_, words_;
  const double cutoff_;
  std::vector<Word> rows_;    // [N][words]: bit j of row i is set when i and j are bonded
  std::vector<int> common_;   // common neighbours of the bond at hand
  std::vector<CnaBond> bonds_;
  std::vector<Atom> atoms_;
  std::vector<int> parent_;

  const Word *row(int i) const { return rows_.data() + std::size_t(i) * words_; }
  bool bonded(int i, int j) const { return row(i)[j / WORD] >> j % WORD & 1; }

  void find_neighbours(const double *x) {
    rows_.assign(std::size_t(n_) * words_, 0);
    const double square = cutoff_ * cutoff_;
    for (int i = 0; i < n_; ++i) {
      const double *p = x + 3 * i;
      for (int j = i + 1; j < n_; ++j) {
        const double *q = x + 3 * j;
        const double a = q[0] - p[0], b = q[1] - p[1], c = q[2] - p[2];
        if (a * a + b * b + c * c >= square) continue;
        rows_[std::size_t(i) * words_ + j / WORD] |= Word(1) << j % WORD;
        rows_[std::size_t(j) * words_ + i / WORD] |= Word(1) << i % WORD;
      }
    }
  }

  CnaBond signature(int i, int j) {
    common_.clear();
    const Word *a = row(i), *b = row(j);
    for (int w = 0; w < words_; ++w)
      for (Word word = a[w] & b[w]; word; word &= word - 1)
        common_.push_back(w * WORD + lowest(word));
    const int m = static_cast<int>(common_.size());
    if (m > WORD)
      throw Error("cna: cutoff " + std::to_string(cutoff_) + " A gives atoms " +
                  std::to_string(i + 1) + " and " + std::to_string(j + 1) + " " +
                  std::to_string(m) + " common neighbours, must be <= 64: take a cutoff between "
                  "the first and the second shell of neighbours");
    Word bonded_to[WORD] = {};  // among the common neighbours
    int bonds = 0;
    for (int k = 0; k < m; ++k)
      for (int l = k + 1; l < m; ++l)
        if (bonded(common_[k], common_[l])) {
          bonded_to[k] |= Word(1) << l;
          bonded_to[l] |= Word(1) << k;
          ++bonds;
        }
    return {i, j, m, bonds, largest_piece(bonded_to, m)};
  }

  // Number of bonds in the largest connected piece of a graph on m <= 64 vertices.
  static int largest_piece(const Word *bonded_to, int m) {
    int largest = 0;
    Word seen = 0;
    for (int k = 0; k < m; ++k) {
      if (seen >> k & 1) continue;
      int ends = 0;
      for (Word front = Word(1) << k; front;) {
        const int v = lowest(front);
        seen |= Word(1) << v;
        ends += count(bonded_to[v]);
        front = (front | bonded_to[v]) & ~seen;
      }
      largest = std::max(largest, ends / 2);
    }
    return largest;
  }

  static bool is(const CnaBond &bond, int neighbours, int bonds, int chain) {
    return bond.neighbours == neighbours && bond.bonds == bonds && bond.chain == chain;
  }

  void classify(CnaClass *classes) {
    atoms_.assign(n_, Atom{});
    for (const CnaBond &bond : bonds_)
      for (int i : {bond.i, bond.j}) {
        ++atoms_[i].total;
        atoms_[i].n421 += is(bond, 4, 2, 1);
        atoms_[i].n422 += is(bond, 4, 2, 2);
        atoms_[i].n555 += is(bond, 5, 5, 5);
      }
    for (int i = 0; i < n_; ++i) {
      const Atom &atom = atoms_[i];
      classes[i] = CnaClass::other;
      if (atom.n555 >= 6)
        classes[i] = CnaClass::icosahedral;
      else if (atom.total != 12)
        continue;
      else if (atom.n421 == 12)
        classes[i] = CnaClass::fcc;
      else if (atom.n421 == 6 && atom.n422 == 6)
        classes[i] = CnaClass::hcp;
      else if (atom.n555 == 2 && atom.n422 == 10)
        classes[i] = CnaClass::fivefold;
    }
  }

  int root(int i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }

  int axes(const CnaClass *classes, int fivefold) {
    parent_.resize(n_);
    std::iota(parent_.begin(), parent_.end(), 0);
    int rows = fivefold;
    for (const CnaBond &bond : bonds_) {
      if (!is(bond, 5, 5, 5) || classes[bond.i] != CnaClass::fivefold ||
          classes[bond.j] != CnaClass::fivefold || root(bond.i) == root(bond.j))
        continue;
      parent_[root(bond.i)] = root(bond.j);
      --rows;
    }
    return rows;
  }

  // The six 422 bonds of an hcp atom lie in its close-packed plane.
  int hcp_parallel(const double *x, const CnaClass *classes) const {
    std::vector<std::vector<Vector>> in_plane(n_);
    for (const CnaBond &bond : bonds_) {
      if (!is(bond, 4, 2, 2)) continue;
      const double *p = x + 3 * bond.i, *q = x + 3 * bond.j;
      const Vector r{{q[0] - p[0], q[1] - p[1], q[2] - p[2]}};
      for (int i : {bond.i, bond.j})
        if (classes[i] == CnaClass::hcp) in_plane[i].push_back(r);
    }
    std::vector<Vector> normals;
    for (const auto &bonds : in_plane)
      if (!bonds.empty()) normals.push_back(normal(bonds));
    int most = 0;
    for (const Vector &a : normals) {
      int parallel = 0;
      for (const Vector &b : normals)
        parallel +=
            std::fabs(a.v[0] * b.v[0] + a.v[1] * b.v[1] + a.v[2] * b.v[2]) > SAME_PLANE;
      most = std::max(most, parallel);
    }
    return most;
  }
};

void check_cutoff(double cutoff) {
  if (!(cutoff > 0) || !std::isfinite(cutoff))
    throw Error("cna: cutoff is " + std::to_string(cutoff) + " A, must be a finite number > 0");
}

}  // namespace

std::vector<CnaBond> cna_bonds(int n, const double *x, double cutoff) {
  check_cutoff(cutoff);
  return Analysis(n, cutoff).bonds(x);
}

void cna_batch(int frames, int n, const double *x, double cutoff, CnaSummary *summary,
               CnaClass *classes, int threads) {
  check_cutoff(cutoff);
  if (threads <= 0) threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  threads = std::max(1, std::min(threads, frames));

  std::atomic<int> next{0};
  std::mutex mutex;
  int failed = frames;  // the lowest frame that failed, whatever the threads' order
  std::string message;
  const auto work = [&] {
    Analysis analysis(n, cutoff);
    std::vector<CnaClass> scratch(n);
    for (int f; (f = next++) < frames;) {
      try {
        CnaClass *out = classes ? classes + std::size_t(f) * n : scratch.data();
        summary[f] = analysis.summary(x + std::size_t(f) * 3 * n, out);
      } catch (const std::exception &error) {
        const std::lock_guard<std::mutex> lock(mutex);
        if (f < failed) {
          failed = f;
          message = error.what();
        }
        next = frames;
      }
    }
  };
  std::vector<std::thread> pool;
  for (int t = 1; t < threads; ++t) pool.emplace_back(work);
  work();
  for (auto &thread : pool) thread.join();
  if (failed < frames) throw Error("frame " + std::to_string(failed) + ": " + message);
}

}  // namespace nanochart
