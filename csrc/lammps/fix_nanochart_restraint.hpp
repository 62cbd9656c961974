#pragma once
#include <memory>

#include "bias/restraint.hpp"
#include "lammps/bias_fix.hpp"

namespace nanochart {

// fix ID group nanochart/restraint CVFIX at s1 .. sd kappa k1 .. kd
class FixNanochartRestraint : public BiasFix {
 public:
  FixNanochartRestraint(LAMMPS_NS::LAMMPS *lammps, int narg, char **arg);

  const Bias &bias() const override { return *restraint_; }
  std::string static_potential() const override { return parameters_; }
  double compute_vector(int) override { return 0; }  // work: the restraint does not move

 protected:
  int dim() const override { return restraint_->dim(); }

 private:
  std::unique_ptr<Restraint> restraint_;
  std::string parameters_;
};

}  // namespace nanochart
