#include "bias/wall.hpp"

#include <cmath>

#include "bias/text.hpp"
#include "core/error.hpp"

namespace nanochart {

Wall::Wall(int dim, Side side, int component, double at, double kappa, double exp)
    : dim_(dim), side_(side), component_(component), at_(at), kappa_(kappa), exp_(exp) {
  if (component < 0 || component >= dim)
    throw Error("wall on CV " + std::to_string(component + 1) + ", but the chart has " +
                std::to_string(dim) + " CVs: must be 1 to " + std::to_string(dim));
  if (!std::isfinite(at)) throw Error("at is " + text(at) + ", must be finite");
  if (!std::isfinite(kappa) || kappa < 0)
    throw Error("kappa is " + text(kappa) + ", must be finite and >= 0");
  if (!std::isfinite(exp) || exp <= 1)
    throw Error("exp is " + text(exp) + ", must be > 1: below, the force jumps at the wall");
}

double Wall::value(const double *s, double *dv_ds) const {
  const double outward = side_ == Side::upper ? 1 : -1;
  const double depth = outward * (s[component_] - at_);
  if (depth <= 0) return 0;
  const double slope = kappa_ * exp_ * std::pow(depth, exp_ - 1);
  dv_ds[component_] += outward * slope;
  return slope * depth / exp_;
}

}  // namespace nanochart
