#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <tuple>
#include <vector>

#include "bias/moving_restraint.hpp"
#include "python/bias_value.hpp"

namespace py = pybind11;

namespace nanochart {

namespace {

using Values = std::vector<double>;
using Leg = std::tuple<Values, std::int64_t, std::int64_t>;

MovingRestraint make(Values start, Values kappa, const std::vector<Leg> &legs,
                     const std::string &state) {
  std::vector<MovingRestraint::Leg> all;
  for (const auto &[to, first, last] : legs) all.push_back({to, first, last});
  MovingRestraint restraint(std::move(start), std::move(kappa), std::move(all));
  if (!state.empty()) restraint.restore(state);
  return restraint;
}

py::tuple parameters(const MovingRestraint &r) {
  std::vector<Leg> legs;
  for (const auto &leg : r.legs()) legs.emplace_back(leg.to, leg.first, leg.last);
  return py::make_tuple(r.start(), r.kappa(), legs, r.state(), r.step());
}

}  // namespace

void bind_moving_restraint(py::module_ &m) {
  py::class_<MovingRestraint>(m, "MovingRestraint",
                              R"(V = sum_i kappa_i/2 (s_i - a_i)^2 with a centre a that moves.

The centre is at `start`, moves linearly to `to` between the two steps of each leg, and rests
between legs and after the last. Work by the trapezoid of dV/da, as PLUMED's MOVINGRESTRAINT:
W = sum over updates of (a - a')/2 . (dV/da + dV'/da'), the prime for the update before.

Parameters
----------
start : [d], dimensionless as s.
kappa : [d], eV; >= 0, a component with 0 is free.
legs : list of (to[d], step0, step1), in the order of time.
state : what `state` returned when a run was interrupted: continue there.

Raises
------
ValueError
    unless all have d finite values, kappa >= 0, and the steps are in order.)")
      .def(py::init(&make), py::arg("start"), py::arg("kappa"), py::arg("legs"),
           py::arg("state") = "")
      .def(py::pickle(&parameters,
                      [](const py::tuple &t) {
                        auto copy = make(t[0].cast<Values>(), t[1].cast<Values>(),
                                         t[2].cast<std::vector<Leg>>(), t[3].cast<std::string>());
                        copy.set_step(t[4].cast<std::int64_t>());
                        return copy;
                      }))
      .def("set_step", &MovingRestraint::set_step, py::arg("step"),
           "Moves the centre to its place at `step`.")
      .def("value", &value_of<MovingRestraint>, py::arg("s"), value_doc)
      .def(
          "update",
          [](MovingRestraint &r, std::int64_t step, const Vector &s) {
            expect_cvs(s, r.dim(), false);
            r.update(step, s.data());
          },
          py::arg("step"), py::arg("s"),
          "Sets `step` and adds the work since the last update; s[d] is that of `step`. The first "
          "update, and a further one for the same step, add none.")
      .def(
          "begin",
          [](MovingRestraint &r, std::int64_t step, const Vector &s) {
            expect_cvs(s, r.dim(), false);
            r.begin(step, s.data());
          },
          py::arg("step"), py::arg("s"),
          "Sets `step` and adds no work: s[d] may have changed by other means than dynamics.")
      .def_property_readonly("state", &MovingRestraint::state, "text for a restart")
      .def_property_readonly("center", &MovingRestraint::center, "a[d] at the present step")
      .def(
          "work_with",
          [](const MovingRestraint &r, const Vector &s) {
            expect_cvs(s, r.dim(), false);
            return r.work_with(s.data());
          },
          py::arg("s"), "W as it will be after update() at s[d], eV")
      .def_property("work", &MovingRestraint::work, &MovingRestraint::set_work, "W, eV")
      .def_property_readonly("dim", &MovingRestraint::dim, "number of CVs, d");
}

}  // namespace nanochart
