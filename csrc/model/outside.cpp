#include "model/outside.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nanochart {

double Outside::operator()(const double *g) const {
  if (mean.empty()) return std::numeric_limits<double>::quiet_NaN();
  const std::size_t size = mean.size();
  std::vector<double> r(size);
  double squared = 0;
  for (std::size_t k = 0; k < size; ++k) {
    r[k] = g[k] - mean[k];
    squared += r[k] * r[k];
  }
  squared /= noise;
  for (const double *row = rows.data(); row != rows.data() + rows.size(); row += size) {
    double t = 0;
    for (std::size_t k = 0; k < size; ++k) t += row[k] * r[k];
    squared -= t * t;
  }
  return std::sqrt(std::max(squared, 0.0)) / unit;
}

}  // namespace nanochart
