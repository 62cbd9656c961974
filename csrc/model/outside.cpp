#include "model/outside.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/network_kernels.hpp"

namespace nanochart {

double Outside::operator()(const double *g, Pace pace) const {
  if (mean.empty()) return std::numeric_limits<double>::quiet_NaN();
  const std::size_t size = mean.size();
  std::vector<double> r(size);
  AlignedVector along(columns.size() / size);
  double squared = 0;
  for (std::size_t k = 0; k < size; ++k) {
    r[k] = g[k] - mean[k];
    squared += r[k] * r[k];
  }
  squared /= noise;
  network_products(double(), pace)
      .add_rows(static_cast<int>(size), static_cast<int>(along.size()), columns.data(), r.data(), along.data());
  for (const double t : along) squared -= t * t;
  return std::sqrt(std::max(squared, 0.0)) / unit;
}

}  // namespace nanochart
