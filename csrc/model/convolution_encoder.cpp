#include "model/convolution_encoder.hpp"

#include <algorithm>

#include "core/aligned.hpp"
#include "core/error.hpp"

namespace nanochart {
namespace {

using Pool = ConvolutionLayer::Pool;

constexpr int PAD = NetworkProducts<float>::PAD;
int padded(int n) { return (n + PAD - 1) / PAD * PAD; }

template <class T>
using Aligned = std::vector<T, CacheAligned<T>>;

// Rows are places, columns channels; those of padding stay zero throughout.
template <class T>
class Layer {
 public:
  Layer(const ConvolutionLayer &from, int length, bool first, const NetworkProducts<T> &products)
      : products_(products), from_(from), first_(first), length_(length),
        in_(first ? from.inputs : padded(from.inputs)), out_(padded(from.outputs)),
        left_(from.same ? (from.kernel - 1) / 2 : 0),
        places_(length - (from.same ? 0 : from.kernel - 1)),
        pooled_(from.pool == Pool::none ? places_ : places_ / 2) {
    const int k = from.kernel, across = first ? padded(k * in_) : in_;
    x_.resize((places_ + k - 1) * in_ + PAD);
    bias_.resize(out_);
    scale_.resize(out_);
    shift_.resize(out_);
    weight_.resize(k * in_ * out_);
    back_weight_.resize(first ? out_ * across : k * out_ * in_);
    z_.resize(places_ * out_);
    share_.resize(from.pool == Pool::none ? 0 : z_.size());
    slope_.resize(pooled_ * out_);
    dz_.resize((places_ + 2 * (k - 1)) * out_);
    dx_.resize(first ? places_ * across : length * in_);
    onto_.resize(first ? x_.size() : 0);
    for (int o = 0; o < from.outputs; ++o) {
      bias_[o] = static_cast<T>(from.bias[o]);
      scale_[o] = static_cast<T>(from.scale[o]);
      shift_[o] = static_cast<T>(from.shift[o]);
      for (int c = 0; c < from.inputs; ++c)
        for (int i = 0; i < k; ++i) {
          const T w = static_cast<T>(from.weight[(o * from.inputs + c) * k + i]);
          weight_[(i * in_ + c) * out_ + o] = w;
          if (first)
            back_weight_[o * across + i * in_ + c] = w;
          else
            back_weight_[((k - 1 - i) * out_ + o) * in_ + c] = w;
        }
    }
  }

  int places() const { return pooled_; }
  int channels() const { return out_; }
  T *x() { return x_.data() + left_ * in_; }  // [length][in], to be filled

  // x() -> h[places][channels].
  void value(T *h) {
    for (int l = 0; l < places_; ++l) std::copy(bias_.begin(), bias_.end(), z_.begin() + l * out_);
    products_.add_windows(places_, from_.kernel * in_, in_, out_, x_.data(), weight_.data(), z_.data());
    T *z = z_.data();
    if (from_.pool != Pool::none) z = pool();
    products_.activate(from_.activation, pooled_ * out_, z, slope_.data());
    for (int l = 0; l < pooled_; ++l)
      for (int o = 0; o < out_; ++o) {
        h[l * out_ + o] = z[l * out_ + o] * scale_[o] + shift_[o];
        slope_[l * out_ + o] *= scale_[o];
      }
  }

  // dV/dh[places][channels] -> dV/dx[length][in].
  const T *pullback(const T *dv_dh) {
    T *const dz = dz_.data() + (from_.kernel - 1) * out_;
    const int row = out_;
    if (from_.pool == Pool::none) {
      for (int i = 0; i < pooled_ * row; ++i) dz[i] = dv_dh[i] * slope_[i];
    } else {
      for (int l = 0; l < 2 * pooled_; ++l)
        for (int o = 0; o < row; ++o)
          dz[l * row + o] = dv_dh[l / 2 * row + o] * slope_[l / 2 * row + o] * share_[l * row + o];
    }
    std::fill(dx_.begin(), dx_.end(), T(0));
    if (first_) return onto_windows(dz);
    products_.add_windows(length_, from_.kernel * out_, out_, in_, dz_.data() + left_ * out_,
                          back_weight_.data(), dx_.data());
    return dx_.data();
  }

 private:
  const NetworkProducts<T> &products_;
  const ConvolutionLayer from_;
  const bool first_;
  const int length_, in_, out_, left_, places_, pooled_;
  Aligned<T> weight_;       // [kernel][in][out]
  Aligned<T> back_weight_;  // [kernel, backwards][out][in], of the first layer [out][kernel][in]
  Aligned<T> bias_, scale_, shift_;
  Aligned<T> x_;            // with the zeros at its ends
  Aligned<T> z_;            // [places before pooling][out]
  Aligned<T> share_;        // of each z in what it was pooled into
  Aligned<T> slope_;        // dh/d(pooled z)
  Aligned<T> dz_;           // between zeros
  Aligned<T> dx_, onto_;    // of the first layer: of every window, and their sum

