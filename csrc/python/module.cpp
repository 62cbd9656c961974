#include <pybind11/pybind11.h>

#include "core/error.hpp"

namespace py = pybind11;

namespace nanochart {
void bind_bias(py::module_ &m);
void bind_chart(py::module_ &m);
void bind_cna(py::module_ &m);
void bind_colvar(py::module_ &m);
void bind_metadynamics(py::module_ &m);
void bind_moving_restraint(py::module_ &m);
void bind_rdf(py::module_ &m);
void bind_rdf_cuda(py::module_ &m);
void bind_wall(py::module_ &m);
}

PYBIND11_MODULE(_core, m) {
  m.doc() = "C++ core of nanochart: pair sums, geometry and biases.";
  py::register_exception<nanochart::Error>(m, "Error", PyExc_ValueError);
  nanochart::bind_rdf(m);
  nanochart::bind_rdf_cuda(m);
  nanochart::bind_bias(m);
  nanochart::bind_wall(m);
  nanochart::bind_moving_restraint(m);
  nanochart::bind_metadynamics(m);
  nanochart::bind_colvar(m);
  nanochart::bind_chart(m);
  nanochart::bind_cna(m);
}
