#include "lammps/fix_nanochart_restraint.hpp"

#include <update.h>

#include <cstdio>

#include "lammps/arguments.hpp"
#include "lammps/guarded.hpp"
#include "lammps/units.hpp"

namespace nanochart {

FixNanochartRestraint::FixNanochartRestraint(LAMMPS_NS::LAMMPS *lammps, int narg, char **arg)
    : BiasFix(lammps, narg, arg) {
  guarded(lmp, "fix nanochart/restraint", [&] {
    auto arguments = parse_restraint(Words(arg + 3, arg + narg));
    const DeckUnits units(update->unit_style);
    chart_id_ = arguments.chart;
    parameters_ = "restraint";
    for (double &kappa : arguments.kappa) kappa /= units.energy;
    for (const auto *values : {&arguments.at, &arguments.kappa})
      for (const double value : *values) {
        char text[32];
        std::snprintf(text, sizeof text, " %.17g", value);
        parameters_ += text;
      }
    restraint_ = std::make_unique<Restraint>(arguments.at, arguments.kappa);
  });
  vector_flag = 1;
  size_vector = 1;
  extvector = 1;
}

}  // namespace nanochart