  // In place, z[pooled][out].
  T *pool() {
    for (int l = 0; l < pooled_; ++l)
      for (int o = 0; o < out_; ++o) {
        const int a = 2 * l * out_ + o, b = a + out_;
        const bool mean = from_.pool == Pool::mean, first = z_[a] >= z_[b];
        share_[a] = mean ? T(0.5) : T(first);
        share_[b] = mean ? T(0.5) : T(!first);
        z_[l * out_ + o] = mean ? (z_[a] + z_[b]) / 2 : first ? z_[a] : z_[b];
      }
    return z_.data();
  }

  // Few channels would leave vectors empty: the product for all places of a window, each then added
  // where the window reads.
  const T *onto_windows(const T *dz) {
    const int window = from_.kernel * in_, across = padded(window);
    products_.add_windows(places_, out_, out_, across, dz, back_weight_.data(), dx_.data());
    std::fill(onto_.begin(), onto_.end(), T(0));
    for (int l = 0; l < places_; ++l)
      for (int i = 0; i < window; ++i) onto_[l * in_ + i] += dx_[l * across + i];
    return onto_.data() + left_ * in_;
  }
};

template <class T>
class ConvolutionEncoder : public Encoder {
 public:
  ConvolutionEncoder(const ModelMetadata &metadata, const ConvolutionParameters &p)
      : metadata_(metadata), channels_(p.layers[0].inputs), offset_(p.offset), scale_(p.scale) {
    int length = metadata.grid.bins;
    for (const auto &layer : p.layers) {
      layers_.emplace_back(layer, length, layers_.empty(), products_);
      length = layers_.back().places();
    }
    const int wide = layers_.back().channels(), outputs = p.layers.back().outputs;
    row_ = padded(length * wide);
    weight_.resize(metadata.latent * row_);
    h_.resize(row_);
    back_.resize(row_);
    bias_.assign(p.last.bias.begin(), p.last.bias.end());
    seed_.resize(metadata.latent);
    for (int i = 0; i < metadata.latent; ++i)
      for (int l = 0; l < length; ++l)
        for (int o = 0; o < outputs; ++o)
          weight_[i * row_ + l * wide + o] = static_cast<T>(p.last.weight[(i * outputs + o) * length + l]);
  }

  const char *json() const override { return metadata_.json.c_str(); }
  const char *engine() const override { return "convolution"; }

  void value(const double *g, bool gradient, double *s) override {
    const int bins = metadata_.grid.bins;
    T *x = layers_[0].x();
    for (int c = 0, i = 0; c < channels_; ++c)
      for (int k = 0; k < bins; ++k, ++i)
        x[k * channels_ + c] = static_cast<T>((g[i] - offset_[i]) * scale_[i]);
    for (std::size_t l = 0; l < layers_.size(); ++l)
      layers_[l].value(l + 1 < layers_.size() ? layers_[l + 1].x() : h_.data());
    products_.rows_times(metadata_.latent, row_, weight_.data(), h_.data(), seed_.data());
    for (int i = 0; i < metadata_.latent; ++i) s[i] = seed_[i] + bias_[i];
    kept_ = gradient;
  }

  void pullback(const double *dv_ds, double *dv_dg) override {
    if (!kept_)
      throw Error("model file " + metadata_.path + ": pullback needs a value with gradient before");
    std::copy_n(dv_ds, metadata_.latent, seed_.begin());
    std::fill(back_.begin(), back_.end(), T(0));
    products_.add_rows(metadata_.latent, row_, weight_.data(), seed_.data(), back_.data());
    const T *back = back_.data();
    for (std::size_t l = layers_.size(); l-- > 0;) back = layers_[l].pullback(back);
    const int bins = metadata_.grid.bins;
    for (int c = 0, i = 0; c < channels_; ++c)
      for (int k = 0; k < bins; ++k, ++i) dv_dg[i] = back[k * channels_ + c] * scale_[i];
  }

 private:
  ModelMetadata metadata_;
  const int channels_;
  std::vector<double> offset_, scale_;  // g is scaled before it is rounded to T
  const NetworkProducts<T> &products_ = network_products(T());
  std::vector<Layer<T>> layers_;
  int row_;               // h, padded
  Aligned<T> weight_;     // [latent][row]
  Aligned<T> h_, back_;   // [row]
  std::vector<T> bias_, seed_;
  bool kept_ = false;
};

}  // namespace

bool fits(const ConvolutionParameters &p, const ModelMetadata &metadata) {
  const int species = static_cast<int>(metadata.elements.size());
  int channels = species * (species + 1) / 2, length = metadata.grid.bins;
  const std::size_t size = static_cast<std::size_t>(channels) * length;
  bool fit = !p.layers.empty() && p.offset.size() == size && p.scale.size() == size;
  for (const auto &layer : p.layers) {
    fit = fit && layer.inputs == channels;
    channels = layer.outputs;
    if (!layer.same) length -= layer.kernel - 1;
    if (layer.pool != Pool::none) length /= 2;
    fit = fit && length > 0;
  }
  return fit && p.last.inputs == channels * length && p.last.outputs == metadata.latent;
}

std::unique_ptr<Encoder> make_convolution_encoder(const ModelMetadata &metadata,
                                                  const ConvolutionParameters &parameters) {
  if (metadata.dtype == "float64")
    return std::make_unique<ConvolutionEncoder<double>>(metadata, parameters);
  return std::make_unique<ConvolutionEncoder<float>>(metadata, parameters);
}

}  // namespace nanochart
