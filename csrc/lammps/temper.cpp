#include "lammps/temper.hpp"

#include <error.h>
#include <input.h>
#include <universe.h>
#include <update.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "lammps/guarded.hpp"
#include "lammps/worlds.hpp"
#include "model/sha256.hpp"

namespace nanochart {
namespace {

constexpr char who[] = "fix nanochart";

// The current command; LAMMPS made this member public only in 2025.
struct InputPeek : LAMMPS_NS::Input {
  static const char *of(const LAMMPS_NS::Input &input) { return input.*(&InputPeek::command); }
};

// What is wrong in this world alone, or empty.
std::string own_problem(const char *period, int every, bool energy_is_tallied,
                        const std::vector<BiasFix *> &biases) {
  if (std::atol(period) % every != 0)
    return std::string("the swap period of temper is ") + period +
           ", must be a multiple of every, which is " + std::to_string(every);
  if (!biases.empty() && !energy_is_tallied)
    return "temper swaps by potential energies, which must contain the bias: remove "
           "fix_modify energy no";
  for (const auto *bias : biases)
    if (bias->static_potential().empty())
      return "temper swaps temperatures by potential energies, which is right only for a bias "
             "that does not change with time";
  return "";
}

// The same in all worlds, or empty; throws Error when a world does not answer.
std::string problem_of_all(const Worlds &worlds, const std::string &problem,
                           const std::vector<BiasFix *> &biases) {
  const std::string fine = "bias ";
  std::string potential;
  for (const auto *bias : biases) potential += bias->static_potential() + "\n";
  const auto all = worlds.exchange("temper", problem.empty() ? fine + sha256(potential) : problem);
  for (const auto &text : all)
    if (text.compare(0, fine.size(), fine) != 0) return text;
  for (const auto &text : all)
    if (text != all[0])
      return "temper swaps temperatures by potential energies, which is right only if all worlds "
             "have the same bias: give every world the same bias fixes in the same order";
  return "";
}

// Ends worlds that wait elsewhere, too. The lowest world speaks first, and so alone.
void end_all(LAMMPS_NS::LAMMPS *lammps, const std::string &problem) {
  std::this_thread::sleep_for(std::chrono::milliseconds(200 * lammps->universe->iworld));
  lammps->error->universe_one(FLERR, std::string(who) + ": " + problem);
}

}  // namespace

void check_temper(LAMMPS_NS::LAMMPS *lammps, MpiCommunicator &ranks, int every,
                  bool energy_is_tallied, const std::vector<BiasFix *> &biases) {
  // LAMMPS tells a fix that a run starts, not which command starts it; the command and its
  // arguments stand in its input: temper N M temp fix-ID seed1 seed2.
  const auto *input = lammps->input;
  const char *command = InputPeek::of(*input);
  if (lammps->universe->nworlds == 1 || lammps->update->whichflag != 1 || !command ||
      std::strncmp(command, "temper", 6) != 0 || input->narg < 2)
    return;

  const Worlds worlds(lammps, {who, "temper",
                               "all worlds must have fix nanochart, or none", 60});
  try {
    on_root(ranks, [&] {
      const auto mine = own_problem(input->arg[1], every, energy_is_tallied, biases);
      std::string problem;
      try {
        problem = problem_of_all(worlds, mine, biases);
      } catch (const Error &error) {
        end_all(lammps, error.what());
      }
      if (!problem.empty()) throw Error(problem);
    });
  } catch (const Error &error) {
    lammps->error->universe_all(FLERR, std::string(who) + ": " + error.what());
  }
}

}  // namespace nanochart
