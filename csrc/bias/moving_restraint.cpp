#include "bias/moving_restraint.hpp"

#include <cmath>
#include <cstdio>
#include <sstream>
#include <string>
#include <utility>

#include "bias/text.hpp"
#include "core/error.hpp"

namespace nanochart {
namespace {

void check_point(const std::string &keyword, const std::vector<double> &point, std::size_t dim) {
  if (point.size() != dim)
    throw Error(keyword + " has " + std::to_string(point.size()) + " values, must have " +
                std::to_string(dim) + " as kappa");
  for (std::size_t i = 0; i < dim; ++i)
    if (!std::isfinite(point[i]))
      throw Error(keyword + " " + std::to_string(i + 1) + " is " + text(point[i]) +
                  ", must be finite");
}

}  // namespace

MovingRestraint::MovingRestraint(std::vector<double> start, std::vector<double> kappa,
                                 std::vector<Leg> legs)
    : start_(std::move(start)), kappa_(std::move(kappa)), legs_(std::move(legs)), center_(start_) {
  if (kappa_.empty()) throw Error("kappa has no values, must have one for each CV");
  for (std::size_t i = 0; i < kappa_.size(); ++i)
    if (!std::isfinite(kappa_[i]) || kappa_[i] < 0)
      throw Error("kappa " + std::to_string(i + 1) + " is " + text(kappa_[i]) +
                  ", must be finite and >= 0");
  check_point("at", start_, kappa_.size());
  if (legs_.empty()) throw Error("a moving restraint needs `to .. over step0 step1` at least once");
  for (std::size_t k = 0; k < legs_.size(); ++k) {
    const Leg &leg = legs_[k];
    check_point("to", leg.to, kappa_.size());
    const std::string over =
        "over " + std::to_string(leg.first) + " " + std::to_string(leg.last);
    if (leg.first >= leg.last)
      throw Error(over + ": the schedule's second step must be larger than the first");
    if (k > 0 && leg.first < legs_[k - 1].last)
      throw Error(over + ": must not begin before the `over` ahead of it ends, at step " +
                  std::to_string(legs_[k - 1].last));
  }
}

void MovingRestraint::set_step(std::int64_t step) {
  step_ = step;
  const std::vector<double> *from = &start_;
  for (const Leg &leg : legs_) {
    if (step < leg.last) {
      const double done =
          step <= leg.first ? 0 : double(step - leg.first) / double(leg.last - leg.first);
      for (std::size_t i = 0; i < center_.size(); ++i)
        center_[i] = (1 - done) * (*from)[i] + done * leg.to[i];
      return;
    }
    from = &leg.to;
  }
  center_ = *from;
}

double MovingRestraint::value(const double *s, double *dv_ds) const {
  double energy = 0;
  for (std::size_t i = 0; i < center_.size(); ++i) {
    const double pull = kappa_[i] * (s[i] - center_[i]);
    energy += 0.5 * pull * (s[i] - center_[i]);
    dv_ds[i] += pull;
  }
  return energy;
}

double MovingRestraint::work_with(const double *s) const {
  double work = work_;
  if (begun_)
    for (std::size_t i = 0; i < center_.size(); ++i)
      work += 0.5 * (last_pull_[i] - kappa_[i] * (s[i] - center_[i])) *
              (center_[i] - last_center_[i]);
  return work;
}

void MovingRestraint::update(std::int64_t step, const double *s) {
  set_step(step);
  if (step != last_step_) work_ = work_with(s);
  std::vector<double> pull(center_.size());
  for (std::size_t i = 0; i < pull.size(); ++i) pull[i] = -kappa_[i] * (s[i] - center_[i]);
  begun_ = true;
  last_step_ = step;
  last_center_ = center_;
  last_pull_ = std::move(pull);
}

void MovingRestraint::begin(std::int64_t step, const double *s) {
  if (step != last_step_) begun_ = false;
  update(step, s);
}

std::string MovingRestraint::state() const {
  const auto exact = [](double value) {
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, " %.17g", value);
    return std::string(buffer);
  };
  std::string text = std::to_string(dim()) + exact(work_);
  if (begun_) text += " " + std::to_string(last_step_);
  if (begun_)
    for (const double pull : last_pull_) text += exact(pull);
  return text;
}

void MovingRestraint::restore(const std::string &state) {
  std::istringstream in(state);
  int cvs = 0;
  if (!(in >> cvs >> work_) || cvs != dim())
    throw Error("restart data `" + state + "` is not that of a moving restraint on " +
                std::to_string(dim()) + " CVs");
  last_pull_.assign(cvs, 0);
  begun_ = static_cast<bool>(in >> last_step_);
  for (double &pull : last_pull_) begun_ = begun_ && in >> pull;
  if (!begun_) return;
  set_step(last_step_);
  last_center_ = center_;
}

}  // namespace nanochart
