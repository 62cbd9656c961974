#pragma once
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <vector>

#include "bias/hill.hpp"

namespace nanochart {

// Nodes lo + i (hi - lo)/bins, i = 0..bins, both ends included; dimensionless as s.
struct GridAxis {
  double lo, hi;
  int bins;
  double spacing() const { return (hi - lo) / bins; }
};

// ln of the integral of exp(rate V) over a grid, kept up to date node by node: the sum is held
// relative to exp(shift), so that it cannot overflow.
class RunningIntegral {
 public:
  void reset(double rate, double volume);
  void change(double weight, double before, double after);
  double log() const { return std::log(sum_) + shift_; }

 private:
  double rate_ = 0, shift_ = 0, sum_ = 0;
};

// Sum of hills on a regular grid of 1 to 3 axes. Every node holds V and its mixed first
// derivatives (2^d numbers), each hill's own, exact; between nodes V is their tensor-product cubic
// Hermite interpolation: continuous with its gradient, of fourth order in spacing/sigma. The
// gradient returned is that of the interpolated V. Cost of value() does not depend on the number of
// hills; add() touches the nodes within the hill's cutoff alone.
class HillGrid {
 public:
  // Takes checked axes and widths. Throws Error when it would need more than memory_limit bytes.
  HillGrid(std::vector<GridAxis> axes, std::vector<double> sigma);
  static constexpr double memory_limit = 2147483648.;

  static double bytes(const std::vector<GridAxis> &axes);  // memory when every node is touched
  int dim() const { return static_cast<int>(axes_.size()); }
  const std::vector<GridAxis> &axes() const { return axes_; }
  int outside(const double *s) const;  // first axis whose s is off the grid (or NaN), or -1

  // V and dV/ds[dim] (overwritten) at s[dim] on the grid.
  double value(const double *s, double *dv_ds) const;
  void add(const Hill &hill);

  // Keeps the integrals of exp(rate[k] V) (k = 0, 1) from now on, trapezoid rule.
  void integrate(double rate0, double rate1);
  double log_integral(int k) const { return integrals_[k].log(); }
  // Many hills at once: cheaper, the integrals are summed anew at the end.
  void add(const std::vector<Hill> &hills);
  void clear();

 private:
  struct Free {
    void operator()(double *memory) const { std::free(memory); }
  };
  std::vector<GridAxis> axes_;
  std::vector<double> sigma_;
  std::size_t nodes_ = 1, stride_[max_biased];  // in nodes
  std::unique_ptr<double[], Free> data_;        // [nodes][2^d], derivatives times spacing
  bool integrating_ = false;
  double rates_[2] = {0, 0};
  RunningIntegral integrals_[2];

  template <int D>
  double interpolate(const double *s, double *dv_ds) const;
  template <int D>
  void deposit(const Hill &hill);
  void deposit(const Hill &hill);
  void sum_integrals();
};

}  // namespace nanochart
