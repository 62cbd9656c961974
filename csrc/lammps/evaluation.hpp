#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cv/chart_cv.hpp"
#include "lammps/arguments.hpp"
#include "lammps/bias_fix.hpp"
#include "lammps/group_atoms.hpp"

namespace nanochart {

// One evaluation of a chart and its biases on a group of atoms; energies in eV. All ranks call it
// together; every Error is thrown on all of them.
class Evaluation {
 public:
  Evaluation(LAMMPS_NS::LAMMPS *lammps, int group, const ChartArguments &arguments);

  const ModelMetadata &model() const { return chart_.metadata(); }
  MpiCommunicator &comm() { return *comm_; }

  void set_pace(Pace pace) { chart_.set_pace(pace); }

  // Elements of the atom types anew; with `check`, the group must fit the model now.
  void prepare(bool check);

  // s, V of step `now` and, with `gradient`, what add_force() needs, at the current positions.
  void value(const std::vector<BiasFix *> &biases, bool gradient, std::int64_t now);

  // f -= scale dV/dx and, unless null, virial[6] -= scale dV/dstrain (xx, yy, zz, xy, xz, yz; this
  // rank's share). `scale` holds the deck's energy unit.
  void add_force(double scale, double **f, double *virial);

  const std::vector<double> &s() const { return s_; }
  double outside() const { return chart_.outside(); }
  double energy() const { return energy_; }
  const std::map<std::string, double> &energies() const { return energies_; }  // by fix ID

 private:
  std::shared_ptr<MpiCommunicator> comm_;
  ChartCV chart_;
  GroupAtoms atoms_;
  std::vector<double> s_, dv_ds_, dv_dx_;
  std::vector<double> values_;  // V of each bias
  std::map<std::string, double> energies_;
  double energy_ = 0;
};

}  // namespace nanochart
