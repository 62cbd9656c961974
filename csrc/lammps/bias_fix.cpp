#include "lammps/bias_fix.hpp"

#include <comm.h>
#include <modify.h>
#include <update.h>

#include <memory>

#include "lammps/fix_nanochart.hpp"
#include "lammps/guarded.hpp"

namespace nanochart {

BiasFix::BiasFix(LAMMPS_NS::LAMMPS *lammps, int narg, char **arg)
    : Fix(lammps, narg, arg),
      units_(deck_units(lammps, std::string("fix ") + arg[2])),
      ranks_(lammps->world) {
  scalar_flag = 1;
  extscalar = 1;
  global_freq = 1;
  dynamic_group_allow = 1;
}

void BiasFix::changes_with_time() {
  changes_ = true;
  time_depend = 1;
  restart_global = 1;
}

FixNanochart &BiasFix::chart() const {
  auto *chart = dynamic_cast<FixNanochart *>(modify->get_fix_by_id(chart_id_));
  if (!chart)
    throw Error("CVFIX is " + chart_id_ + ", must be the ID of a fix nanochart of this run");
  return *chart;
}

void BiasFix::init() {
  guarded(lmp, who(), [this] { check(chart().dim(), chart().every()); });
}

void BiasFix::check_values(int values, int cvs) const {
  if (cvs != values)
    throw Error("there are values for " + std::to_string(values) + " CVs, must be " +
                std::to_string(cvs) + ", the number of CVs of fix nanochart " + chart_id_);
}

double BiasFix::compute_scalar() {
  double energy = 0;
  guarded(lmp, who(), [&] { energy = chart().energy_of(*this); });
  return energy;
}

void BiasFix::open_once() {
  if (opened_ || !changes_) return;
  guarded(lmp, who(), [this] { on_root(ranks_, [this] { open(restart_state_); }); });
  opened_ = true;
}

void BiasFix::start(std::int64_t step, const std::vector<double> &s) {
  if (changes_) guarded(lmp, who(), [&] { on_root(ranks_, [&] { begin(step, s.data()); }); });
}

void BiasFix::finish(std::int64_t step, double time, const std::vector<double> &s) {
  if (changes_)
    guarded(lmp, who(), [&] { on_root(ranks_, [&] { update_bias(step, time, s.data()); }); });
}

// A length and the bytes, as LAMMPS expects of every fix.
void BiasFix::write_restart(std::FILE *file) {
  if (!ranks_.root()) return;
  const std::string text = opened_ ? state() : restart_state_;
  const int bytes = static_cast<int>(text.size()) + 1;
  std::fwrite(&bytes, sizeof bytes, 1, file);
  std::fwrite(text.c_str(), 1, bytes, file);
}

double BiasFix::from_root(double value) const {
  ranks_.broadcast(&value, sizeof value);
  return value;
}

std::string exact_text(const std::vector<double> &values) {
  std::string all;
  for (const double value : values) {
    char text[32];
    std::snprintf(text, sizeof text, " %.17g", value);
    all += text;
  }
  return all;
}

}  // namespace nanochart
