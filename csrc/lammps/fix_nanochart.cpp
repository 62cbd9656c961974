#include "lammps/fix_nanochart.hpp"

#include <atom.h>
#include <error.h>
#include <group.h>
#include <modify.h>
#include <update.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "lammps/guarded.hpp"
#include "lammps/temper.hpp"

namespace nanochart {

FixNanochart::FixNanochart(LAMMPS_NS::LAMMPS *lammps, int narg, char **arg)
    : Fix(lammps, narg, arg), units_(deck_units(lammps, "fix nanochart")) {
  guarded(lmp, "fix nanochart", [&] {
    arguments_ = parse_chart(Words(arg + 3, arg + narg), atom->ntypes);
    evaluation_ = std::make_unique<Evaluation>(lmp, igroup, arguments_);
  });
  scalar_flag = vector_flag = 1;
  size_vector = dim() + 1;
  extscalar = 1;
  extvector = 0;
  global_freq = 1;
  energy_global_flag = virial_global_flag = 1;
  thermo_energy = thermo_virial = 1;
  dynamic_group_allow = 1;
}

int FixNanochart::setmask() {
  using namespace LAMMPS_NS::FixConst;
  return POST_FORCE | MIN_POST_FORCE | POST_RUN;
}

void FixNanochart::init() {
  guarded(lmp, who(), [this] {
    if (update->whichflag == 1 && std::strncmp(update->integrate_style, "respa", 5) == 0)
      throw Error("run_style is respa, must be verlet: use the keyword every for a multiple time "
                  "step of the bias");
    // The atoms of a dynamic group are known only once the run has begun.
    evaluation_->prepare(!group->dynamic[igroup]);
    check_log_is_mine();
  });
  find_biases();  // another fix may stand where an old one was
  evaluation_->set_pace(pace());
  current_ = false;
}

// Fixes come and go between runs: looked for anew there, and when the list of fixes is another one.
const std::vector<BiasFix *> &FixNanochart::biases() const {
  const std::size_t count = modify->nfix;
  bool same = update->whichflag != 0 && fixes_.size() == count;
  for (std::size_t i = 0; same && i < count; ++i) same = fixes_[i] == modify->get_fix_by_index(i);
  if (!same) find_biases();
  return biases_;
}

void FixNanochart::find_biases() const {
  fixes_.clear();
  biases_.clear();
  for (int i = 0; i < modify->nfix; ++i) {
    auto *fix = modify->get_fix_by_index(i);
    fixes_.push_back(fix);
    auto *bias = dynamic_cast<BiasFix *>(fix);
    if (bias && bias->chart_id() == id) biases_.push_back(bias);
  }
}

bool FixNanochart::minimizing() const { return update->whichflag == 2; }

// The same at setup, in a run, in a minimisation and for each snapshot of a rerun.
void FixNanochart::step(int vflag) {
  current_ = false;
  v_init(vflag);
  if (!log_opened_) guarded(lmp, who(), [this] { open_log(); });
  for (auto *bias : biases()) bias->open_once();
  const double every = minimizing() ? 1 : arguments_.every;
  const bool pull = biased();
  if (pull || log_is_due()) evaluate(pull);
  if (pull)
    guarded(lmp, who(), [&] {
      evaluation_->add_force(every * units_.energy, atom->f, vflag_global ? virial : nullptr);
    });
}

// Seldom, where the clock costs the engine more than 512-bit vectors save: they save a nanosecond a pair, and
// cost up to one per cent of some 3 ms, or of the steps in between where these are fewer (docs/performance.md).
Pace FixNanochart::pace() const {
  std::int64_t interval = arguments_.log_every ? arguments_.log_every : update->nsteps;
  if (!biases_.empty()) interval = std::min<std::int64_t>(interval, minimizing() ? 1 : arguments_.every);
  const int atoms = evaluation_->model().atoms;
  return atoms <= 300 && 10 * interval >= atoms ? Pace::seldom : Pace::often;
}

bool FixNanochart::biased() const {
  return (minimizing() || update->ntimestep % arguments_.every == 0) && !biases().empty();
}

void FixNanochart::setup(int vflag) {
  check_temper(lmp, evaluation_->comm(), arguments_.every, thermo_energy != 0, biases());
  step(vflag);
  if (biased())
    for (auto *bias : biases()) bias->start(update->ntimestep, evaluation_->s());
  log();
}

// Biases change after the force: that of this step belongs to the old V.
void FixNanochart::post_force(int vflag) {
  step(vflag);
  log();
  if (biased())
    for (auto *bias : biases()) bias->finish(update->ntimestep, time(), evaluation_->s());
}

void FixNanochart::min_post_force(int vflag) {
  step(vflag);
  log();
}

void FixNanochart::post_run() {
  guarded(lmp, who(), [this] { write_row(); });
}

void FixNanochart::evaluate(bool gradient) {
  // A minimisation counts steps, but no time goes by: V stays.
  const auto now = minimizing() ? update->firststep : update->ntimestep;
  guarded(lmp, who(), [&] { evaluation_->value(biases(), gradient, now); });
  current_ = true;
}

// Between runs anything may have moved the atoms.
void FixNanochart::evaluate_for_output() {
  if (!current_ || update->whichflag == 0) evaluate(false);
}

double FixNanochart::compute_scalar() {
  if (biases().empty()) return 0;  // LAMMPS asks at each output of energies
  evaluate_for_output();
  return evaluation_->energy() * units_.energy;
}

double FixNanochart::compute_vector(int i) {
  evaluate_for_output();
  return i < dim() ? evaluation_->s()[i] : evaluation_->outside();
}

double FixNanochart::energy_of(const BiasFix &bias) {
  evaluate_for_output();
  const auto found = evaluation_->energies().find(bias.id);
  return found == evaluation_->energies().end() ? 0 : found->second * units_.energy;
}

}  // namespace nanochart
