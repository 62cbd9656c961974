#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/geometry.hpp"
#include "core/rdf.hpp"
#include "model/encoder.hpp"

namespace nanochart {

// How an engine's ranks work together; this default is one process alone.
class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual bool root() const { return true; }
  virtual void sum(double *, int) {}         // over ranks, result on all
  virtual void broadcast(void *, int) {}     // bytes, from root
};

// Atoms as an adapter hands them over: all N positions on every rank, and the rows this rank owns.
struct Frame {
  int n;
  const double *x;       // [N][3], angstrom
  const int *species;    // [N] index into metadata().elements, or null for one element
  const Cell *cell;      // null: not periodic
  Rows rows;
};

// Positions -> s and back: x -> g -> s, dV/ds -> dV/dg -> dV/dx, dV/dstrain. The network runs on
// root alone; its results, or its error, reach every rank, so that all return or all throw alike.
class ChartCV {
 public:
  ChartCV(const std::string &model, const std::string &device = "cpu",
          std::shared_ptr<Communicator> comm = std::make_shared<Communicator>());
  ~ChartCV();

  const ModelMetadata &metadata() const;
  int dim() const { return metadata().latent; }

  // How an engine evaluates, from the next value() on, which a pullback() needs; often until told.
  void set_pace(Pace pace);

  // s[d] on every rank; with `gradient`, pullback() may follow.
  void value(const Frame &frame, bool gradient, double *s);

  // How far outside the model's training data the frame of the last value() is, 1 at the edge; NaN
  // when the model file does not say (model/outside.hpp). Every rank knows it.
  double outside() const;

  // dv_ds[d] (read on root) -> dv_dx[rows][3] and dv_dstrain[3][3] (this rank's share; null to
  // skip), at the frame of the last value(.., true, ..). May be called repeatedly.
  void pullback(const double *dv_ds, double *dv_dx, double *dv_dstrain);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nanochart
