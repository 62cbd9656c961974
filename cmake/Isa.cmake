# *_isa.cpp hold the pair loops and the lattice (core) and the matrix products of dense networks (model). Each is
# compiled once per instruction set into its own namespace (NANOCHART_ISA); csrc/core/isa.cpp picks
# one at run time.
file(GLOB NANOCHART_ISA_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/csrc/core/*_isa.cpp
     ${CMAKE_SOURCE_DIR}/csrc/model/*_isa.cpp)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(NANOCHART_ISAS baseline avx2 avx512)
  set(NANOCHART_ISA_DEFINITIONS NANOCHART_X86=1)
else()
  set(NANOCHART_ISAS baseline)
endif()
set(NANOCHART_FLAGS_baseline "")
set(NANOCHART_FLAGS_avx2 -mavx2 -mfma)
set(NANOCHART_FLAGS_avx512 -mavx512f -mavx512dq -mavx512vl -mavx512bw -mfma -mprefer-vector-width=512)
foreach(isa IN LISTS NANOCHART_ISAS)
  add_library(nanochart_${isa} OBJECT ${NANOCHART_ISA_SOURCES})
  target_compile_options(nanochart_${isa} PRIVATE -O3 -ffp-contract=fast -fno-math-errno -fno-trapping-math
    -Wno-uninitialized -Wno-maybe-uninitialized  # GCC 12 about its own AVX-512 header
    ${NANOCHART_FLAGS_${isa}})
  target_compile_definitions(nanochart_${isa} PRIVATE NANOCHART_ISA=${isa})
  list(APPEND NANOCHART_ISA_OBJECTS $<TARGET_OBJECTS:nanochart_${isa}>)
endforeach()
