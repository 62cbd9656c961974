#include "lammps/temper.hpp"

#include <error.h>
#include <input.h>
#include <universe.h>
#include <update.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace nanochart {
namespace {

// FNV-1a, the same on every rank.
std::uint64_t hash(const std::string &text) {
  std::uint64_t value = 14695981039346656037u;
  for (const unsigned char byte : text) value = (value ^ byte) * 1099511628211u;
  return value;
}

// The current command; LAMMPS made this member public only in 2025.
struct InputPeek : LAMMPS_NS::Input {
  static const char *of(const LAMMPS_NS::Input &input) { return input.*(&InputPeek::command); }
};

}  // namespace

void check_temper(LAMMPS_NS::LAMMPS *lammps, int every, bool energy_is_tallied,
                  const std::vector<BiasFix *> &biases) {
  // LAMMPS tells a fix that a run starts, not which command starts it; the command and its
  // arguments stand in its input: temper N M temp fix-ID seed1 seed2.
  const auto *input = lammps->input;
  const auto *universe = lammps->universe;
  const char *command = InputPeek::of(*input);
  if (universe->nworlds == 1 || lammps->update->whichflag != 1 || !command ||
      std::strncmp(command, "temper", 6) != 0 || input->narg < 2)
    return;

  enum { PERIOD, MOVES, SILENT, PROBLEMS };
  std::array<int, PROBLEMS> found{};
  found[PERIOD] = std::atol(input->arg[1]) % every != 0;
  found[SILENT] = !biases.empty() && !energy_is_tallied;
  std::string potential;
  for (const auto *bias : biases) {
    const std::string text = bias->static_potential();
    found[MOVES] |= text.empty();
    potential += text + "\n";
  }
  std::array<std::uint64_t, 2> least{hash(potential), ~hash(potential)};
  MPI_Allreduce(MPI_IN_PLACE, found.data(), PROBLEMS, MPI_INT, MPI_MAX, universe->uworld);
  MPI_Allreduce(MPI_IN_PLACE, least.data(), 2, MPI_UINT64_T, MPI_MIN, universe->uworld);

  std::string problem;
  if (found[PERIOD])
    problem = std::string("the swap period of temper is ") + input->arg[1] +
              ", must be a multiple of every, which is " + std::to_string(every);
  else if (found[SILENT])
    problem = "temper swaps by potential energies, which must contain the bias: remove "
              "fix_modify energy no";
  else if (found[MOVES])
    problem = "temper swaps temperatures by potential energies, which is right only for a bias "
              "that does not change with time";
  else if (least[0] != ~least[1])
    problem = "temper swaps temperatures by potential energies, which is right only if all worlds "
              "have the same bias: give every world the same bias fixes in the same order";
  if (!problem.empty()) lammps->error->universe_all(FLERR, "fix nanochart: " + problem);
}

}  // namespace nanochart
