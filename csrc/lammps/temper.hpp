#pragma once
#include <string>
#include <vector>

#include "lammps/bias_fix.hpp"

namespace nanochart {

// Called by the chart fix at init(). When the `temper` command starts a run, its swaps between
// worlds compare potential energies, which is right only if every world has the same static bias
// in its energy: ends as an error on all worlds otherwise, or when the swap period is not a
// multiple of `every`. Every world must then have the chart fix.
void check_temper(LAMMPS_NS::LAMMPS *lammps, int every, bool energy_is_tallied,
                  const std::vector<BiasFix *> &biases);

}  // namespace nanochart
