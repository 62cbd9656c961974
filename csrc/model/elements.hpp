#pragma once
#include <string>
#include <vector>

namespace nanochart {

// Symbol of the element whose standard atomic weight is within 0.1 u of `mass`; empty if none.
std::string element_of_mass(double mass);

// For each atom type, with the element `types[i]`, its index in `elements`; -1 when not there.
std::vector<int> species_of_types(const std::vector<std::string> &elements,
                                  const std::vector<std::string> &types);

std::string join(const std::vector<std::string> &words);

}  // namespace nanochart
