# csrc/core/*.cu where nvcc is found, else the stub that says there is no CUDA. The CUDA runtime
# is linked statically, so that what is built with it also runs where there is none.
option(NANOCHART_CUDA "build for GPUs when nvcc is found" ON)
set(NANOCHART_CUDA_SOURCE csrc/core/rdf_cuda_stub.cpp)
if(NANOCHART_CUDA)
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
      set(CMAKE_CUDA_ARCHITECTURES 80 90)  # A100, H100 and H200; newer ones run the PTX of 90
    endif()
    set(CMAKE_CUDA_STANDARD 17)
    enable_language(CUDA)
    set(CMAKE_CUDA_VISIBILITY_PRESET hidden)
    set(NANOCHART_CUDA_SOURCE csrc/core/rdf_cuda.cu csrc/core/rdf_cuda_pass.cu)
  endif()
endif()
message(STATUS "nanochart: ${NANOCHART_CUDA_SOURCE}")
