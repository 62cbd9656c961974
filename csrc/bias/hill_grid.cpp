#include "bias/hill_grid.hpp"

#include <algorithm>
#include <cmath>
#include <new>
#include <string>
#include <utility>

#include "bias/text.hpp"
#include "core/error.hpp"

namespace nanochart {
namespace {

// One axis of a hill: its factor and reduced slope at the nodes within the cutoff.
struct AxisProfile {
  int first = 0;
  std::vector<double> u{0}, gauss{1}, slope{0}, weight{1};

  AxisProfile() = default;  // of an absent axis: one node
  AxisProfile(const GridAxis &axis, double center, double sigma) {
    const double spacing = axis.spacing(), reach = kernel::radius * sigma;
    first = static_cast<int>(std::clamp(std::ceil((center - reach - axis.lo) / spacing), 0.,
                                        axis.bins + 1.));
    const int last = static_cast<int>(
        std::clamp(std::floor((center + reach - axis.lo) / spacing), -1., double(axis.bins)));
    const int count = std::max(0, last - first + 1);
    for (auto *values : {&u, &gauss, &slope, &weight}) values->resize(count);
    for (int k = 0; k < count; ++k) {
      const int node = first + k;
      const double x = (axis.lo + node * spacing - center) / sigma;
      u[k] = 0.5 * x * x;
      gauss[k] = std::exp(-u[k]);
      slope[k] = -x / sigma * spacing;
      weight[k] = node == 0 || node == axis.bins ? 0.5 : 1;
    }
  }
  int size() const { return static_cast<int>(u.size()); }
};

}  // namespace

void RunningIntegral::reset(double rate, double volume) {
  rate_ = rate;
  shift_ = 0;
  sum_ = volume;  // of V = 0
}

void RunningIntegral::change(double weight, double before, double after) {
  if (rate_ == 0) return;
  constexpr double headroom = 300;  // exp(300) times any number of nodes is far from overflow
  if (rate_ * after - shift_ > headroom) {
    sum_ *= std::exp(shift_ - rate_ * after);
    shift_ = rate_ * after;
  }
  sum_ += weight * (std::exp(rate_ * after - shift_) - std::exp(rate_ * before - shift_));
}

double HillGrid::bytes(const std::vector<GridAxis> &axes) {
  double bytes = sizeof(double);
  for (const GridAxis &axis : axes) bytes *= 2. * (axis.bins + 1.);
  return bytes;
}

HillGrid::HillGrid(std::vector<GridAxis> axes, std::vector<double> sigma)
    : axes_(std::move(axes)), sigma_(std::move(sigma)) {
  if (bytes(axes_) > memory_limit) {
    std::string size;
    for (const GridAxis &axis : axes_)
      size += (size.empty() ? "" : " x ") + std::to_string(axis.bins);
    throw Error("grid of " + size + " bins needs " + text(bytes(axes_) / 1e9) +
                " GB, must be at most " + text(memory_limit / 1e9) +
                " GB: take fewer bins (sigma/3 is fine enough) or a narrower range");
  }
  for (int i = dim(); i-- > 0;) {
    stride_[i] = nodes_;
    nodes_ *= axes_[i].bins + 1;
  }
  clear();
}

void HillGrid::clear() {
  // From calloc, since parts of a large grid that no hill touches then take no memory.
  data_.reset(static_cast<double *>(std::calloc(nodes_ << dim(), sizeof(double))));
  if (!data_)
    throw Error("grid: no memory for " + text(bytes(axes_) / 1e9) + " GB: take fewer bins");
  if (integrating_) integrate(rates_[0], rates_[1]);
}

void HillGrid::integrate(double rate0, double rate1) {
  integrating_ = true;
  rates_[0] = rate0;
  rates_[1] = rate1;
  double volume = 1;  // in cells
  for (const GridAxis &axis : axes_) volume *= axis.bins;
  for (int k = 0; k < 2; ++k) integrals_[k].reset(rates_[k], volume);
}

int HillGrid::outside(const double *s) const {
  for (int i = 0; i < dim(); ++i)
    if (!(s[i] >= axes_[i].lo && s[i] <= axes_[i].hi)) return i;
  return -1;
}

template <int D>
double HillGrid::interpolate(const double *s, double *dv_ds) const {
  // [axis][corner][0: of the value, 1: of the slope] and its derivative
  double basis[D][2][2], slope[D][2][2];
  std::size_t origin = 0;
  for (int i = 0; i < D; ++i) {
    const double x = (s[i] - axes_[i].lo) / axes_[i].spacing();
    const int cell = std::clamp(static_cast<int>(x), 0, axes_[i].bins - 1);
    const double t = x - cell, r = 1 - t;
    origin += cell * stride_[i];
    basis[i][0][0] = (1 + 2 * t) * r * r, slope[i][0][0] = -6 * t * r;
    basis[i][0][1] = t * r * r, slope[i][0][1] = r * (1 - 3 * t);
    basis[i][1][0] = t * t * (1 + 2 * r), slope[i][1][0] = 6 * t * r;
    basis[i][1][1] = -t * t * r, slope[i][1][1] = t * (3 * t - 2);
  }
  double v = 0, gradient[D] = {};
  for (int corner = 0; corner < 1 << D; ++corner) {
    std::size_t node = origin;
    for (int i = 0; i < D; ++i) node += (corner >> i & 1) * stride_[i];
    const double *c = &data_[node << D];
    for (int mask = 0; mask < 1 << D; ++mask) {
      double all = c[mask], but[D];  // c times the basis of every axis; of every axis but one
      std::fill_n(but, D, c[mask]);
      for (int i = 0; i < D; ++i) {
        const int a = corner >> i & 1, b = mask >> i & 1;
        all *= basis[i][a][b];
        for (int j = 0; j < D; ++j) but[j] *= i == j ? slope[i][a][b] : basis[i][a][b];
      }
      v += all;
      for (int i = 0; i < D; ++i) gradient[i] += but[i];
    }
  }
  for (int i = 0; i < D; ++i) dv_ds[i] = gradient[i] / axes_[i].spacing();
  return v;
}

double HillGrid::value(const double *s, double *dv_ds) const {
  return dim() == 1   ? interpolate<1>(s, dv_ds)
         : dim() == 2 ? interpolate<2>(s, dv_ds)
                      : interpolate<3>(s, dv_ds);
}

template <int D>
void HillGrid::deposit(const Hill &hill) {
  // Two outer axes (absent ones have one node) and the inner one, contiguous in memory.
  AxisProfile profile[max_biased];
  std::size_t stride[max_biased] = {0, 0, 1}, origin = 0;
  for (int i = 0; i < D; ++i) {
    const int slot = i == D - 1 ? 2 : i;
    profile[slot] = AxisProfile(axes_[i], hill.center[i], sigma_[i]);
    stride[slot] = stride_[i];
    origin += profile[slot].first * stride_[i];
  }
  const auto &[p, q, r] = profile;
  constexpr int half = 1 << (D - 1);  // numbers of a node without slope along the inner axis
  for (int i = 0; i < p.size(); ++i)
    for (int j = 0; j < q.size(); ++j) {
      const double u = p.u[i] + q.u[j];
      double outer[half] = {hill.height * kernel::A * p.gauss[i] * q.gauss[j]};
      if constexpr (D > 1) outer[1] = outer[0] * p.slope[i];
      if constexpr (D > 2) outer[2] = outer[0] * q.slope[j], outer[3] = outer[1] * q.slope[j];
      for (int k = 0; k < r.size(); ++k) {
        if (u + r.u[k] >= kernel::cutoff) continue;
        double *c = &data_[(origin + i * stride[0] + j * stride[1] + k) << D];
        const double before = c[0], gauss = r.gauss[k], slope = gauss * r.slope[k];
        for (int mask = 0; mask < half; ++mask) {
          c[mask] += outer[mask] * gauss;
          c[mask + half] += outer[mask] * slope;
        }
        c[0] += hill.height * kernel::B;
        if (integrating_) {
          const double weight = p.weight[i] * q.weight[j] * r.weight[k];
          for (RunningIntegral &integral : integrals_) integral.change(weight, before, c[0]);
        }
      }
    }
}

void HillGrid::deposit(const Hill &hill) {
  dim() == 1 ? deposit<1>(hill) : dim() == 2 ? deposit<2>(hill) : deposit<3>(hill);
}

void HillGrid::add(const Hill &hill) { deposit(hill); }

void HillGrid::add(const std::vector<Hill> &hills) {
  // Sums over the whole grid cost more than following a few hills.
  if (hills.size() < 10) {
    for (const Hill &hill : hills) deposit(hill);
    return;
  }
  const bool integrating = std::exchange(integrating_, false);
  for (const Hill &hill : hills) deposit(hill);
  integrating_ = integrating;
  if (integrating_) sum_integrals();
}

void HillGrid::sum_integrals() {
  integrate(rates_[0], rates_[1]);
  for (std::size_t node = 0; node < nodes_; ++node) {
    const double v = data_[node << dim()];
    if (v == 0) continue;
    double weight = 1;
    for (int i = 0; i < dim(); ++i) {
      const int k = static_cast<int>(node / stride_[i] % (axes_[i].bins + 1));
      if (k == 0 || k == axes_[i].bins) weight *= 0.5;
    }
    for (RunningIntegral &integral : integrals_) integral.change(weight, 0, v);
  }
}

}  // namespace nanochart
