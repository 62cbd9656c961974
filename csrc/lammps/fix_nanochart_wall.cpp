#include "lammps/fix_nanochart_wall.hpp"

#include "lammps/arguments.hpp"
#include "lammps/guarded.hpp"

namespace nanochart {

FixNanochartWall::FixNanochartWall(LAMMPS_NS::LAMMPS *lammps, int narg, char **arg)
    : BiasFix(lammps, narg, arg) {
  guarded(lmp, "fix nanochart/wall", [&] {
    const auto a = parse_wall(Words(arg + 3, arg + narg));
    const double kappa = a.kappa / units_.energy;
    chart_id_ = a.chart;
    component_ = a.component;
    parameters_ = std::string("wall ") + (a.side == Wall::Side::lower ? "lower " : "upper ") +
                  std::to_string(component_) + exact_text({a.at, kappa, a.exp});
    wall_ = std::make_unique<Wall>(component_, a.side, component_ - 1, a.at, kappa, a.exp);
  });
}

void FixNanochartWall::check(int cvs, int) const {
  if (component_ > cvs)
    throw Error("COMPONENT is " + std::to_string(component_) + ", must be 1 to " +
                std::to_string(cvs) + ", the number of CVs of fix nanochart " + chart_id_);
}

}  // namespace nanochart
