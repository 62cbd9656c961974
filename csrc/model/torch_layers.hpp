#pragma once
#include <torch/script.h>

#include <optional>

#include "model/convolution_encoder.hpp"
#include "model/dense_encoder.hpp"

namespace nanochart {

// The numbers of a network, out of its TorchScript before it is frozen.

// Of one that nanochart.json calls "dense". Throws Error when it has not the tensors of one.
DenseParameters dense_parameters(const torch::jit::Module &module, const ModelMetadata &metadata);

// Of an encoder of chart/autoencoder.py, told by the names of its modules; nothing for any other
// network.
std::optional<ConvolutionParameters> convolution_parameters(const torch::jit::Module &module);

}  // namespace nanochart
