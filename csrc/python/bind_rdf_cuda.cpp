#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <optional>

#include "core/error.hpp"
#include "core/rdf_cuda.hpp"
#include "core/rdf_threads.hpp"

namespace py = pybind11;

namespace nanochart {
namespace {

using Array = py::array_t<double, py::array::c_style | py::array::forcecast>;
using Ints = py::array_t<int, py::array::c_style | py::array::forcecast>;
using Address = std::uintptr_t;  // of device memory, or of a stream

template <class T>
T *at(Address address) { return reinterpret_cast<T *>(address); }

// For tests, on the CPU: g[C,K] and dv_dx[N,3] of one frame x[N,3] by the functions that a GPU runs.
py::tuple by_threads(const RdfGrid &grid, int kinds, const Array &x, const std::optional<Ints> &species,
                     const Array &dv_dg) {
  const int n = static_cast<int>(x.shape(0)), channels = kinds * (kinds + 1) / 2;
  if (x.ndim() != 2 || x.shape(1) != 3 || n < 2 || dv_dg.size() != channels * grid.bins ||
      (species && species->size() != n))
    throw Error("rdf by threads: wrong shape");
  const int *of = species ? species->data() : nullptr;
  Array g({channels, grid.bins}), dv_dx({n, 3});
  value_by_threads(grid, kinds, n, x.data(), of, g.mutable_data());
  pullback_by_threads(grid, kinds, n, x.data(), of, dv_dg.data(), dv_dx.mutable_data());
  return py::make_tuple(g, dv_dx);
}

}  // namespace

// nanochart/chart/torch_rdf.py gives the addresses of tensors whose shapes it has checked.
void bind_rdf_cuda(py::module_ &m) {
  m.def("why_no_cuda", &why_no_cuda);
  m.def("rdf_by_threads",
        [](double start, double step, int bins, double bandwidth, int kinds, const Array &x,
           const std::optional<Ints> &species, const Array &dv_dg) {
          return by_threads({start, step, bins, bandwidth}, kinds, x, species, dv_dg);
        });
  // For derivatives by torch operations: numbers of the lattice, its taps[2 reach + 1].
  m.def("rdf_lattice", [](double start, double step, int bins, double bandwidth) {
    std::vector<double> taps;
    const ThreadLattice l = thread_lattice({start, step, bins, bandwidth}, 1, taps);
    py::dict numbers;
    numbers["refine"] = l.refine;
    numbers["nodes"] = l.nodes;
    numbers["scale"] = l.scale;
    numbers["shift"] = l.shift;
    numbers["lowest2"] = l.lowest2;
    numbers["farthest2"] = l.farthest2;
    return py::make_tuple(numbers, taps);
  });
  m.def("spline_coefficients", [] {  // [node][power of t]
    std::vector<std::vector<double>> all(4, std::vector<double>(4));
    for (int n = 0; n < 4; ++n)
      for (int p = 0; p < 4; ++p) all[n][p] = spline(n, p);
    return all;
  });
  py::class_<RdfCuda>(m, "RdfCuda")
      .def(py::init([](double start, double step, int bins, double bandwidth, int species, int frames) {
             return std::make_unique<RdfCuda>(RdfGrid{start, step, bins, bandwidth}, species, frames);
           }),
           py::arg("start"), py::arg("step"), py::arg("bins"), py::arg("bandwidth"), py::arg("species"),
           py::arg("frames"))
      .def_property_readonly("channels", &RdfCuda::channels)
      .def_property_readonly("frames", &RdfCuda::frames)
      .def("value",
           [](RdfCuda &self, int frames, int n, Address x, Address species, Address g, Address stream) {
             self.value(frames, n, at<double>(x), at<int>(species), at<double>(g), at<void>(stream));
           })
      .def("pullback", [](RdfCuda &self, int frames, int n, Address x, Address species, Address dv_dg,
                          Address dv_dx, Address stream) {
        self.pullback(frames, n, at<double>(x), at<int>(species), at<double>(dv_dg), at<double>(dv_dx),
                      nullptr, at<void>(stream));
      });
}

}  // namespace nanochart
