#pragma once
#include <string>
#include <vector>

#include "core/kernels.hpp"
#include "core/pace.hpp"

namespace nanochart {

// Instruction sets that this build holds and this processor runs, slowest first.
std::vector<std::string> available_isas();

// The one in use: the last of available_isas(), for a seldom pace the last one without 512-bit
// vectors, or at any pace what the environment variable NANOCHART_ISA names. Read once. Throws Error
// when that is unknown or cannot run here.
std::string current_isa(Pace pace = Pace::often);
const Kernels &current_kernels(Pace pace = Pace::often);

}  // namespace nanochart
