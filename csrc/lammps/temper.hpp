#pragma once
#include <string>
#include <vector>

#include "lammps/bias_fix.hpp"

namespace nanochart {

// Called by the chart fix at setup(). When the `temper` command starts a run, its swaps between
// worlds compare potential energies, which is right only if every world has the same static bias
// in its energy: ends as an error on all worlds otherwise, or when the swap period is not a
// multiple of `every`, or when some world has no chart fix.
//
// At setup and not at init: in between, temper itself waits for all worlds, however long they take
// to come to it. From there on a world with a chart answers at once.
void check_temper(LAMMPS_NS::LAMMPS *lammps, MpiCommunicator &ranks, int every,
                  bool energy_is_tallied, const std::vector<BiasFix *> &biases);

}  // namespace nanochart
