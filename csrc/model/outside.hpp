#pragma once
#include <vector>

#include "core/aligned.hpp"
#include "core/pace.hpp"

namespace nanochart {

// How far outside its training data a model is used: the Mahalanobis distance of g under
// probabilistic principal components of the training inputs (Tipping and Bishop, J. R. Stat. Soc.
// B 61, 611 (1999), doi:10.1111/1467-9868.00196), 1 at the 99.9th percentile of unseen inputs:
//   outside = sqrt(|r|^2/noise - sum_k (row_k.r)^2) / unit,   r = g - mean
// python/nanochart/chart/outside.py derives it and makes the numbers.
struct Outside {
  std::vector<double> mean;  // [C*K]
  AlignedVector columns;     // [C*K][m]: the rows, and rows of zeros up to whole vectors
  double noise = 0, unit = 0;

  // g[C*K] -> outside; NaN when the model file has no such numbers.
  double operator()(const double *g, Pace pace) const;
};

}  // namespace nanochart
