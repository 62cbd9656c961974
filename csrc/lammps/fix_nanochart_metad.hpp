#pragma once
#include <memory>

#include "lammps/arguments.hpp"
#include "lammps/bias_fix.hpp"
#include "lammps/worlds.hpp"

namespace nanochart {

// fix ID group nanochart/metad CVFIX sigma w1 .. wd height h pace n ..: see arguments.hpp.
class FixNanochartMetad : public BiasFix {
 public:
  FixNanochartMetad(LAMMPS_NS::LAMMPS *lammps, int narg, char **arg);

  void init() override;
  const Bias &bias() const override { return *run_; }
  std::string static_potential() const override;
  void advance(std::int64_t step) override { run_->settle(step); }
  void add_columns(const std::vector<double> &s, std::vector<std::string> &names,
                   std::vector<double> &values) const override;
  double compute_vector(int i) override;  // hills, last height, c(t); the deck's energy unit

 protected:
  void check(int cvs, int every) const override;
  void open(const std::string &state) override;
  std::string state() const override { return run_->state(); }
  void update_bias(std::int64_t step, double time, const double *s) override;

 private:
  MetadynamicsOptions options_;
  std::unique_ptr<Worlds> worlds_;  // for walkers partition
  HillsOptions files_;
  std::unique_ptr<MetadynamicsRun> run_;  // on the root rank

  void compare_worlds() const;
  std::vector<Hill> hills_of_all(std::int64_t step, const Hill &mine) const;
  bool grows() const { return options_.height > 0 || !files_.directory.empty(); }
  void say(const std::vector<std::string> &notes) const;
};

}  // namespace nanochart
