#pragma once
#include "bias/bias.hpp"

namespace nanochart {

// One-sided wall on component i: V = kappa |s_i - at|^exp where s_i < at (lower) or s_i > at
// (upper), else 0. kappa in eV; no factor 1/2, as PLUMED's LOWER_WALLS and UPPER_WALLS.
class Wall : public Bias {
 public:
  enum class Side { lower, upper };
  // component counts from 0. Throws Error unless it is one of the dim CVs, at is finite,
  // kappa >= 0 and exp > 1 (so that the force is continuous).
  Wall(int dim, Side side, int component, double at, double kappa, double exp = 2);

  double value(const double *s, double *dv_ds) const override;
  int dim() const { return dim_; }
  Side side() const { return side_; }
  int component() const { return component_; }
  double at() const { return at_; }
  double kappa() const { return kappa_; }
  double exp() const { return exp_; }

 private:
  int dim_;
  Side side_;
  int component_;
  double at_, kappa_, exp_;
};

}  // namespace nanochart
