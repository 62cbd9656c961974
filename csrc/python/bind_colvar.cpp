#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "bias/colvar_log.hpp"

namespace py = pybind11;

namespace nanochart {

void bind_colvar(py::module_ &m) {
  py::class_<ColvarLog>(m, "ColvarLog", R"(A COLVAR file, as PLUMED's PRINT and fix nanochart write it.

Parameters
----------
path : an existing file is kept as bck.0.NAME, bck.1.NAME, .. in its folder,
append : unless it is to be continued.

Raises
------
ValueError
    when the file cannot be written.)")
      .def(py::init<const std::string &, bool>(), py::arg("path"), py::arg("append") = false)
      .def("header", &ColvarLog::header, py::arg("fields"),
           "Names of all columns, `time` first: a header line, if they differ from those before.")
      .def("row", &ColvarLog::row, py::arg("time"), py::arg("values"),
           "time in ps, then the values of the other columns.");
}

}  // namespace nanochart
