#pragma once
#include <update.h>

#include <memory>
#include <string>

#include "lammps/guarded.hpp"

namespace nanochart {

// What 1 eV and 1 ps are in the units of a deck; lengths are angstrom in both.
struct DeckUnits {
  double energy, time;

  explicit DeckUnits(const std::string &style) {
    namespace utils = LAMMPS_NS::utils;
    if (style == "metal")
      energy = time = 1;
    else if (style == "real")
      energy = utils::get_conversion_factor(utils::ENERGY, utils::METAL2REAL), time = 1000;
    else
      throw Error("units are " + style + ", must be metal or real: a chart is learned in angstrom "
                  "and its biases are in eV, to which " + style + " units are not converted");
  }
};

// A DeckUnits, or the end of the run.
inline DeckUnits deck_units(LAMMPS_NS::LAMMPS *lammps, const std::string &who) {
  std::unique_ptr<DeckUnits> units;
  guarded(lammps, who, [&] { units = std::make_unique<DeckUnits>(lammps->update->unit_style); });
  return *units;
}

}  // namespace nanochart
