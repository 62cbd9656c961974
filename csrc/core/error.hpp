#pragma once
#include <stdexcept>

namespace nanochart {

// Every message names the keyword or file, the value, the rule and the fix. Adapters translate it
// into their engine's error; it crosses shared objects, hence the visible type.
struct __attribute__((visibility("default"))) Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace nanochart
