#include "model/torch_layers.hpp"

#include <cmath>
#include <map>
#include <string>

#include "core/error.hpp"

namespace nanochart {
namespace {

using torch::jit::Module;

std::vector<double> list(const torch::Tensor &tensor) {
  const auto all = tensor.to(torch::kFloat64).contiguous();
  return std::vector<double>(all.data_ptr<double>(), all.data_ptr<double>() + all.numel());
}

std::vector<double> numbers(const Module &module, const char *name) {
  return list(module.attr(name).toTensor());
}

// The name of its Python class.
std::string kind(const Module &module) { return module.type()->name()->name(); }

// The modules of a network in their order: convolution, pooling, activation, normalisation, again
// and again, then flattening and a linear layer. False for any other.
bool read_network(const Module &network, ConvolutionParameters &p) {
  using Pool = ConvolutionLayer::Pool;
  static const std::map<std::string, Activation> activations = {
      {"ReLU", Activation::relu}, {"SiLU", Activation::silu}, {"Tanh", Activation::tanh}};
  static const std::map<std::string, Pool> pools = {{"MaxPool2d", Pool::largest},
                                                    {"AvgPool2d", Pool::mean}};
  int order = 0;  // of what came last in its layer
  for (const auto &child : network.named_children()) {
    const Module &m = child.value;
    const std::string name = kind(m);
    const bool first = p.layers.empty();
    if (p.last.outputs) return false;
    if (name == "Convolution" || name == "SameConvolution") {
      const auto weight = m.attr("weight").toTensor();
      const int outputs = static_cast<int>(weight.size(0));
      ConvolutionLayer layer{static_cast<int>(weight.size(1)), outputs, static_cast<int>(weight.size(2)),
                             name == "SameConvolution"};
      layer.weight = list(weight);
      layer.bias = numbers(m, "bias");
      layer.scale.assign(outputs, 1);
      layer.shift.assign(outputs, 0);
      p.layers.push_back(layer);
      order = 0;
    } else if (!first && pools.count(name) && order < 1) {
      p.layers.back().pool = pools.at(name);
      order = 1;
    } else if (!first && activations.count(name) && order < 2) {
      p.layers.back().activation = activations.at(name);
      order = 2;
    } else if (!first && name == "BatchNorm2d" && order < 3) {
      auto &layer = p.layers.back();
      const auto mean = numbers(m, "running_mean"), variance = numbers(m, "running_var");
      layer.scale = numbers(m, "weight");
      layer.shift = numbers(m, "bias");
      for (std::size_t o = 0; o < mean.size(); ++o) {
        layer.scale[o] /= std::sqrt(variance[o] + m.attr("eps").toDouble());
        layer.shift[o] -= mean[o] * layer.scale[o];
      }
      order = 3;
    } else if (!first && name == "Flatten" && order < 4) {
      order = 4;
    } else if (name == "Linear" && order == 4) {
      const auto weight = m.attr("weight").toTensor();
      p.last = {static_cast<int>(weight.size(1)), static_cast<int>(weight.size(0)), list(weight),
                numbers(m, "bias")};
    } else {
      return false;
    }
  }
  return p.last.outputs > 0;
}

}  // namespace

DenseParameters dense_parameters(const Module &module, const ModelMetadata &metadata) {
  std::map<std::string, torch::Tensor> tensors;
  for (const auto &named : module.named_parameters()) tensors[named.name] = named.value;
  for (const auto &named : module.named_buffers()) tensors[named.name] = named.value;
  const auto find = [&](const std::string &name, std::int64_t dimensions) {
    const auto found = tensors.find(name);
    if (found == tensors.end() || found->second.dim() != dimensions)
      throw Error("model file " + metadata.path + ": nanochart.json says \"dense\", but the network "
                  "has no tensor " + name + " of " + std::to_string(dimensions) +
                  " dimension(s); write the model again");
    return found->second;
  };
  DenseParameters p{list(find("input_offset", 1)), list(find("input_scale", 1)), {}};
  for (int l = 0; l < metadata.dense.layers; ++l) {
    const std::string name = "layers." + std::to_string(l);
    const auto weight = find(name + ".weight", 2), bias = find(name + ".bias", 1);
    p.layers.push_back({static_cast<int>(weight.size(1)), static_cast<int>(weight.size(0)),
                        list(weight), list(bias)});
  }
  return p;
}

std::optional<ConvolutionParameters> convolution_parameters(const Module &module) {
  const bool standardised = kind(module) == "StandardisedEncoder";
  const Module encoder = standardised ? module.attr("encoder").toModule() : module;
  if (kind(encoder) != "Encoder" || !encoder.hasattr("scaler") || !encoder.hasattr("network"))
    return {};
  const Module scaler = encoder.attr("scaler").toModule();
  if (kind(scaler) != "MinMaxScaler") return {};
  ConvolutionParameters p{numbers(scaler, "low"), numbers(scaler, "range"), {}, {0, 0, {}, {}}};
  for (double &range : p.scale) range = 1 / range;
  if (!read_network(encoder.attr("network").toModule(), p)) return {};
  if (standardised) {
    const auto mean = numbers(module, "mean"), scale = numbers(module, "scale");
    for (int i = 0; i < p.last.outputs; ++i) {
      for (int k = 0; k < p.last.inputs; ++k) p.last.weight[i * p.last.inputs + k] /= scale[i];
      p.last.bias[i] = (p.last.bias[i] - mean[i]) / scale[i];
    }
  }
  return p;
}

}  // namespace nanochart
