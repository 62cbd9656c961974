#pragma once
#include <error.h>
#include <pointers.h>

#include <string>

#include "core/error.hpp"

namespace nanochart {

// Runs `work`, which throws Error on all ranks alike or on none, and ends as a LAMMPS error.
template <class Work>
void guarded(LAMMPS_NS::LAMMPS *lammps, const std::string &who, const Work &work) {
  std::string message;
  try {
    work();
    return;
  } catch (const Error &error) {
    message = who + ": " + error.what();
  }
  lammps->error->all(FLERR, message);
}

}  // namespace nanochart
