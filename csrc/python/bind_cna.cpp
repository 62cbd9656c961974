#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <string>

#include "core/cna.hpp"
#include "core/error.hpp"

namespace py = pybind11;

namespace nanochart {
namespace {

using Positions = py::array_t<double, py::array::c_style | py::array::forcecast>;

// Number of atoms of an array whose last two axes are [N][3].
int atoms_of(const Positions &x, int dimensions, const char *shape) {
  if (x.ndim() != dimensions || x.shape(dimensions - 1) != 3 || x.shape(dimensions - 2) < 1)
    throw Error("cna: positions have shape " + std::string(py::str(x.attr("shape"))) +
                ", must be " + shape + " with N >= 1");
  return static_cast<int>(x.shape(dimensions - 2));
}

py::tuple bonds(const Positions &x, double cutoff) {
  const int n = atoms_of(x, 2, "(N, 3)");
  std::vector<CnaBond> found;
  {
    py::gil_scoped_release release;
    found = cna_bonds(n, x.data(), cutoff);
  }
  const auto size = static_cast<py::ssize_t>(found.size());
  py::array_t<int> pairs({size, py::ssize_t(2)}), signatures({size, py::ssize_t(3)});
  int *p = pairs.mutable_data(), *s = signatures.mutable_data();
  for (const CnaBond &bond : found) {
    *p++ = bond.i;
    *p++ = bond.j;
    *s++ = bond.neighbours;
    *s++ = bond.bonds;
    *s++ = bond.chain;
  }
  return py::make_tuple(pairs, signatures);
}

py::tuple batch(const Positions &x, double cutoff, int threads) {
  const int n = atoms_of(x, 3, "(frames, N, 3)");
  const auto frames = static_cast<int>(x.shape(0));
  py::array_t<CnaSummary> summary(frames);
  py::array_t<std::uint8_t> classes({py::ssize_t(frames), py::ssize_t(n)});
  auto *out = reinterpret_cast<CnaClass *>(classes.mutable_data());
  CnaSummary *rows = static_cast<CnaSummary *>(summary.request().ptr);
  {
    py::gil_scoped_release release;
    cna_batch(frames, n, x.data(), cutoff, rows, out, threads);
  }
  return py::make_tuple(summary, classes);
}

}  // namespace

void bind_cna(py::module_ &m) {
  PYBIND11_NUMPY_DTYPE(CnaSummary, interior, fcc, hcp, fivefold, icosahedral, perfect, axes,
                       hcp_parallel);
  m.def("cna_bonds", &bonds, py::arg("x"), py::arg("cutoff"),
        "x[N,3] -> (pairs[b,2], signatures[b,3])");
  m.def("cna_batch", &batch, py::arg("x"), py::arg("cutoff"), py::arg("threads") = 1,
        "x[frames,N,3] -> (summary[frames], classes[frames,N])");
}

}  // namespace nanochart
