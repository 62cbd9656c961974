#include <pybind11/pybind11.h>

#include <string>

#include "bias/wall.hpp"
#include "python/bias_value.hpp"

namespace py = pybind11;

namespace nanochart {

void bind_wall(py::module_ &m) {
  py::class_<Wall>(m, "Wall", R"(One-sided wall V = kappa |s_i - at|^exp beyond `at`, else 0.

Parameters
----------
dim : number of CVs, d.
side : "lower" (acts where s_i < at) or "upper" (s_i > at).
component : i, counted from 0.
at : position, dimensionless as s.
kappa : eV, >= 0; there is no factor 1/2, as in PLUMED's LOWER_WALLS and UPPER_WALLS.
exp : > 1.

Raises
------
ValueError
    for a CV that does not exist, or a number out of range.)")
      .def(py::init([](int dim, const std::string &side, int component, double at, double kappa,
                       double exp) {
             if (side != "lower" && side != "upper")
               throw Error("side is `" + side + "`, must be lower or upper");
             return Wall(dim, side == "lower" ? Wall::Side::lower : Wall::Side::upper, component,
                         at, kappa, exp);
           }),
           py::arg("dim"), py::arg("side"), py::arg("component"), py::kw_only(), py::arg("at"),
           py::arg("kappa"), py::arg("exp") = 2.)
      .def("value", &value_of<Wall>, py::arg("s"), value_doc)
      .def(py::pickle(
          [](const Wall &w) {
            return py::make_tuple(w.dim(), w.side() == Wall::Side::upper, w.component(), w.at(),
                                  w.kappa(), w.exp());
          },
          [](const py::tuple &t) {
            return Wall(t[0].cast<int>(), t[1].cast<bool>() ? Wall::Side::upper : Wall::Side::lower,
                        t[2].cast<int>(), t[3].cast<double>(), t[4].cast<double>(),
                        t[5].cast<double>());
          }))
      .def_property_readonly("dim", &Wall::dim, "number of CVs, d");
}

}  // namespace nanochart
