#pragma once
#include <fix.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "bias/bias.hpp"
#include "lammps/mpi_communicator.hpp"
#include "lammps/units.hpp"

namespace nanochart {

class FixNanochart;

// A fix that holds a bias on the CVs of a fix nanochart. It acts through that fix alone, which
// looks for it by its CVFIX, evaluates it and tallies its force, energy and virial. Biases live on
// the root rank: what is marked (root) is called there only, and may throw Error.
class BiasFix : public LAMMPS_NS::Fix {
 public:
  BiasFix(LAMMPS_NS::LAMMPS *lammps, int narg, char **arg);

  const std::string &chart_id() const { return chart_id_; }
  virtual const Bias &bias() const = 0;  // (root)
  // The parameters of V(s) as text: equal texts, equal V. Empty when V changes with time.
  virtual std::string static_potential() const = 0;

  // What the fix nanochart calls, on all ranks; a bias that does not change ignores it.
  void open_once();                                            // at the first setup
  void start(std::int64_t step, const std::vector<double> &s);  // setup of a run
  void finish(std::int64_t step, double time, const std::vector<double> &s);  // after the forces
  virtual void advance(std::int64_t) {}  // (root) bias() is that of this step from now on
  // Further columns of the log at this step's s, after the energy; values matter on the root rank.
  virtual void add_columns(const std::vector<double> &, std::vector<std::string> &,
                           std::vector<double> &) const {}

  int setmask() override { return 0; }
  void init() override;
  double compute_scalar() override;  // V in the deck's energy unit
  void write_restart(std::FILE *file) override;
  void restart(char *state) override { restart_state_ = state; }

 protected:
  std::string chart_id_;
  DeckUnits units_;

  // Throws Error unless the bias fits a chart with so many CVs, evaluated every so many steps.
  virtual void check(int cvs, int every) const = 0;
  void check_values(int values, int cvs) const;

  void changes_with_time();  // in the constructor: the next five are used
  virtual void open(const std::string &) {}  // (root) with state(), if the run is continued
  virtual std::string state() const { return ""; }  // (root) for the restart file, no line ends
  virtual void begin(std::int64_t, const double *) {}  // (root)
  virtual void update_bias(std::int64_t, double, const double *) {}  // (root) time in ps
  double from_root(double value) const;  // on all ranks

  FixNanochart &chart() const;
  const std::string &who() const { return who_; }
  MpiCommunicator &ranks() const { return ranks_; }

 private:
  mutable MpiCommunicator ranks_;
  const std::string who_ = std::string("fix ") + style + " " + id;
  std::string restart_state_;
  bool changes_ = false, opened_ = false;
};

// " 1.5 0.1" with all digits, for static_potential().
std::string exact_text(const std::vector<double> &values);

}  // namespace nanochart
