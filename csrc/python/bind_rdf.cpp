#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/geometry.hpp"
#include "core/isa.hpp"
#include "core/rdf.hpp"

namespace py = pybind11;

namespace nanochart {
namespace {

using Array = py::array_t<double, py::array::c_style | py::array::forcecast>;
using Ints = py::array_t<int, py::array::c_style | py::array::forcecast>;

// nanochart/descriptor.py checks what users give; these checks only keep memory safe.
void expect(const py::array &a, std::vector<py::ssize_t> shape, const char *name) {
  if (std::vector<py::ssize_t>(a.shape(), a.shape() + a.ndim()) != shape)
    throw Error(std::string(name) + ": wrong shape");
}

struct Frames {
  int frames, atoms;
  explicit Frames(const Array &x) {
    if (x.ndim() != 3 || x.shape(2) != 3) throw Error("x: wrong shape, must be [n,N,3]");
    frames = static_cast<int>(x.shape(0));
    atoms = static_cast<int>(x.shape(1));
  }
};

const int *species_of(const std::optional<Ints> &species, const Frames &f) {
  if (!species) return nullptr;
  expect(*species, {f.atoms}, "species");
  return species->data();
}

Array value(const Rdf &rdf, const Array &x, const std::optional<Ints> &species, int threads) {
  const Frames f(x);
  const int *of = species_of(species, f);
  Array g({f.frames, rdf.channels(), rdf.grid().bins});
  double *out = g.mutable_data();
  const py::gil_scoped_release release;
  rdf.value_batch(f.frames, f.atoms, x.data(), of, out, threads);
  return g;
}

py::tuple pullback(const Rdf &rdf, const Array &x, const std::optional<Ints> &species,
                   const Array &dv_dg, int threads) {
  const Frames f(x);
  const int *of = species_of(species, f);
  expect(dv_dg, {f.frames, rdf.channels(), rdf.grid().bins}, "dv_dg");
  Array dv_dx({f.frames, f.atoms, 3}), dv_dstrain({f.frames, 3, 3});
  double *out = dv_dx.mutable_data(), *strain = dv_dstrain.mutable_data();
  {
    const py::gil_scoped_release release;
    rdf.pullback_batch(f.frames, f.atoms, x.data(), of, dv_dg.data(), out, threads, strain);
  }
  return py::make_tuple(dv_dx, dv_dstrain);
}

// One frame x[1,N,3], a part of the rows: what one MPI rank does.
Array value_rows(const Rdf &rdf, const Array &x, const std::optional<Ints> &species, int first,
                 int last) {
  const Frames f(x);
  Array g({rdf.channels(), rdf.grid().bins});
  rdf.value(f.atoms, x.data(), species_of(species, f), {first, last}, g.mutable_data());
  return g;
}

py::tuple pullback_rows(const Rdf &rdf, const Array &x, const std::optional<Ints> &species,
                        const Array &dv_dg, int first, int last) {
  const Frames f(x);
  expect(dv_dg, {rdf.channels(), rdf.grid().bins}, "dv_dg");
  Array dv_dx({std::max(0, last - first), 3}), dv_dstrain({3, 3});
  rdf.pullback(f.atoms, x.data(), species_of(species, f), {first, last}, dv_dg.data(),
               dv_dx.mutable_data(), dv_dstrain.mutable_data());
  return py::make_tuple(dv_dx, dv_dstrain);
}

// One frame, value and pull-back `repeat` times through an RdfPass: what an MD step does.
py::tuple pass_rows(const Rdf &rdf, const Array &x, const std::optional<Ints> &species,
                    const Array &dv_dg, int first, int last, int repeat) {
  const Frames f(x);
  expect(dv_dg, {rdf.channels(), rdf.grid().bins}, "dv_dg");
  const int *of = species_of(species, f);
  Array g({rdf.channels(), rdf.grid().bins}), dv_dx({std::max(0, last - first), 3});
  Array dv_dstrain({3, 3});
  RdfPass pass(rdf);
  for (int i = 0; i < repeat; ++i) {
    pass.value(f.atoms, x.data(), of, {first, last}, g.mutable_data());
    pass.pullback(dv_dg.data(), dv_dx.mutable_data(), dv_dstrain.mutable_data());
  }
  return py::make_tuple(g, dv_dx, dv_dstrain);
}

Array unwrap_frames(const Array &x, const Array &vectors, const std::array<bool, 3> &periodic) {
  const Frames f(x);
  expect(vectors, {3, 3}, "cell");
  Cell cell;
  std::copy(vectors.data(), vectors.data() + 9, &cell.vectors[0][0]);
  std::copy(periodic.begin(), periodic.end(), cell.periodic);
  Array out({f.frames, f.atoms, 3});
  const std::size_t size = 3 * static_cast<std::size_t>(f.atoms);
  std::vector<double> moved;
  for (int frame = 0; frame < f.frames; ++frame) {
    const double *whole = unwrap(f.atoms, x.data() + frame * size, cell, moved);
    std::copy(whole, whole + size, out.mutable_data() + frame * size);
  }
  return out;
}

}  // namespace

void bind_rdf(py::module_ &m) {
  py::class_<Rdf>(m, "Rdf")
      .def(py::init([](double start, double step, int bins, double bandwidth, int species) {
             return Rdf({start, step, bins, bandwidth}, species);
           }),
           py::arg("start"), py::arg("step"), py::arg("bins"), py::arg("bandwidth"),
           py::arg("species") = 1)
      .def_property_readonly("channels", &Rdf::channels)
      .def("value", &value, py::arg("x"), py::arg("species"), py::arg("threads"))
      .def("pullback", &pullback, py::arg("x"), py::arg("species"), py::arg("dv_dg"),
           py::arg("threads"))
      .def("value_rows", &value_rows, py::arg("x"), py::arg("species"), py::arg("first"),
           py::arg("last"))
      .def("pullback_rows", &pullback_rows, py::arg("x"), py::arg("species"), py::arg("dv_dg"),
           py::arg("first"), py::arg("last"))
      .def("pass_rows", &pass_rows, py::arg("x"), py::arg("species"), py::arg("dv_dg"),
           py::arg("first"), py::arg("last"), py::arg("repeat") = 1);
  m.def("unwrap", &unwrap_frames, py::arg("x"), py::arg("cell"), py::arg("periodic"));
  m.def("available_isas", &available_isas);
  m.def("current_isa", [](bool seldom) { return current_isa(seldom ? Pace::seldom : Pace::often); },
        py::arg("seldom") = false);
}

}  // namespace nanochart
