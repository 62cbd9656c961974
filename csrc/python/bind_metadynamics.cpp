#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "bias/hills_reader.hpp"
#include "bias/metadynamics_run.hpp"
#include "python/bias_value.hpp"

namespace py = pybind11;

namespace nanochart {
namespace {

using Axis = std::tuple<double, double, int>;
using WalkerArguments = std::tuple<std::string, std::string, std::int64_t>;

MetadynamicsOptions options_of(const std::vector<std::optional<double>> &sigma, double height,
                               std::int64_t pace, std::optional<double> biasfactor,
                               std::optional<double> temperature, const std::vector<Axis> &grid) {
  MetadynamicsOptions options;
  options.dim = static_cast<int>(sigma.size());
  for (int i = 0; i < options.dim; ++i)
    if (sigma[i]) {
      options.components.push_back(i);
      options.sigma.push_back(*sigma[i]);
    }
  options.height = height;
  options.pace = pace;
  options.biasfactor = biasfactor;
  options.temperature = temperature;
  for (const auto &[lo, hi, bins] : grid) options.grid.push_back({lo, hi, bins});
  return options;
}

std::unique_ptr<MetadynamicsRun> make(
    const std::vector<std::optional<double>> &sigma, double height, std::int64_t pace,
    std::optional<double> biasfactor, std::optional<double> temperature,
    const std::vector<Axis> &grid, const std::string &hills, bool restart,
    const std::optional<WalkerArguments> &walkers, const std::vector<std::string> &names,
    const std::string &model, const std::string &state) {
  HillsOptions files;
  files.file = hills;
  files.restart = restart;
  if (walkers) std::tie(files.directory, files.walker, files.read_every) = *walkers;
  files.names = names;
  files.model = model;
  auto run = std::make_unique<MetadynamicsRun>(
      options_of(sigma, height, pace, biasfactor, temperature, grid), std::move(files));
  run->open(state);
  return run;
}

void add_hills(MetadynamicsRun &run, const Vector &center, const Vector &height) {
  const auto biased = py::ssize_t(run.bias().options().components.size());
  const auto n = height.size();
  if (height.ndim() != 1 || center.ndim() != 2 || center.shape(0) != n || center.shape(1) != biased)
    throw Error("hills need center[n, " + std::to_string(biased) + "] and height[n]");
  std::vector<Hill> hills(n);
  for (py::ssize_t i = 0; i < n; ++i) {
    hills[i] = {0.0, {}, height.at(i)};
    for (py::ssize_t j = 0; j < biased; ++j) hills[i].center[j] = center.at(i, j);
  }
  run.record(hills);
}

// A copy has the same V and grows by itself: its hills live in memory alone, since a HILLS file has
// one writer.
py::tuple parameters(const MetadynamicsRun &r) {
  const auto &o = r.bias().options();
  std::vector<std::optional<double>> sigma(o.dim);
  for (std::size_t i = 0; i < o.sigma.size(); ++i) sigma[o.components[i]] = o.sigma[i];
  std::vector<Axis> grid;
  for (const auto &axis : o.grid) grid.emplace_back(axis.lo, axis.hi, axis.bins);
  std::vector<std::tuple<double, std::array<double, max_biased>, double>> hills;
  for (const Hill &hill : r.list()) hills.emplace_back(hill.time, hill.center, hill.height);
  return py::make_tuple(sigma, o.height, o.pace, o.biasfactor, o.temperature, grid, r.hills().names,
                        hills);
}

std::unique_ptr<MetadynamicsRun> copy_of(const py::tuple &t) {
  MetadynamicsOptions options = options_of(
      t[0].cast<std::vector<std::optional<double>>>(), t[1].cast<double>(),
      t[2].cast<std::int64_t>(), t[3].cast<std::optional<double>>(),
      t[4].cast<std::optional<double>>(), t[5].cast<std::vector<Axis>>());
  std::vector<Hill> hills;
  for (const auto &[time, center, height] :
       t[7].cast<std::vector<std::tuple<double, std::array<double, max_biased>, double>>>())
    hills.push_back({time, center, height});
  return MetadynamicsRun::copy(std::move(options), t[6].cast<std::vector<std::string>>(), hills);
}

// All hills of a file, as arrays.
py::tuple read_hills(const std::string &path) {
  HillsReader reader(path, {});
  std::vector<Hill> hills;
  reader.read(hills);
  if (reader.header().cvs.empty()) throw Error(path + " is missing or has no header of HILLS");
  const auto n = py::ssize_t(hills.size()), k = py::ssize_t(reader.header().cvs.size());
  Vector time(n), center({n, k}), height(n);
  for (py::ssize_t i = 0; i < n; ++i) {
    time.mutable_at(i) = hills[i].time;
    height.mutable_at(i) = hills[i].height;
    for (py::ssize_t j = 0; j < k; ++j) center.mutable_at(i, j) = hills[i].center[j];
  }
  const HillsHeader &header = reader.header();
  return py::make_tuple(header.cvs, header.sigma, header.biasfactor, header.model, time, center,
                        height);
}

}  // namespace

void bind_metadynamics(py::module_ &m) {
  m.def("read_hills", &read_hills, py::arg("path"));
  py::class_<MetadynamicsRun>(m, "Metadynamics", R"(Metadynamics V(s) = sum of hills, as PLUMED's METAD.

With u = 1/2 sum_i ((s_i - c_i)/sigma_i)^2 a hill is h (A exp(-u) + B) for u < 6.25, else 0;
A = 1/(1 - exp(-6.25)), B = -A exp(-6.25). Plain: h = height; well-tempered
(doi:10.1103/PhysRevLett.100.020603): h = height exp(-V(s)/(kT (biasfactor - 1))).

Parameters
----------
sigma : [d], dimensionless; None leaves a component free. 1 to 3 may be biased.
height : eV, >= 0; 0 with `restart`: a static bias read from `hills`.
pace : steps between hills.
biasfactor : > 1; None: plain metadynamics.
temperature : K; needed by biasfactor, and by c(t).
grid : (lo, hi, bins) once for each biased component; none: hills are summed one by one, and there
    is no c(t). V is interpolated by cubic Hermite polynomials, dV/ds is exactly its gradient.
hills : file in PLUMED's HILLS format; "": hills live in memory alone.
restart : begin with the hills in the file; else an existing file is kept as bck.N.NAME.
walkers : (directory, name, every): share hills with other runs through files in a folder.
names, model : of the biased CVs and of the chart, written to the file and compared with it.
state : what `state` returned when a run was interrupted: continue exactly there.

Raises
------
ValueError
    for a number out of range, a grid above 2.1 GB, a HILLS file that is missing, damaged or of
    another run; from `value` for a CV outside the grid.)")
      .def(py::init(&make), py::arg("sigma"), py::arg("height"), py::arg("pace"),
           py::kw_only(), py::arg("biasfactor") = py::none(), py::arg("temperature") = py::none(),
           py::arg("grid") = std::vector<Axis>{}, py::arg("hills") = "",
           py::arg("restart") = false, py::arg("walkers") = py::none(),
           py::arg("names") = std::vector<std::string>{}, py::arg("model") = "",
           py::arg("state") = "")
      .def(
          "value",
          [](const MetadynamicsRun &r, const Vector &s) {
            return bias_value(r, r.bias().dim(), s);
          },
          py::arg("s"), value_doc)
      .def(
          "update",
          [](MetadynamicsRun &r, std::int64_t step, double time, const Vector &s) {
            expect_cvs(s, r.bias().dim(), false);
            r.update(step, time, s.data());
          },
          py::arg("step"), py::arg("time"), py::arg("s"),
          "After the forces of a step at s[d]: adds a hill when `step` is a multiple of pace, and "
          "reads those of other walkers when it is one of their interval. time in ps.")
      .def(
          "deposit",
          [](MetadynamicsRun &r, double time, const Vector &s) {
            expect_cvs(s, r.bias().dim(), false);
            r.record({r.next_hill(time, s.data())});
            return r.bias().last_height();
          },
          py::arg("time"), py::arg("s"), "Adds (and writes) a hill at s[d] now; returns its height, eV.")
      .def("add", &add_hills, py::arg("center"), py::arg("height"),
           "Adds (and writes) hills of known height[n], eV, at center[n, k] of the biased CVs.")
      .def(
          "hold",
          [](MetadynamicsRun &r, std::int64_t step, double time, const Vector &s) {
            expect_cvs(s, r.bias().dim(), false);
            r.deposit(step, time, s.data());
          },
          py::arg("step"), py::arg("time"), py::arg("s"),
          "As update, but V has the hill only from settle() at a later step on: an engine that is "
          "interrupted evaluates V of this step once more.")
      .def("settle", &MetadynamicsRun::settle, py::arg("step"),
           "Before V at `step`: V gets a hill held at an earlier one.")
      .def(py::pickle(&parameters, &copy_of))
      .def("messages", &MetadynamicsRun::messages, "What happened to the files since the last call.")
      .def_property_readonly("state", &MetadynamicsRun::state, "text for a restart")
      .def_property_readonly("notes", [](const MetadynamicsRun &r) { return r.bias().notes(); },
                             "the grid and its memory, warnings")
      .def_property_readonly("hills", [](const MetadynamicsRun &r) { return r.bias().hills(); },
                             "number of hills in V")
      .def_property_readonly("last_height",
                             [](const MetadynamicsRun &r) { return r.bias().last_height(); },
                             "height of the last hill, eV (not the file's)")
      .def_property_readonly("ct", [](const MetadynamicsRun &r) { return r.bias().ct(); },
                             "c(t) in eV; NaN without a grid or a temperature")
      .def_property_readonly("dim", [](const MetadynamicsRun &r) { return r.bias().dim(); },
                             "number of CVs, d");
}

}  // namespace nanochart
