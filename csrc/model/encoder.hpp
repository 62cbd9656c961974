#pragma once
#include <memory>
#include <string>

#include "core/pace.hpp"
#include "model/metadata.hpp"

namespace nanochart {

// A trained network g[C][K] -> s[d]. Float64 at the door; inside, the dtype its file states. One
// thread; the process's OpenMP and torch thread counts are what they were after every call.
// Plain types alone: it comes from libnanochart_torch.so, which has libtorch's std::string, into a
// plugin that may have GCC's older one, as its LAMMPS. Error (std::runtime_error) is alike in both.
class __attribute__((visibility("default"))) Encoder {
 public:
  virtual ~Encoder() = default;

  // The whole text of nanochart.json.
  virtual const char *json() const = 0;

  // What computes: "libtorch", "dense" (dense_encoder.hpp) or "convolution" (convolution_encoder.hpp).
  virtual const char *engine() const = 0;

  // s[d]; with `gradient` the pass is kept for pullback().
  virtual void value(const double *g, bool gradient, double *s) = 0;

  // dv_ds[d] -> dv_dg[C][K] = sum_i dv_ds_i ds_i/dg at the g of the last value(); may be called
  // repeatedly.
  virtual void pullback(const double *dv_ds, double *dv_dg) = 0;

  // From the next value() on. A large network works as if often: it is not done in microseconds.
  virtual void set_pace(Pace) {}
};

struct Model {
  ModelMetadata metadata;
  std::unique_ptr<Encoder> encoder;
};

// Opens a model file through libnanochart_torch.so, which is loaded (local symbols, never closed)
// on the first call, so that a process which opens no model never loads torch. Throws Error: torch
// missing or of another version, file missing, truncated, not TorchScript, without nanochart.json,
// or of another schema.
Model open_model(const std::string &model, const std::string &device = "cpu");

}  // namespace nanochart
