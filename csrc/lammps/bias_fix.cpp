#include "lammps/bias_fix.hpp"

#include <modify.h>

#include "lammps/fix_nanochart.hpp"
#include "lammps/guarded.hpp"

namespace nanochart {

BiasFix::BiasFix(LAMMPS_NS::LAMMPS *lammps, int narg, char **arg) : Fix(lammps, narg, arg) {
  scalar_flag = 1;
  extscalar = 1;
  global_freq = 1;
  dynamic_group_allow = 1;
}

FixNanochart &BiasFix::chart() const {
  auto *chart = dynamic_cast<FixNanochart *>(modify->get_fix_by_id(chart_id_));
  if (!chart)
    throw Error("CVFIX is " + chart_id_ + ", must be the ID of a fix nanochart of this run");
  return *chart;
}

void BiasFix::init() {
  guarded(lmp, who(), [this] {
    const int cvs = chart().dim();
    if (cvs != dim())
      throw Error("there are values for " + std::to_string(dim()) + " CVs, must be " +
                  std::to_string(cvs) + ", the number of CVs of fix nanochart " + chart_id_);
  });
}

double BiasFix::compute_scalar() {
  double energy = 0;
  guarded(lmp, who(), [&] { energy = chart().energy_of(*this); });
  return energy;
}

}  // namespace nanochart
