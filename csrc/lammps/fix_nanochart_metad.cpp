#include "lammps/fix_nanochart_metad.hpp"

#include <universe.h>
#include <update.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <type_traits>

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
    if (a.partition && lmp->universe->nworlds == 1)
      throw Error("walkers partition needs several worlds: start LAMMPS with -partition");
    if (a.partition)
      worlds_ = std::make_unique<Worlds>(
          lmp, Worlds::Purpose{who(), "walkers partition",
                               "it must have this fix, the same runs, and not stop before the others",
                               600});
    files_.write = !a.partition || lmp->universe->iworld == 0;
    // Worlds that write need files of their own; a static bias may be that of all.
    if (lmp->universe->nworlds > 1 && options_.height > 0 && files_.directory.empty() &&
        !files_.file.empty() && !a.partition)
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
  // The hills themselves: worlds may run in folders of their own, where one name is several files.
  std::ifstream file(files_.file, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  text += "metad" + exact_text(options_.sigma);
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

void FixNanochartMetad::init() {
  BiasFix::init();
  // init() comes for write_restart and minimize too, which add no hills
  if (worlds_ && update->whichflag == 1)
    guarded(lmp, who(), [this] { on_root(ranks(), [this] { compare_worlds(); }); });
}

void FixNanochartMetad::compare_worlds() const {
  const auto &o = options_;
  std::string grid, components;
  for (const auto &axis : o.grid)
    grid += exact_text({axis.lo, axis.hi, static_cast<double>(axis.bins)});
  for (const int component : o.components) components += " " + std::to_string(component + 1);
  worlds_->compare("start of a run",
                   {{"the step number", std::to_string(update->ntimestep)},
                    {"the run length", std::to_string(update->laststep - update->firststep)},
                    {"pace", std::to_string(o.pace)},
                    {"every of fix nanochart", std::to_string(chart().every())},
                    {"the list of biased CVs", components},
                    {"sigma", exact_text(o.sigma)},
                    {"height (eV)", exact_text({o.height})},
                    {"biasfactor", exact_text({o.biasfactor.value_or(-1)})},
                    {"temp", exact_text({o.temperature.value_or(-1)})},
                    {"grid", grid},
                    {"hills", files_.file},
                    {"restart", files_.restart ? "yes" : "no"},
                    {"the model", chart().model().hash}});
}

// Made anew, as only now the model is known.
void FixNanochartMetad::open(const std::string &state) {
  files_.model = chart().model().hash;
  run_ = std::make_unique<MetadynamicsRun>(options_, files_);
  if (worlds_) {
    // World 0 may cut the file, which the others then read.
    worlds_->compare("restart data", {{"the restart data", state}});
    if (files_.write) run_->open(state);
    worlds_->exchange("hills opened", "");
    if (!files_.write) run_->open(state);
  } else {
    run_->open(state);
  }
  say(run_->bias().notes());
  say(run_->messages());
}

void FixNanochartMetad::update_bias(std::int64_t step, double time, const double *s) {
  if (!worlds_)
    run_->deposit(step, time, s);
  else if (run_->bias().due(step))
    run_->hold(step, hills_of_all(step, run_->next_hill(time, s)));
  say(run_->messages());
}

// In the order of worlds, which is the same everywhere.
std::vector<Hill> FixNanochartMetad::hills_of_all(std::int64_t step, const Hill &mine) const {
  static_assert(std::is_trivially_copyable_v<Hill>);
  const std::string bytes(reinterpret_cast<const char *>(&mine), sizeof mine);
  std::vector<Hill> hills;
  for (const auto &text : worlds_->exchange("step " + std::to_string(step), bytes))
    std::memcpy(&hills.emplace_back(), text.data(), sizeof(Hill));
  return hills;
}

void FixNanochartMetad::say(const std::vector<std::string> &notes) const {
  for (const auto &note : notes) LAMMPS_NS::utils::logmesg(lmp, who() + ": " + note + "\n");
}

void FixNanochartMetad::add_columns(const std::vector<double> &, std::vector<std::string> &names,
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
