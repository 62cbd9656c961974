#pragma once
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "bias/bias.hpp"

namespace nanochart {

// Harmonic restraint V = sum_i kappa_i/2 (s_i - a_i)^2 whose centre a follows a schedule in steps:
// at `start`, then along each leg linearly to `to` between its steps `first` and `last`, and still
// between legs and after the last one. Work as PLUMED's MOVINGRESTRAINT:
//   W = sum over evaluated steps of (a - a')/2 . (dV/da + dV'/da'), the prime for the step before.
class MovingRestraint : public Bias {
 public:
  struct Leg {
    std::vector<double> to;
    std::int64_t first, last;
  };

  // Throws Error unless all have one finite value a CV, kappa >= 0, there is a leg, first < last,
  // and no leg begins before the one ahead of it has ended.
  MovingRestraint(std::vector<double> start, std::vector<double> kappa, std::vector<Leg> legs);

  // The centre that value() uses: a(step).
  void set_step(std::int64_t step);
  double value(const double *s, double *dv_ds) const override;

  // Sets `step` and adds the work done since the last call; s[d] is that of `step`. The first
  // call, and a further one for the same step, add nothing.
  void update(std::int64_t step, const double *s);
  // The same, but nothing is added: s may have changed by other means than dynamics.
  void begin(std::int64_t step, const double *s);

  int dim() const { return static_cast<int>(kappa_.size()); }
  const std::vector<double> &start() const { return start_; }
  const std::vector<double> &center() const { return center_; }
  std::int64_t step() const { return step_; }  // of that centre
  const std::vector<double> &kappa() const { return kappa_; }
  const std::vector<Leg> &legs() const { return legs_; }
  double work() const { return work_; }         // eV
  double work_with(const double *s) const;      // as it will be after update() at this s
  void set_work(double work) { work_ = work; }  // on restart, before the first update()

  // Work and last update, for the engine's restart file. restore() throws Error when it is not the
  // state of a restraint with as many CVs.
  std::string state() const;
  void restore(const std::string &state);

 private:
  std::vector<double> start_, kappa_;
  std::vector<Leg> legs_;
  std::vector<double> center_;
  std::int64_t step_ = std::numeric_limits<std::int64_t>::min();

  double work_ = 0;
  bool begun_ = false;
  std::int64_t last_step_ = 0;
  std::vector<double> last_center_, last_pull_;  // pull: dV/da
};

}  // namespace nanochart
