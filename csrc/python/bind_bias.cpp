#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>

#include "bias/restraint.hpp"
#include "core/error.hpp"

namespace py = pybind11;

namespace nanochart {
namespace {

using Vector = py::array_t<double, py::array::c_style | py::array::forcecast>;

// s[d] -> V, dV/ds[d]
py::tuple value(const Bias &bias, int dim, const Vector &s) {
  if (s.ndim() != 1 || s.shape(0) != dim)
    throw Error("s has shape " + std::string(py::str(s.attr("shape"))) + ", must be (" +
                std::to_string(dim) + ",)");
  Vector dv_ds(dim);
  double *out = dv_ds.mutable_data();
  std::fill_n(out, dim, 0.0);
  const double v = bias.value(s.data(), out);
  return py::make_tuple(v, dv_ds);
}

}  // namespace

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
      .def("value", [](const Restraint &r, const Vector &s) { return value(r, r.dim(), s); },
           py::arg("s"), "s[d] -> (V in eV, dV/ds[d] in eV)")
      .def_property_readonly("dim", &Restraint::dim, "number of CVs, d");
}

}  // namespace nanochart
