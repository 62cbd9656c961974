#pragma once
#include <memory>
#include <vector>

#include "model/encoder.hpp"

namespace nanochart {

// A fully connected network, as it stands in a model file whose nanochart.json has "dense":
//   h_0 = (g - offset) scale,  h_{i+1} = activation(W_i h_i + b_i),  s = W_{n-1} h_{n-1} + b_{n-1}.
struct DenseLayer {
  int inputs, outputs;
  std::vector<double> weight;  // [outputs][inputs]
  std::vector<double> bias;    // [outputs]
};

struct DenseParameters {
  std::vector<double> offset, scale;  // [C*K]
  std::vector<DenseLayer> layers;
};

// The network without libtorch: two matrix products a layer, no allocation after construction. It
// computes in metadata.dtype, in the same order every time; instruction sets differ by rounding.
// Throws Error when the layers do not fit one another or the metadata.
std::unique_ptr<Encoder> make_dense_encoder(const ModelMetadata &metadata,
                                            const DenseParameters &parameters);

}  // namespace nanochart
