#pragma once
#include <memory>
#include <vector>

#include "model/dense_encoder.hpp"
#include "model/encoder.hpp"
#include "model/network_kernels.hpp"

namespace nanochart {

// One step of a convolutional network, x[in][L] -> h[out][L']:
//   z_o(l) = bias_o + sum_{c,k} weight_ock x_c(l + k),  then pooled, h = f(z) scale_o + shift_o.
struct ConvolutionLayer {
  enum class Pool { none, largest, mean };  // of two neighbours; an odd last one is left out

  int inputs, outputs, kernel;
  bool same;  // x between zeros, so that L' = L before pooling; with an even kernel one more behind
  Pool pool = Pool::none;
  Activation activation = Activation::none;
  std::vector<double> weight;        // [outputs][inputs][kernel]
  std::vector<double> bias;          // [outputs]
  std::vector<double> scale, shift;  // [outputs]
};

// x_0 = (g - offset) scale, the layers, and s = W h + b of the last h[out][L'], flattened.
struct ConvolutionParameters {
  std::vector<double> offset, scale;  // [C*K]
  std::vector<ConvolutionLayer> layers;
  DenseLayer last;
};

// Whether the layers fit one another and the metadata, as the encoder takes for granted.
bool fits(const ConvolutionParameters &parameters, const ModelMetadata &metadata);

// The network without libtorch, on data in the order [L][channels]: there, windows of x are
// overlapping rows, and a convolution is one matrix product without a copy. No allocation after
// construction; it computes in metadata.dtype, in the same order every time.
std::unique_ptr<Encoder> make_convolution_encoder(const ModelMetadata &metadata,
                                                  const ConvolutionParameters &parameters);

}  // namespace nanochart
