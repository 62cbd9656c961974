#pragma once
#include <vector>

#include "bias/bias.hpp"

namespace nanochart {

// Harmonic restraint V = sum_i kappa_i/2 (s_i - at_i)^2; kappa in eV, s dimensionless. A component
// with kappa 0 is free.
class Restraint : public Bias {
 public:
  // Throws Error unless both have d values, all finite, kappa >= 0.
  Restraint(std::vector<double> at, std::vector<double> kappa);
  double value(const double *s, double *dv_ds) const override;
  int dim() const { return static_cast<int>(at_.size()); }
  const std::vector<double> &at() const { return at_; }
  const std::vector<double> &kappa() const { return kappa_; }

 private:
  std::vector<double> at_, kappa_;
};

}  // namespace nanochart
