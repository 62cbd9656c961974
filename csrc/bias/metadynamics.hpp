#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bias/bias.hpp"
#include "bias/hill_grid.hpp"

namespace nanochart {

constexpr double boltzmann = 8.617333262e-5;  // eV/K, CODATA 2018

struct MetadynamicsOptions {
  int dim = 0;                        // CVs of the chart
  std::vector<int> components;        // the 1 to 3 biased ones, counted from 0, ascending
  std::vector<double> sigma;          // [components]
  double height = 0;                  // eV; of the first hill, 0: no hills are added
  std::int64_t pace = 0;              // steps
  std::optional<double> biasfactor;   // gamma; none: plain metadynamics
  std::optional<double> temperature;  // K; needed by gamma, and by c(t)
  std::vector<GridAxis> grid;         // [components], or empty: hills are summed one by one
};

// Metadynamics, V(s) = sum of hills (hill.hpp), as PLUMED's METAD. Well-tempered
// (doi:10.1103/PhysRevLett.100.020603): a hill added at s is height exp(-V(s)/(kT (gamma - 1))).
// c(t) (doi:10.1021/jp504920s) is kept on the grid, for reweighting with exp((V - c(t))/kT):
//   c = kT ln [ int exp(gamma V/((gamma - 1) kT)) / int exp(V/((gamma - 1) kT)) ],
// plain: kT ln [ int exp(V/kT) / int 1 ].
class Metadynamics : public Bias {
 public:
  // Throws Error for values out of range and for a grid above HillGrid::memory_limit.
  explicit Metadynamics(MetadynamicsOptions options);

  // Throws Error when a biased CV is not on the grid.
  double value(const double *s, double *dv_ds) const override;

  // A hill of the present height at s[dim]; add() puts it into V.
  Hill next_hill(double time, const double *s) const;
  void add(const Hill &hill);
  void add(const std::vector<Hill> &hills);  // the same, cheaper for many
  void clear();

  const MetadynamicsOptions &options() const { return options_; }
  int dim() const { return options_.dim; }
  bool due(std::int64_t step) const { return options_.height > 0 && step % options_.pace == 0; }
  std::int64_t hills() const { return static_cast<std::int64_t>(list_.size()); }
  const std::vector<Hill> &list() const { return list_; }  // all hills, in their order
  double last_height() const { return last_height_; }  // eV, of the bias; 0 before the first
  double ct() const;            // eV; NaN without a grid or without a temperature
  std::uint64_t hash() const { return hash_; }  // of all hills in their order
  // What the log should say: the grid and its memory, a coarse grid, no c(t).
  std::vector<std::string> notes() const;

 private:
  MetadynamicsOptions options_;
  std::unique_ptr<HillGrid> grid_;
  std::vector<Hill> list_;  // 40 bytes each; summed one by one only without a grid
  double last_height_ = 0;
  std::uint64_t hash_;

  void check() const;
  void count(const Hill &hill);
  double sum_hills(const double *s, double *dv_ds) const;
};

}  // namespace nanochart
