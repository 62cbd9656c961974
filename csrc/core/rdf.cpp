#include "core/rdf.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "core/aligned.hpp"
#include "core/error.hpp"
#include "core/geometry.hpp"
#include "core/isa.hpp"
#include "core/lattice.hpp"
#include "core/sorted_atoms.hpp"

namespace nanochart {
namespace {

// Runs work(frame) for all frames on several threads; the first exception is rethrown.
template <class Work>
void share_out(int frames, int threads, const Work &work) {
  if (threads <= 0) threads = std::max(1u, std::thread::hardware_concurrency());
  threads = std::min(threads, frames);
  std::atomic<int> next{0};
  std::exception_ptr failure;
  std::mutex mutex;
  const auto loop = [&] {
    try {
      for (int frame; (frame = next++) < frames;) work(frame);
    } catch (...) {
      next = frames;
      const std::lock_guard<std::mutex> lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  std::vector<std::thread> pool;
  for (int t = 1; t < threads; ++t) pool.emplace_back(loop);
  loop();
  for (std::thread &thread : pool) thread.join();
  if (failure) std::rethrow_exception(failure);
}

constexpr int BEFORE = 3;  // steps of zeros: a cell touches four nodes
constexpr std::size_t KEPT_PAIRS = 1 << 17;  // more would be read more slowly than found again

}  // namespace

// O(N + K) memory and the kept pairs.
struct RdfPass::Scratch {
  SortedAtoms atoms;
  AlignedVector moments, rho, sum, slopes;  // rho, and lambda in its place, by phase (kernels.hpp)
  Range occupied;  // steps of the grid whose nodes touch a pair, or all of them before a value

  bool kept = false;
  AlignedVector t, inverse;
  std::vector<int, CacheAligned<int>> row;
  Pairs pairs() { return {t.data(), inverse.data(), row.data()}; }

  // Whether all pairs of the sorted atoms can be kept, whole vectors of each row and those inside a vector.
  void make_room(int n, Rows rows, int species) {
    const std::size_t most = std::size_t(rows.last - rows.first) * (n + 16 * species) + Kernels::INSIDE * species;
    kept = most <= KEPT_PAIRS && !atoms.wide();
    if (!kept || t.size() >= most) return;
    t.resize(most);
    inverse.resize(most);
    row.resize(most);
  }

  static Scratch &of_thread() {
    thread_local Scratch s;
    return s;
  }
};

struct Rdf::Impl {
  using Scratch = RdfPass::Scratch;
  RdfGrid grid;
  int species;
  Lattice lattice;
  const Kernels *kernels = &current_kernels();

  double pair_weight(int n) const { return 2.0 / (static_cast<double>(n) * (n - 1)); }

  void sort(Scratch &s, int n, const double *x, const int *of, Rows rows) const {
    s.atoms.sort(n, x, of, species, rows, lattice.cells.scale, lattice.farthest);
    s.kept = false;
    s.occupied = {0, lattice.nodes / lattice.refine + 1};
  }
  void value(Scratch &s, int n, const double *x, double *g) const;
  void pullback(Scratch &s, int n, const double *dv_dg, double *dv_dx, double *dv_dstrain) const;
  Range steps_of_pairs(const double *moments) const;
  void convolve(double weight, Range steps, Scratch &s, double *g) const;
  void convolve_back(double factor, Scratch &s, const double *dv_dg) const;
};

// Atoms keep apart and a cluster ends: a quarter of the nodes of a metal's grid touch no pair.
Range Rdf::Impl::steps_of_pairs(const double *moments) const {
  int first = 1, last = lattice.nodes + 4;
  const auto pairs = [moments](int cell) { return moments[4 * cell + 3]; };  // of which each adds at least 1
  const auto four = [&](int cell) { return pairs(cell) + pairs(cell + 1) + pairs(cell + 2) + pairs(cell + 3); };
  while (first + 4 < last && four(first) == 0) first += 4;
  while (first + 4 < last && four(last - 4) == 0) last -= 4;
  // Cell c touches nodes c - 4 to c - 1.
  return {std::max(0, first - 4) / lattice.refine, (last - 2) / lattice.refine + 1};
}

// moments -> g of one channel; no pair touches a node outside `steps`.
void Rdf::Impl::convolve(double weight, Range steps, Scratch &s, double *g) const {
  const int bins = grid.bins, stride = bins + lattice.width + Kernels::PAD;
  s.rho.resize(lattice.phases * stride);
  kernels->nodes(steps, lattice.refine, lattice.phases, s.moments.data(), s.rho.data(), stride);
  for (int p = 0; p < lattice.phases; ++p) {
    double *const rho = s.rho.data() + p * stride;
    std::fill(rho, rho + steps.first, 0.0);
    std::fill(rho + steps.last, rho + stride, 0.0);
  }
  s.sum.assign(bins + Kernels::PAD, 0.0);
  const int reached = std::max(0, steps.first - lattice.count(0) + 1);
  kernels->correlate(bins - reached, lattice.phases, s.rho.data() + reached, stride, lattice.width, lattice.taps.data(),
                    s.sum.data() + reached);
  for (int k = 0; k < bins; ++k) g[k] = weight * s.sum[k];
}

// dv_dg of one channel -> slopes of the occupied cells, the adjoint of the above.
void Rdf::Impl::convolve_back(double factor, Scratch &s, const double *dv_dg) const {
  const int f = lattice.refine, bins = grid.bins, first = s.occupied.first;
  const int most = lattice.count(0);  // no phase has more taps
  s.sum.assign(bins + most + lattice.width + Kernels::PAD, 0.0);  // dv_dg between zeros
  std::copy(dv_dg, dv_dg + bins, s.sum.begin() + most - 1);
  const int last = s.occupied.last + (2 + f) / f;  // three cells behind the last node touch it, and three before
  const int stride = BEFORE + last + Kernels::PAD;
  s.rho.resize(f * stride);
  for (int p = 0; p < f; ++p) {
    double *const lambda = s.rho.data() + p * stride + BEFORE;
    int end = first;
    if (p < lattice.phases) {
      const int count = lattice.count(p);
      end = std::min(bins + count - 1, s.occupied.last);
      kernels->correlate(end - first, 1, s.sum.data() + most - count + first, 0, lattice.width,
                        lattice.reversed.data() + p * lattice.width, lambda + first);
    }
    std::fill(lambda + first - BEFORE, lambda + first, 0.0);
    std::fill(lambda + end, lambda + last, 0.0);
  }
  s.slopes.resize(4 * (lattice.cells.count + 4 * f));
  kernels->slopes({first, last}, f, s.rho.data() + BEFORE, stride, factor, s.slopes.data());
  // The cells that nobody sees are without force.
  std::fill(s.slopes.begin(), s.slopes.begin() + 4, 0.0);
  std::fill(s.slopes.begin() + 4 * (lattice.nodes + 4), s.slopes.begin() + 4 * lattice.cells.count, 0.0);
}

Rdf::Rdf(const RdfGrid &grid, int species)
    : impl_(new Impl{grid, species, Lattice(grid)}) {
  if (species < 1)
    throw Error("Rdf: species is " + std::to_string(species) + ", must be >= 1");
}

Rdf::~Rdf() = default;
Rdf::Rdf(Rdf &&) noexcept = default;

const RdfGrid &Rdf::grid() const { return impl_->grid; }
int Rdf::channels() const { return impl_->species * (impl_->species + 1) / 2; }
void Rdf::set_pace(Pace pace) { impl_->kernels = &current_kernels(pace); }

void Rdf::Impl::value(Scratch &s, int n, const double *x, double *g) const {
  const double weight = pair_weight(n) * (s.atoms.partial() ? 0.5 : 1.0);
  Pairs pairs = s.pairs();
  s.occupied = {s.occupied.last, 0};
  for (int a = 0; a < species; ++a) {
    for (int b = a; b < species; ++b, g += grid.bins) {
      s.moments.assign(4 * (lattice.cells.count + 4 * lattice.refine), 0.0);
      const auto deposit = [&](Range r, Range c, Visit visit) {
        kernels->deposit(s.atoms.points(), r, c, visit, lattice.cells, s.moments.data(),
                        s.kept ? &pairs : nullptr);
      };
      s.atoms.for_pairs(a, b, std::cref(deposit));  // by reference: a copy would be allocated
      if (s.moments[4 * lattice.closest + 3] > 0) check_positions(n, x);
      const Range steps = steps_of_pairs(s.moments.data());
      convolve(weight, steps, s, g);
      s.occupied = {std::min(s.occupied.first, steps.first), std::max(s.occupied.last, steps.last)};
    }
  }
}

void Rdf::Impl::pullback(Scratch &s, int n, const double *dv_dg, double *dv_dx,
                         double *dv_dstrain) const {
  const double factor = pair_weight(n) * lattice.cells.scale;
  Pairs pairs = s.pairs();
  double *const *force = s.atoms.zero_force();
  for (int a = 0; a < species; ++a) {
    for (int b = a; b < species; ++b, dv_dg += grid.bins) {
      convolve_back(factor, s, dv_dg);
      const auto pull = [&](Range r, Range c, Visit visit) {
        kernels->pull(s.atoms.points(), r, c, visit, lattice.cells, s.slopes.data(), force,
                     s.kept ? &pairs : nullptr);
      };
      s.atoms.for_pairs(a, b, std::cref(pull));
    }
  }
  s.atoms.unsort(dv_dx, dv_dstrain);
}

void Rdf::value(int n, const double *x, const int *species, Rows rows, double *g) const {
  auto &scratch = RdfPass::Scratch::of_thread();
  impl_->sort(scratch, n, x, species, rows);
  impl_->value(scratch, n, x, g);
}

void Rdf::pullback(int n, const double *x, const int *species, Rows rows, const double *dv_dg,
                   double *dv_dx, double *dv_dstrain) const {
  auto &scratch = RdfPass::Scratch::of_thread();
  impl_->sort(scratch, n, x, species, rows);
  impl_->pullback(scratch, n, dv_dg, dv_dx, dv_dstrain);
}

RdfPass::RdfPass(const Rdf &rdf) : rdf_(rdf), scratch_(std::make_unique<Scratch>()) {}
RdfPass::~RdfPass() = default;

void RdfPass::value(int n, const double *x, const int *species, Rows rows, double *g) {
  n_ = n;
  rdf_.impl_->sort(*scratch_, n, x, species, rows);
  scratch_->make_room(n, rows, rdf_.impl_->species);
  rdf_.impl_->value(*scratch_, n, x, g);
}

void RdfPass::pullback(const double *dv_dg, double *dv_dx, double *dv_dstrain) {
  rdf_.impl_->pullback(*scratch_, n_, dv_dg, dv_dx, dv_dstrain);
}

void Rdf::value_batch(int frames, int n, const double *x, const int *species, double *g,
                      int threads) const {
  const std::size_t per_x = 3 * static_cast<std::size_t>(n);
  const std::size_t per_g = static_cast<std::size_t>(channels()) * impl_->grid.bins;
  share_out(frames, threads, [&](int frame) {
    value(n, x + frame * per_x, species, {0, n}, g + frame * per_g);
  });
}

void Rdf::pullback_batch(int frames, int n, const double *x, const int *species,
                         const double *dv_dg, double *dv_dx, int threads,
                         double *dv_dstrain) const {
  const std::size_t per_x = 3 * static_cast<std::size_t>(n);
  const std::size_t per_g = static_cast<std::size_t>(channels()) * impl_->grid.bins;
  share_out(frames, threads, [&](int frame) {
    pullback(n, x + frame * per_x, species, {0, n}, dv_dg + frame * per_g, dv_dx + frame * per_x,
             dv_dstrain ? dv_dstrain + frame * std::size_t{9} : nullptr);
  });
}

}  // namespace nanochart
