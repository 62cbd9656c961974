#pragma once
#include <string>

namespace nanochart {

// A bias V(s) on d chart coordinates. Energies in eV.
class Bias {
 public:
  virtual ~Bias() = default;
  // Returns V(s); adds dV/ds_i to dv_ds[d]. Evaluating twice changes nothing.
  virtual double value(const double *s, double *dv_ds) const = 0;
};

}  // namespace nanochart
