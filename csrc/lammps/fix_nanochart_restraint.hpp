#pragma once
#include <memory>

#include "bias/moving_restraint.hpp"
#include "lammps/bias_fix.hpp"

namespace nanochart {

// fix ID group nanochart/restraint CVFIX at s1 .. sd kappa k1 .. kd [to t1 .. td over step0 step1] ..
class FixNanochartRestraint : public BiasFix {
 public:
  FixNanochartRestraint(LAMMPS_NS::LAMMPS *lammps, int narg, char **arg);

  const Bias &bias() const override { return *restraint_; }
  std::string static_potential() const override { return parameters_; }
  void advance(std::int64_t step) override;
  void add_columns(const std::vector<double> &s, std::vector<std::string> &names,
                   std::vector<double> &values) const override;
  double compute_vector(int) override;  // work, the deck's energy unit

 protected:
  void check(int cvs, int every) const override;
  void open(const std::string &state) override;
  std::string state() const override { return moving_->state(); }
  void begin(std::int64_t step, const double *s) override { moving_->begin(step, s); }
  void update_bias(std::int64_t step, double, const double *s) override {
    moving_->update(step, s);
  }

 private:
  std::unique_ptr<Bias> restraint_;
  MovingRestraint *moving_ = nullptr;  // restraint_, if it moves
  int dim_ = 0;
  std::string parameters_;
};

}  // namespace nanochart
