#include "lammps/fix_nanochart_restraint.hpp"

#include "bias/restraint.hpp"
#include "lammps/arguments.hpp"
#include "lammps/guarded.hpp"

namespace nanochart {

FixNanochartRestraint::FixNanochartRestraint(LAMMPS_NS::LAMMPS *lammps, int narg, char **arg)
    : BiasFix(lammps, narg, arg) {
  guarded(lmp, "fix nanochart/restraint", [&] {
    auto a = parse_restraint(Words(arg + 3, arg + narg));
    chart_id_ = a.chart;
    dim_ = static_cast<int>(a.at.size());
    for (double &kappa : a.kappa) kappa /= units_.energy;
    if (a.legs.empty()) {
      parameters_ = "restraint" + exact_text(a.at) + exact_text(a.kappa);
      restraint_ = std::make_unique<Restraint>(a.at, a.kappa);
    } else {
      auto moving = std::make_unique<MovingRestraint>(a.at, a.kappa, a.legs);
      moving_ = moving.get();
      restraint_ = std::move(moving);
      changes_with_time();
    }
  });
  vector_flag = 1;
  size_vector = 1;
  extvector = 1;
}

void FixNanochartRestraint::check(int cvs, int every) const {
  check_values(dim_, cvs);
  if (!moving_) return;
  for (const auto &leg : moving_->legs())
    for (const auto step : {leg.first, leg.last})
      if (step % every)
        throw Error("over " + std::to_string(leg.first) + " " + std::to_string(leg.last) +
                    ": both steps must be multiples of every of fix nanochart " + chart_id_ +
                    ", which is " + std::to_string(every));
}

void FixNanochartRestraint::advance(std::int64_t step) {
  if (moving_) moving_->set_step(step);
}

void FixNanochartRestraint::open(const std::string &state) {
  if (!state.empty()) moving_->restore(state);
}

void FixNanochartRestraint::add_columns(const std::vector<double> &s,
                                        std::vector<std::string> &names,
                                        std::vector<double> &values) const {
  if (!moving_) return;
  names.push_back(std::string(id) + ".work");
  values.push_back(moving_->work_with(s.data()));
}

double FixNanochartRestraint::compute_vector(int) {
  return moving_ ? from_root(moving_->work()) * units_.energy : 0;
}

}  // namespace nanochart
