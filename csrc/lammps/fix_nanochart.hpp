#pragma once
#include <fix.h>

#include <memory>
#include <string>
#include <vector>

#include "lammps/arguments.hpp"
#include "lammps/bias_fix.hpp"
#include "bias/colvar_log.hpp"
#include "lammps/evaluation.hpp"
#include "lammps/units.hpp"

namespace nanochart {

// fix ID group nanochart MODEL ..: chart coordinates of a group of atoms, logged, offered as
// f_ID[1..d], and biased by the fixes nanochart/* that name this fix.
class FixNanochart : public LAMMPS_NS::Fix {
 public:
  FixNanochart(LAMMPS_NS::LAMMPS *lammps, int narg, char **arg);

  int setmask() override;
  void init() override;
  void setup(int vflag) override;
  void min_setup(int vflag) override { min_post_force(vflag); }
  void post_force(int vflag) override;
  void min_post_force(int vflag) override;
  void post_run() override;
  double compute_scalar() override;        // total bias energy, the deck's unit
  double compute_vector(int i) override;   // s[d], then how far outside the training data

  const ModelMetadata &model() const { return evaluation_->model(); }
  int every() const { return arguments_.every; }
  int dim() const { return evaluation_->model().latent; }
  double energy_of(const BiasFix &bias);   // the deck's unit

 private:
  ChartArguments arguments_;
  DeckUnits units_;
  std::unique_ptr<Evaluation> evaluation_;
  bool current_ = false;  // evaluation_ belongs to this step's positions
  mutable std::vector<const Fix *> fixes_;  // of the run, when biases_ were found
  mutable std::vector<BiasFix *> biases_;

  std::unique_ptr<ColvarLog> log_;  // on one rank
  bool log_opened_ = false;
  LAMMPS_NS::bigint last_row_ = -1;
  struct Row {
    LAMMPS_NS::bigint step = -1;  // -1: none
    double time;  // ps
    std::vector<std::string> fields;
    std::vector<double> values;
  } row_;  // not yet written

  const std::string who_ = std::string("fix nanochart ") + id;
  const std::string &who() const { return who_; }
  const std::vector<BiasFix *> &biases() const;
  void find_biases() const;
  bool minimizing() const;
  double time() const;  // ps
  bool biased() const;
  Pace pace() const;
  void step(int vflag);
  void evaluate(bool gradient);
  void evaluate_for_output();

  bool log_is_due() const;
  void check_log_is_mine() const;
  void open_log();
  void log();
  void take_row();
  void write_row();
};

}  // namespace nanochart
