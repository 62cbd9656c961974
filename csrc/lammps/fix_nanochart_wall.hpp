#pragma once
#include <memory>

#include "bias/wall.hpp"
#include "lammps/bias_fix.hpp"

namespace nanochart {

// fix ID group nanochart/wall CVFIX lower|upper COMPONENT at a kappa k [exp e]
class FixNanochartWall : public BiasFix {
 public:
  FixNanochartWall(LAMMPS_NS::LAMMPS *lammps, int narg, char **arg);

  const Bias &bias() const override { return *wall_; }
  std::string static_potential() const override { return parameters_; }

 protected:
  void check(int cvs, int every) const override;

 private:
  std::unique_ptr<Wall> wall_;
  int component_ = 0;  // counted from 1
  std::string parameters_;
};

}  // namespace nanochart
