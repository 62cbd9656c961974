#include "bias/metadynamics.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "bias/text.hpp"
#include "core/error.hpp"

namespace nanochart {
namespace {

constexpr std::uint64_t fnv_basis = 14695981039346656037u, fnv_prime = 1099511628211u;

std::string number(int component) { return std::to_string(component + 1); }

void check_axis(const GridAxis &axis, const std::string &cv) {
  const std::string grid = "grid " + text(axis.lo) + " " + text(axis.hi) + " " +
                           std::to_string(axis.bins) + " of CV " + cv;
  if (!std::isfinite(axis.lo) || !std::isfinite(axis.hi) || axis.lo >= axis.hi)
    throw Error(grid + ": lo must be smaller than hi");
  if (axis.bins < 1) throw Error(grid + ": bins must be >= 1");
}

}  // namespace

void Metadynamics::check() const {
  const auto &o = options_;
  const std::size_t biased = o.components.size();
  if (biased < 1 || biased > max_biased)
    throw Error("sigma biases " + std::to_string(biased) +
                " CVs, must be 1 to 3: leave the others free with *");
  if (o.sigma.size() != biased)
    throw Error("sigma has " + std::to_string(o.sigma.size()) + " values for " +
                std::to_string(biased) + " biased CVs");
  for (std::size_t i = 0; i < biased; ++i) {
    const int c = o.components[i];
    if (c < 0 || c >= o.dim || (i > 0 && c <= o.components[i - 1]))
      throw Error("biased CV " + number(c) + ": the chart has " + std::to_string(o.dim) +
                  " CVs; each may be named once, in ascending order");
    if (!std::isfinite(o.sigma[i]) || o.sigma[i] <= 0)
      throw Error("sigma " + number(c) + " is " + text(o.sigma[i]) + ", must be > 0");
  }
  if (!std::isfinite(o.height) || o.height < 0)
    throw Error("height is " + text(o.height) + ", must be >= 0");
  if (o.pace < 1) throw Error("pace is " + std::to_string(o.pace) + ", must be >= 1");
  if (o.biasfactor && !(std::isfinite(*o.biasfactor) && *o.biasfactor > 1))
    throw Error("biasfactor is " + text(*o.biasfactor) +
                ", must be > 1; leave it out for plain metadynamics");
  if (o.biasfactor && !o.temperature) throw Error("biasfactor needs temp, the temperature in K");
  if (o.temperature && !(std::isfinite(*o.temperature) && *o.temperature > 0))
    throw Error("temp is " + text(*o.temperature) + ", must be > 0");
  if (!o.grid.empty() && o.grid.size() != biased)
    throw Error("grid is given for " + std::to_string(o.grid.size()) + " CVs, must be given for " +
                std::to_string(biased) + ", once for each biased one");
  for (std::size_t i = 0; i < o.grid.size(); ++i) check_axis(o.grid[i], number(o.components[i]));
}

Metadynamics::Metadynamics(MetadynamicsOptions options)
    : options_(std::move(options)), hash_(fnv_basis) {
  check();
  if (options_.grid.empty()) return;
  grid_ = std::make_unique<HillGrid>(options_.grid, options_.sigma);
  if (!options_.temperature) return;
  const double beta = 1 / (boltzmann * *options_.temperature);
  const double gamma = options_.biasfactor.value_or(0);
  if (options_.biasfactor)
    grid_->integrate(beta * gamma / (gamma - 1), beta / (gamma - 1));
  else
    grid_->integrate(beta, 0);
}

std::vector<std::string> Metadynamics::notes() const {
  std::vector<std::string> notes;
  if (!grid_) {
    notes.push_back("no grid: a step costs more with every hill, and there is no c(t)");
    return notes;
  }
  std::string bins;
  for (std::size_t i = 0; i < options_.grid.size(); ++i) {
    const GridAxis &axis = options_.grid[i];
    bins += (i ? " x " : "") + std::to_string(axis.bins);
    if (axis.spacing() > 0.5 * options_.sigma[i] * (1 + 1e-9))
      notes.push_back("warning: grid spacing " + text(axis.spacing()) + " of CV " +
                      number(options_.components[i]) + " is coarser than sigma/2 = " +
                      text(0.5 * options_.sigma[i]) + ": take at least " +
                      text(std::ceil(2 * (axis.hi - axis.lo) / options_.sigma[i])) + " bins");
  }
  notes.insert(notes.begin(), "grid of " + bins + " bins, up to " +
                                  text(HillGrid::bytes(options_.grid) / 1e6) + " MB");
  if (!options_.temperature) notes.push_back("no temp: there is no c(t)");
  return notes;
}

double Metadynamics::sum_hills(const double *s, double *dv_ds) const {
  const int biased = static_cast<int>(options_.components.size());
  double v = 0;
  for (const Hill &hill : list_) {
    double x[max_biased], u = 0;
    for (int i = 0; i < biased; ++i) {
      x[i] = (s[i] - hill.center[i]) / options_.sigma[i];
      u += 0.5 * x[i] * x[i];
    }
    if (!(u < kernel::cutoff)) continue;
    const double gauss = hill.height * kernel::A * std::exp(-u);
    v += gauss + hill.height * kernel::B;
    for (int i = 0; i < biased; ++i) dv_ds[i] -= gauss * x[i] / options_.sigma[i];
  }
  return v;
}

double Metadynamics::value(const double *s, double *dv_ds) const {
  double at[max_biased], slope[max_biased] = {};
  const int biased = static_cast<int>(options_.components.size());
  for (int i = 0; i < biased; ++i) {
    at[i] = s[options_.components[i]];
    if (!std::isfinite(at[i]))
      throw Error("CV " + number(options_.components[i]) + " is " + text(at[i]) +
                  ", must be finite");
  }
  if (grid_) {
    const int i = grid_->outside(at);
    if (i >= 0) {
      const GridAxis &axis = options_.grid[i];
      throw Error("CV " + number(options_.components[i]) + " is " + text(at[i]) +
                  ", outside the metadynamics grid " + text(axis.lo) + " to " + text(axis.hi) +
                  ": widen the grid, or keep the CV inside it with a wall");
    }
  }
  const double v = grid_ ? grid_->value(at, slope) : sum_hills(at, slope);
  for (int i = 0; i < biased; ++i) dv_ds[options_.components[i]] += slope[i];
  return v;
}

Hill Metadynamics::next_hill(double time, const double *s) const {
  std::vector<double> unused(options_.dim);
  const double v = value(s, unused.data());
  Hill hill{time, {}, options_.height};
  for (std::size_t i = 0; i < options_.components.size(); ++i)
    hill.center[i] = s[options_.components[i]];
  if (options_.biasfactor)
    hill.height *=
        std::exp(-v / (boltzmann * *options_.temperature * (*options_.biasfactor - 1)));
  return hill;
}

void Metadynamics::count(const Hill &hill) {
  list_.push_back(hill);
  last_height_ = hill.height;
  const double numbers[] = {hill.center[0], hill.center[1], hill.center[2], hill.height};
  for (const double value : numbers) {
    std::uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    hash_ = (hash_ ^ bits) * fnv_prime;
  }
}

void Metadynamics::add(const Hill &hill) {
  count(hill);
  if (grid_) grid_->add(hill);
}

void Metadynamics::add(const std::vector<Hill> &hills) {
  for (const Hill &hill : hills) count(hill);
  if (grid_) grid_->add(hills);
}

void Metadynamics::clear() {
  if (grid_) grid_->clear();
  list_.clear();
  last_height_ = 0;
  hash_ = fnv_basis;
}

double Metadynamics::ct() const {
  if (!grid_ || !options_.temperature) return std::numeric_limits<double>::quiet_NaN();
  return boltzmann * *options_.temperature * (grid_->log_integral(0) - grid_->log_integral(1));
}

}  // namespace nanochart
