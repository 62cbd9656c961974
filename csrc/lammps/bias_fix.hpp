#pragma once
#include <fix.h>

#include <string>

#include "bias/bias.hpp"

namespace nanochart {

class FixNanochart;

// A fix that holds a bias on the CVs of a fix nanochart. It acts through that fix alone, which
// looks for it by its CVFIX, evaluates it and tallies its force, energy and virial.
class BiasFix : public LAMMPS_NS::Fix {
 public:
  BiasFix(LAMMPS_NS::LAMMPS *lammps, int narg, char **arg);

  const std::string &chart_id() const { return chart_id_; }
  virtual const Bias &bias() const = 0;
  // The parameters of V(s) as text: equal texts, equal V. Empty when V changes with time.
  virtual std::string static_potential() const = 0;

  int setmask() override { return 0; }
  void init() override;             // the chart exists and has as many CVs as the bias
  double compute_scalar() override; // V in the deck's energy unit

 protected:
  std::string chart_id_;
  virtual int dim() const = 0;
  std::string who() const { return std::string("fix ") + style + " " + id; }

 private:
  FixNanochart &chart() const;
};

}  // namespace nanochart
