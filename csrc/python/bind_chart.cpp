#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "cv/chart_cv.hpp"

namespace py = pybind11;

namespace nanochart {
namespace {

using Array = py::array_t<double, py::array::c_style | py::array::forcecast>;
using Ints = py::array_t<int, py::array::c_style | py::array::forcecast>;

// Frames x[n][N][3] that share species and cell; nanochart/chart/chart_cv.py checks what users give.
struct Frames {
  const Array &x;
  const int *species = nullptr;
  std::optional<Cell> cell;
  int count, atoms;

  Frames(const Array &positions, const std::optional<Ints> &of, const std::optional<Array> &vectors,
         const std::array<bool, 3> &periodic)
      : x(positions) {
    if (x.ndim() != 3 || x.shape(2) != 3) throw Error("x: wrong shape, must be [n,N,3]");
    count = static_cast<int>(x.shape(0));
    atoms = static_cast<int>(x.shape(1));
    if (of) {
      if (of->ndim() != 1 || of->shape(0) != atoms) throw Error("species: wrong shape");
      species = of->data();
    }
    if (vectors) {
      if (vectors->ndim() != 2 || vectors->shape(0) != 3 || vectors->shape(1) != 3)
        throw Error("cell: wrong shape");
      cell.emplace();
      std::copy_n(vectors->data(), 9, &cell->vectors[0][0]);
      std::copy(periodic.begin(), periodic.end(), cell->periodic);
    }
  }

