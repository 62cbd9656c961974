#pragma once
#include <string>
#include <vector>

#include "core/kernels.hpp"

namespace nanochart {

// Instruction sets that this build holds and this processor runs, slowest first.
std::vector<std::string> available_isas();

// The one in use: the last of available_isas(), or what the environment variable NANOCHART_ISA
// names. Read once. Throws Error when that is unknown or cannot run here.
std::string current_isa();
const Kernels &current_kernels();

}  // namespace nanochart
