// The fix styles of libnanochart_lammps.so.
#include "lammps/fix_nanochart.hpp"
#include "lammps/fix_nanochart_metad.hpp"
#include "lammps/fix_nanochart_restraint.hpp"
#include "lammps/fix_nanochart_wall.hpp"
#include "lammps/plugin_interface.hpp"

namespace {

template <class Style>
void *create(void *lammps, int narg, char **arg) {
  LAMMPS_NS::Fix *fix = new Style(static_cast<LAMMPS_NS::LAMMPS *>(lammps), narg, arg);
  return fix;
}

}  // namespace

// COMPILED_FIX_TABLE
struct __attribute__((visibility("default"))) nanochart_any_fix : LAMMPS_NS::Fix {
  using Fix::Fix;
  int setmask() override;
};
int nanochart_any_fix::setmask() { return 0; }

extern "C" __attribute__((visibility("default"))) const nanochart::FixStyle *nanochart_fix_styles() {
  static const nanochart::FixStyle styles[] = {
      {"nanochart", create<nanochart::FixNanochart>},
      {"nanochart/restraint", create<nanochart::FixNanochartRestraint>},
      {"nanochart/wall", create<nanochart::FixNanochartWall>},
      {"nanochart/metad", create<nanochart::FixNanochartMetad>},
      {nullptr, nullptr},
  };
  return styles;
}