  Frame operator[](int i) const {
    const double *first = x.data() + static_cast<std::size_t>(i) * atoms * 3;
    return {atoms, first, species, cell ? &*cell : nullptr, {0, atoms}};
  }
};

Array value(ChartCV &cv, const Array &x, const std::optional<Ints> &species,
            const std::optional<Array> &cell, const std::array<bool, 3> &periodic) {
  const Frames frames(x, species, cell, periodic);
  Array s({frames.count, cv.dim()});
  double *out = s.mutable_data();
  const py::gil_scoped_release release;
  for (int i = 0; i < frames.count; ++i) cv.value(frames[i], false, out + i * cv.dim());
  return s;
}

Array outside(ChartCV &cv, const Array &x, const std::optional<Ints> &species,
              const std::optional<Array> &cell, const std::array<bool, 3> &periodic) {
  const Frames frames(x, species, cell, periodic);
  Array result(frames.count);
  double *out = result.mutable_data();
  const py::gil_scoped_release release;
  std::vector<double> s(cv.dim());
  for (int i = 0; i < frames.count; ++i) {
    cv.value(frames[i], false, s.data());
    out[i] = cv.outside();
  }
  return result;
}

// Pull-backs of several dv_ds[m][d] at one frame x[1][N][3]: dv_dx[m][N][3], dv_dstrain[m][3][3].
py::tuple pullback(ChartCV &cv, const Array &x, const std::optional<Ints> &species,
                   const std::optional<Array> &cell, const std::array<bool, 3> &periodic,
                   const Array &dv_ds) {
  const Frames frames(x, species, cell, periodic);
  if (frames.count != 1) throw Error("x: wrong shape, must be [1,N,3]");
  if (dv_ds.ndim() != 2 || dv_ds.shape(1) != cv.dim()) throw Error("dv_ds: wrong shape");
  const int count = static_cast<int>(dv_ds.shape(0));
  Array dv_dx({count, frames.atoms, 3}), dv_dstrain({count, 3, 3});
  double *dx = dv_dx.mutable_data(), *strain = dv_dstrain.mutable_data();
  {
    const py::gil_scoped_release release;  // autograd refuses to run with Python's lock held
    std::vector<double> s(cv.dim());
    cv.value(frames[0], true, s.data());
    for (int i = 0; i < count; ++i)
      cv.pullback(dv_ds.data() + i * cv.dim(), dx + i * 3 * frames.atoms, strain + 9 * i);
  }
  return py::make_tuple(dv_dx, dv_dstrain);
}

// One value pass and one pull-back at x[1][N][3], of the dV/ds that Python gives for this s.
py::tuple value_and_pullback(ChartCV &cv, const Array &x, const std::optional<Ints> &species,
                             const std::optional<Array> &cell, const std::array<bool, 3> &periodic,
                             const py::function &dv_ds_of) {
  const Frames frames(x, species, cell, periodic);
  if (frames.count != 1) throw Error("x: wrong shape, must be [1,N,3]");
  Array s(cv.dim()), dv_dx({frames.atoms, 3}), dv_dstrain({3, 3});
  double *out = s.mutable_data(), *dx = dv_dx.mutable_data(), *strain = dv_dstrain.mutable_data();
  {
    const py::gil_scoped_release release;
    cv.value(frames[0], true, out);
  }
  const auto dv_ds = dv_ds_of(s).cast<Array>();
  if (dv_ds.ndim() != 1 || dv_ds.shape(0) != cv.dim()) throw Error("dv_ds: wrong shape");
  const double *in = dv_ds.data();
  {
    const py::gil_scoped_release release;
    cv.pullback(in, dx, strain);
  }
  return py::make_tuple(s, cv.outside(), dv_dx, dv_dstrain);
}

}  // namespace

void bind_chart(py::module_ &m) {
  py::class_<ChartCV>(m, "ChartCV")
      .def(py::init([](const std::string &model) {
             const py::gil_scoped_release release;
             return std::make_unique<ChartCV>(model);
           }),
           py::arg("model"))
      .def_property_readonly("dim", &ChartCV::dim)
      .def_property_readonly("path", [](const ChartCV &cv) { return cv.metadata().path; })
      .def_property_readonly("hash", [](const ChartCV &cv) { return cv.metadata().hash; })
      .def_property_readonly("json", [](const ChartCV &cv) { return cv.metadata().json; })
      .def("value", &value, py::arg("x"), py::arg("species"), py::arg("cell"), py::arg("periodic"))
      .def("outside", &outside, py::arg("x"), py::arg("species"), py::arg("cell"),
           py::arg("periodic"))
      .def("pullback", &pullback, py::arg("x"), py::arg("species"), py::arg("cell"),
           py::arg("periodic"), py::arg("dv_ds"))
      .def("value_and_pullback", &value_and_pullback, py::arg("x"), py::arg("species"),
           py::arg("cell"), py::arg("periodic"), py::arg("dv_ds"));
  m.def("find_model", &find_model, py::arg("model"));

  // The encoder alone, for benchmarks and tests: g[C*K] -> s[d], dv_ds -> dv_dg.
  py::class_<Model>(m, "Encoder")
      .def(py::init([](const std::string &model) {
             const py::gil_scoped_release release;
             return open_model(model);
           }),
           py::arg("model"))
      .def_property_readonly("engine", [](const Model &self) { return self.encoder->engine(); })
      .def("value",
           [](Model &self, const Array &g, bool gradient) {
             const auto &meta = self.metadata;
             const auto kinds = static_cast<py::ssize_t>(meta.elements.size());
             if (g.size() != kinds * (kinds + 1) / 2 * meta.grid.bins) throw Error("g: wrong size");
             Array s(meta.latent);
             double *out = s.mutable_data();
             const py::gil_scoped_release release;
             self.encoder->value(g.data(), gradient, out);
             return s;
           },
           py::arg("g"), py::arg("gradient") = false)
      .def("pullback",
           [](Model &self, const Array &dv_ds) {
             const auto &meta = self.metadata;
             const auto kinds = static_cast<py::ssize_t>(meta.elements.size());
             if (dv_ds.size() != meta.latent) throw Error("dv_ds: wrong size");
             Array dv_dg({kinds * (kinds + 1) / 2, static_cast<py::ssize_t>(meta.grid.bins)});
             double *out = dv_dg.mutable_data();
             const py::gil_scoped_release release;
             self.encoder->pullback(dv_ds.data(), out);
             return dv_dg;
           },
           py::arg("dv_ds"));
}

}  // namespace nanochart
