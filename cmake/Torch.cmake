# libtorch and nlohmann_json of the Python environment that builds. Torch's own CMake package is
# not used: it asks for a CUDA toolkit wherever torch was built with one.
execute_process(COMMAND ${Python_EXECUTABLE} -c
  "import torch, nlohmann_json, os; print(os.path.dirname(torch.__file__), torch.__version__, nlohmann_json.get_include(), sep=';')"
  OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "torch and nlohmann-json must be installed in ${Python_EXECUTABLE} before nanochart "
    "is built; then build with: pip install --no-build-isolation .")
endif()
list(GET found 0 TORCH_DIR)
list(GET found 1 TORCH_VERSION)
list(GET found 2 NLOHMANN_INCLUDE)
message(STATUS "nanochart: torch ${TORCH_VERSION} in ${TORCH_DIR}")

add_library(torch_of_python INTERFACE)
target_include_directories(torch_of_python SYSTEM INTERFACE
  ${TORCH_DIR}/include ${TORCH_DIR}/include/torch/csrc/api/include)
target_compile_definitions(torch_of_python INTERFACE _GLIBCXX_USE_CXX11_ABI=1
  NANOCHART_TORCH_VERSION="${TORCH_VERSION}")
target_link_libraries(torch_of_python INTERFACE
  ${TORCH_DIR}/lib/libtorch.so ${TORCH_DIR}/lib/libtorch_cpu.so ${TORCH_DIR}/lib/libc10.so)

add_library(nlohmann_json_of_python INTERFACE)
target_include_directories(nlohmann_json_of_python SYSTEM INTERFACE ${NLOHMANN_INCLUDE})

set_source_files_properties(${CMAKE_SOURCE_DIR}/csrc/model/loader.cpp PROPERTIES
  COMPILE_DEFINITIONS NANOCHART_TORCH_VERSION="${TORCH_VERSION}")
