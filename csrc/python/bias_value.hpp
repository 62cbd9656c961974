#pragma once
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <string>

#include "bias/bias.hpp"
#include "core/error.hpp"

namespace nanochart {

using Vector =
    pybind11::array_t<double, pybind11::array::c_style | pybind11::array::forcecast>;

inline void expect_cvs(const pybind11::array &s, int dim, bool many) {
  const auto n = s.ndim();
  if ((n == 1 || (many && n == 2)) && s.shape(n - 1) == dim) return;
  const std::string d = std::to_string(dim);
  throw Error("s has shape " + std::string(pybind11::str(s.attr("shape"))) + ", must be (" + d +
              ",)" + (many ? " or (n, " + d + ")" : ""));
}

// s[d] -> V, dV/ds[d]; s[n][d] -> V[n], dV/ds[n][d]
inline pybind11::tuple bias_value(const Bias &bias, int dim, const Vector &s) {
  expect_cvs(s, dim, true);
  const auto n = s.ndim() == 1 ? 1 : s.shape(0);
  Vector v(n), dv_ds({n, pybind11::ssize_t(dim)});
  double *out = dv_ds.mutable_data();
  std::fill_n(out, n * dim, 0.0);
  for (pybind11::ssize_t i = 0; i < n; ++i)
    v.mutable_data()[i] = bias.value(s.data() + i * dim, out + i * dim);
  if (s.ndim() == 1) return pybind11::make_tuple(v.at(0), dv_ds.attr("reshape")(dim));
  return pybind11::make_tuple(v, dv_ds);
}

template <class T>
pybind11::tuple value_of(const T &bias, const Vector &s) {
  return bias_value(bias, bias.dim(), s);
}

constexpr auto value_doc =
    "s[d] -> (V in eV, dV/ds[d] in eV); s[n, d] -> (V[n], dV/ds[n, d])";

}  // namespace nanochart
