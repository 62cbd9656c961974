#include "bias/restraint.hpp"

#include <cmath>
#include <string>
#include <utility>

#include "core/error.hpp"

namespace nanochart {

Restraint::Restraint(std::vector<double> at, std::vector<double> kappa)
    : at_(std::move(at)), kappa_(std::move(kappa)) {
  if (at_.empty() || at_.size() != kappa_.size())
    throw Error("at has " + std::to_string(at_.size()) + " values and kappa " +
                std::to_string(kappa_.size()) + ", must be one for each CV in both");
  for (std::size_t i = 0; i < at_.size(); ++i) {
    const std::string component = std::to_string(i + 1);
    if (!std::isfinite(at_[i]))
      throw Error("at " + component + " is " + std::to_string(at_[i]) + ", must be finite");
    if (!std::isfinite(kappa_[i]) || kappa_[i] < 0)
      throw Error("kappa " + component + " is " + std::to_string(kappa_[i]) +
                  ", must be finite and >= 0");
  }
}

double Restraint::value(const double *s, double *dv_ds) const {
  double energy = 0;
  for (std::size_t i = 0; i < at_.size(); ++i) {
    const double pull = kappa_[i] * (s[i] - at_[i]);
    energy += 0.5 * pull * (s[i] - at_[i]);
    dv_ds[i] += pull;
  }
  return energy;
}

}  // namespace nanochart
