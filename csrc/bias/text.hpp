#pragma once
#include <cstdio>
#include <string>

namespace nanochart {

// A number as messages show it.
inline std::string text(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.6g", value);
  return buffer;
}

}  // namespace nanochart
