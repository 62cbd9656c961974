#include "model/dense_encoder.hpp"

#include <algorithm>
#include <string>

#include "core/aligned.hpp"
#include "core/error.hpp"
#include "model/network_kernels.hpp"

namespace nanochart {
namespace {

constexpr int PAD = NetworkProducts<float>::PAD;
int padded(int n) { return (n + PAD - 1) / PAD * PAD; }

template <class T>
using Aligned = std::vector<T, CacheAligned<T>>;

template <class T>
struct Layer {
  int inputs, outputs;
  Aligned<T> weight;    // [inputs][padded(outputs)]: once, since it is most of what the cache holds
  Aligned<T> bias;      // padded with zeros, as all below
  Aligned<T> h, slope;  // outputs of the layer and their derivative, of the last value
  Aligned<T> back;      // dV/d(inputs)

  explicit Layer(const DenseLayer &from)
      : inputs(from.inputs), outputs(from.outputs), weight(inputs * padded(outputs)),
        bias(padded(outputs)), h(padded(outputs)), slope(padded(outputs)), back(padded(inputs)) {
    for (int o = 0; o < outputs; ++o) {
      bias[o] = static_cast<T>(from.bias[o]);
      for (int i = 0; i < inputs; ++i)
        weight[i * padded(outputs) + o] = static_cast<T>(from.weight[o * inputs + i]);
    }
  }
};

template <class T>
class DenseEncoder : public Encoder {
 public:
  DenseEncoder(const ModelMetadata &metadata, const DenseParameters &parameters)
      : metadata_(metadata), activation_(metadata.dense.activation == "silu" ? Activation::silu : Activation::tanh),
        offset_(parameters.offset), scale_(parameters.scale), x_(offset_.size()),
        seed_(padded(metadata.latent)) {
    for (const auto &layer : parameters.layers) layers_.emplace_back(layer);
  }

  const char *json() const override { return metadata_.json.c_str(); }
  const char *engine() const override { return "dense"; }

  void value(const double *g, bool gradient, double *s) override {
    for (std::size_t k = 0; k < x_.size(); ++k)
      x_[k] = static_cast<T>((g[k] - offset_[k]) * scale_[k]);
    const T *in = x_.data();
    for (auto &layer : layers_) {
      layer.h = layer.bias;
      products_->add_rows(layer.inputs, padded(layer.outputs), layer.weight.data(), in, layer.h.data());
      if (&layer != &layers_.back())
        products_->activate(activation_, padded(layer.outputs), layer.h.data(), layer.slope.data());
      in = layer.h.data();
    }
    std::copy_n(in, metadata_.latent, s);
    kept_ = gradient;
  }

  void pullback(const double *dv_ds, double *dv_dg) override {
    if (!kept_)
      throw Error("model file " + metadata_.path + ": pullback needs a value with gradient before");
    std::copy_n(dv_ds, metadata_.latent, seed_.begin());
    const T *out = seed_.data();
    for (std::size_t l = layers_.size(); l-- > 0;) {
      auto &layer = layers_[l];
      products_->rows_times(layer.inputs, padded(layer.outputs), layer.weight.data(), out,
                           layer.back.data());
      for (int i = 0; l > 0 && i < layer.inputs; ++i) layer.back[i] *= layers_[l - 1].slope[i];
      out = layer.back.data();
    }
    for (std::size_t k = 0; k < x_.size(); ++k) dv_dg[k] = out[k] * scale_[k];
  }

  void set_pace(Pace pace) override { products_ = &network_products(T(), pace); }

 private:
  ModelMetadata metadata_;
  Activation activation_;
  std::vector<double> offset_, scale_;  // g is scaled before it is rounded to T
  std::vector<T> x_;
  Aligned<T> seed_;
  std::vector<Layer<T>> layers_;
  bool kept_ = false;
  const NetworkProducts<T> *products_ = &network_products(T());
};

void check(const ModelMetadata &metadata, const DenseParameters &parameters) {
  const int species = static_cast<int>(metadata.elements.size());
  int inputs = species * (species + 1) / 2 * metadata.grid.bins;
  const auto expect = [&](const std::string &what, std::size_t found, std::size_t wanted) {
    if (found != wanted)
      throw Error("model file " + metadata.path + ": nanochart.json says \"dense\", but " + what +
                  " has " + std::to_string(found) + " numbers, must have " +
                  std::to_string(wanted) + "; write the model again");
  };
  expect("input_offset", parameters.offset.size(), inputs);
  expect("input_scale", parameters.scale.size(), inputs);
  for (std::size_t l = 0; l < parameters.layers.size(); ++l) {
    const auto &layer = parameters.layers[l];
    const std::string name = "layers." + std::to_string(l);
    if (l + 1 == parameters.layers.size()) expect(name + ".bias", layer.bias.size(), metadata.latent);
    expect(name + ".bias", layer.bias.size(), layer.outputs);
    expect("a row of " + name + ".weight", layer.inputs, inputs);
    inputs = layer.outputs;
  }
}

}  // namespace

std::unique_ptr<Encoder> make_dense_encoder(const ModelMetadata &metadata,
                                            const DenseParameters &parameters) {
  check(metadata, parameters);
  if (metadata.dtype == "float64") return std::make_unique<DenseEncoder<double>>(metadata, parameters);
  return std::make_unique<DenseEncoder<float>>(metadata, parameters);
}

}  // namespace nanochart
