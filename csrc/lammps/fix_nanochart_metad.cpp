#include "lammps/fix_nanochart_metad.hpp"

#include <universe.h>

#include "lammps/fix_nanochart.hpp"
#include "lammps/guarded.hpp"

namespace nanochart {

FixNanochartMetad::FixNanochartMetad(LAMMPS_NS::LAMMPS *lammps, int narg, char **arg)
    : BiasFix(lammps, narg, arg) {
  guarded(lmp, "fix nanochart/metad", [&] {
    auto a = parse_metad(Words(arg + 3, arg + narg));
    chart_id_ = a.chart;
    options_ = a.options;
    options_.height /= units_.energy;
    files_ = a.files;
    // Worlds that write need files of their own; a static bias may be that of all.
    if (lmp->universe->nworlds > 1 && options_.height > 0 && files_.directory.empty() &&
        !files_.file.empty())
      files_.file = with_world(files_.file, lmp->universe->iworld);
    on_root(ranks(), [this] { run_ = std::make_unique<MetadynamicsRun>(options_, files_); });
  });
  changes_with_time();
  vector_flag = 1;
  size_vector = 3;
  extvector = 0;
}

std::string FixNanochartMetad::static_potential() const {
  if (grows()) return "";
  std::string text = "metad " + files_.file + exact_text(options_.sigma);
  for (const int component : options_.components) text += " " + std::to_string(component);
  for (const auto &axis : options_.grid)
    text += exact_text({axis.lo, axis.hi, static_cast<double>(axis.bins)});
  return text;
}

void FixNanochartMetad::check(int cvs, int every) const {
  check_values(options_.dim, cvs);
  const auto multiple = [&](const std::string &what, std::int64_t steps) {
    if (steps % every)
      throw Error(what + " is " + std::to_string(steps) + ", must be a multiple of every of fix "
                  "nanochart " + chart_id_ + ", which is " + std::to_string(every));
  };
  if (options_.height > 0) multiple("pace", options_.pace);
  if (!files_.directory.empty()) multiple("walkers n", files_.read_every);
}

// Made anew, as only now the model is known.
void FixNanochartMetad::open(const std::string &state) {
  files_.model = chart().model().hash;
  run_ = std::make_unique<MetadynamicsRun>(options_, files_);
  run_->open(state);
  say(run_->bias().notes());
  say(run_->messages());
}

void FixNanochartMetad::update_bias(std::int64_t step, double time, const double *s) {
  run_->deposit(step, time, s);
  say(run_->messages());
}

void FixNanochartMetad::say(const std::vector<std::string> &notes) const {
  for (const auto &note : notes) LAMMPS_NS::utils::logmesg(lmp, who() + ": " + note + "\n");
}

void FixNanochartMetad::add_columns(std::vector<std::string> &names,
                                    std::vector<double> &values) const {
  names.push_back(std::string(id) + ".rct");
  values.push_back(run_ ? run_->bias().ct() : 0);
}

double FixNanochartMetad::compute_vector(int i) {
  double value = 0;
  if (run_) {
    const double values[] = {static_cast<double>(run_->total()),
                             run_->last_height() * units_.energy,
                             run_->bias().ct() * units_.energy};
    value = values[i];
  }
  return from_root(value);
}

}  // namespace nanochart
