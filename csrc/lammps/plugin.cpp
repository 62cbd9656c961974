// The shared object that LAMMPS loads. It uses only LAMMPS's C library interface, so that it can
// be loaded into any LAMMPS: the fixes, which use LAMMPS's classes, are opened only after the host
// is known to be the one they were built for.
#include <dlfcn.h>
#include <link.h>
#include <mpi.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <string>

#include "lammps/plugin_interface.hpp"

namespace {

#if defined(LAMMPS_BIGBIG)
constexpr int TAG_BYTES = 8;
#else
constexpr int TAG_BYTES = 4;
#endif

#if defined(MPICH_VERSION)
constexpr const char *BUILT_MPI = "MPICH";
#elif defined(OMPI_MAJOR_VERSION)
constexpr const char *BUILT_MPI = "Open MPI";
#else
constexpr const char *BUILT_MPI = "no MPI";
#endif

template <class Function>
Function *host(const char *name) {
  return reinterpret_cast<Function *>(dlsym(RTLD_DEFAULT, name));
}

// MPI libraries of MPICH's binary interface, Open MPI's, or LAMMPS's own stubs.
std::string host_mpi() {
  const auto has_mpi = host<int()>("lammps_config_has_mpi_support");
  const auto version = host<int(char *, int *)>("MPI_Get_library_version");
  if (!version || !has_mpi || !has_mpi()) return "no MPI";
  std::array<char, 65536> text{};
  int length = 0;
  version(text.data(), &length);
  return std::strstr(text.data(), "Open MPI") ? "Open MPI" : "MPICH";
}

// What differs between this LAMMPS and the one the fixes were built for; empty when they fit.
std::string difference(void *lammps) {
  const auto version = host<int(void *)>("lammps_version");
  const auto setting = host<int(void *, const char *)>("lammps_extract_setting");
  const std::string built = std::to_string(NANOCHART_LAMMPS_VERSION);
  if (!version || !setting)
    return "LAMMPS " + built + ", but this LAMMPS does not offer its C library interface";
  if (const int found = version(lammps); found != NANOCHART_LAMMPS_VERSION)
    return "LAMMPS version " + built + ", but this LAMMPS is version " + std::to_string(found);
  for (const char *name : {"tagint", "imageint", "bigint"}) {
    const int bytes = std::strcmp(name, "bigint") ? TAG_BYTES : 8;
    if (const int found = setting(lammps, name); found != bytes)
      return "a LAMMPS with " + std::to_string(8 * bytes) + "-bit " + name +
             ", but this LAMMPS has " + std::to_string(8 * found) + " bits";
  }
  if (const auto mpi = host_mpi(); mpi != BUILT_MPI)
    return std::string("a LAMMPS with ") + BUILT_MPI + ", but this LAMMPS has " + mpi;
  return "";
}

// Length of a table of virtual functions, 0 when there is none of this name.
std::size_t table_length(void *library, const char *name) {
  Dl_info info;
  void *entry = nullptr, *address = dlsym(library, name);
  if (!address || !dladdr1(address, &info, &entry, RTLD_DL_SYMENT) || !entry) return 0;
  return static_cast<const ElfW(Sym) *>(entry)->st_size / sizeof(void *);
}

void warn(void *lammps, const std::string &sentence) {
  if (const auto error = host<void(void *, int, const char *)>("lammps_error"))
    error(lammps, 0, sentence.c_str());  // LMP_ERROR_WARNING: rank 0, screen and log
  else
    std::fprintf(stderr, "WARNING: %s\n", sentence.c_str());
}

void refuse(void *lammps, const std::string &differs) {
  warn(lammps, "nanochart was built for " + differs +
                   ": its fixes are not available; install the LAMMPS it was built for, or build "
                   "nanochart for this one with cmake -DNANOCHART_LAMMPS=PATH");
}

std::string beside_this_library(const std::string &name) {
  Dl_info info;
  dladdr(reinterpret_cast<void *>(&warn), &info);
  const std::string path = info.dli_fname;
  return path.substr(0, path.rfind('/') + 1) + name;
}

// 20250722 -> 22 Jul 2025, as LAMMPS writes its version.
const char *version_text() {
  static const char *months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  static const std::string text =
      std::to_string(NANOCHART_LAMMPS_VERSION % 100) + " " +
      months[NANOCHART_LAMMPS_VERSION / 100 % 100 - 1] + " " +
      std::to_string(NANOCHART_LAMMPS_VERSION / 10000);
  return text.c_str();
}

}  // namespace

extern "C" __attribute__((visibility("default"))) void lammpsplugin_init(void *lammps, void *handle,
                                                                         void *registration) {
  const std::string differs = difference(lammps);
  if (!differs.empty()) return refuse(lammps, differs);
  // Local symbols, never closed: fixes may outlive the plugin's own handle.
  const std::string path = beside_this_library("libnanochart_lammps.so");
  void *fixes = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  const auto styles = fixes ? reinterpret_cast<nanochart::FixStyles *>(
                                  dlsym(fixes, "nanochart_fix_styles"))
                            : nullptr;
  if (!styles)
    return warn(lammps, std::string("nanochart: its fixes cannot be opened (") + dlerror() +
                            "): install nanochart again in this environment");
  const auto built = table_length(fixes, nanochart::COMPILED_FIX_TABLE);
  const auto here = table_length(RTLD_DEFAULT, nanochart::FIX_TABLE);
  if (built != here)
    return refuse(lammps, "another update of LAMMPS " + std::to_string(NANOCHART_LAMMPS_VERSION) +
                              ", whose class Fix has a table of " + std::to_string(built) +
                              " virtual functions and not " + std::to_string(here));
  for (const auto *style = styles(); style->name; ++style) {
    lammpsplugin_t entry{version_text(), "fix",   style->name, "learned structural charts",
                         "nanochart",    {},      handle};
    entry.creator.v2 = style->create;
    reinterpret_cast<lammpsplugin_register>(registration)(&entry, lammps);
  }
}
