#pragma once
#include <array>
#include <cmath>

namespace nanochart {

constexpr int max_biased = 3;  // components that one metadynamics may bias

// One hill of metadynamics on the biased components, in their order; its widths are those of the
// whole run. `height` (eV) is that of the bias, not the one written to HILLS.
struct Hill {
  double time;  // ps
  std::array<double, max_biased> center;
  double height;
};

// PLUMED's stretched Gaussian: with u = 1/2 sum_i ((s_i - c_i)/sigma_i)^2 a hill is
// height (A exp(-u) + B) for u < cutoff and 0 beyond, continuous there.
namespace kernel {
constexpr double cutoff = 6.25;
inline const double edge = std::exp(-cutoff);
inline const double A = 1 / (1 - edge);
inline const double B = -A * edge;
inline const double radius = std::sqrt(2 * cutoff);  // in units of sigma
}  // namespace kernel

}  // namespace nanochart
