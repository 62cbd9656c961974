#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "bias/restraint.hpp"
#include "python/bias_value.hpp"

namespace py = pybind11;

namespace nanochart {

void bind_bias(py::module_ &m) {
  py::class_<Restraint>(m, "Restraint", R"(Harmonic restraint V = sum_i kappa_i/2 (s_i - at_i)^2.

Parameters
----------
at : [d], dimensionless as s.
kappa : [d], eV; >= 0, a component with 0 is free.

Raises
------
ValueError
    unless both have d finite values and kappa >= 0.)")
      .def(py::init<std::vector<double>, std::vector<double>>(), py::arg("at"), py::arg("kappa"))
      .def("value", &value_of<Restraint>, py::arg("s"), value_doc)
      .def(py::pickle([](const Restraint &r) { return py::make_tuple(r.at(), r.kappa()); },
                      [](const py::tuple &t) {
                        using Values = std::vector<double>;
                        return Restraint(t[0].cast<Values>(), t[1].cast<Values>());
                      }))
      .def_property_readonly("dim", &Restraint::dim, "number of CVs, d");
}

}  // namespace nanochart
