#include "core/isa.hpp"

#include <cstdlib>

#include "core/error.hpp"

namespace nanochart {
namespace {

struct Isa {
  const char *name;
  const Kernels *kernels;
  bool slows_clock, runs_here;
};

const std::vector<Isa> &isas() {
  static const std::vector<Isa> all = {
      {"baseline", &baseline::kernels, false, true},
#if NANOCHART_X86
      {"avx2", &avx2::kernels, false, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")},
      {"avx512", &avx512::kernels, true,
       __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")},
#endif
  };
  return all;
}

const Isa &choose(Pace pace) {
  const char *wanted = std::getenv("NANOCHART_ISA");
  const Isa *found = nullptr;
  std::string names;
  for (const Isa &isa : isas()) {
    if (!isa.runs_here) continue;
    names += (names.empty() ? "" : ", ") + std::string(isa.name);
    const bool free = !wanted || !*wanted;
    if (free ? pace == Pace::often || !isa.slows_clock : isa.name == std::string(wanted)) found = &isa;
  }
  if (!found)
    throw Error("environment variable NANOCHART_ISA is '" + std::string(wanted) +
                "', must be one of those that this processor runs: " + names + "; or unset it");
  return *found;
}

const Isa &current(Pace pace) {
  static const Isa &often = choose(Pace::often), &seldom = choose(Pace::seldom);
  return pace == Pace::often ? often : seldom;
}

}  // namespace

std::vector<std::string> available_isas() {
  std::vector<std::string> names;
  for (const Isa &isa : isas())
    if (isa.runs_here) names.push_back(isa.name);
  return names;
}

std::string current_isa(Pace pace) { return current(pace).name; }
const Kernels &current_kernels(Pace pace) { return *current(pace).kernels; }

}  // namespace nanochart
