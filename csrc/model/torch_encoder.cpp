#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/cuda.h>
#include <torch/script.h>
#include <torch/version.h>

#include <cmath>
#include <cstdio>
#include <sstream>

#include "core/error.hpp"
#include "model/threads.hpp"
#include "model/torch_factory.hpp"
#include "model/torch_layers.hpp"

namespace nanochart {
namespace {

// Where libtorch, and so the OpenMP runtime that it uses, is found.
void *torch_library() {
  static void *library = dlopen("libtorch_cpu.so", RTLD_LAZY | RTLD_NOLOAD);
  return library;
}

// Libtorch sets OpenMP's thread count itself when a thread first uses it; provoked here, between
// saving the counts and setting them to one.
class TorchGuard {
  OneThread before_{torch_library()};
  int initialised_ = at::get_num_threads();
  OneThread inside_{torch_library()};

 public:
  TorchGuard() { (void)initialised_; }
};

std::string first_line(const std::exception &error) {
  const auto *c10_error = dynamic_cast<const c10::Error *>(&error);
  std::string text = c10_error ? c10_error->what_without_backtrace() : error.what();
  // An error inside TorchScript starts with its source and ends with the reason.
  const auto reason = text.rfind("RuntimeError: ");
  if (reason != std::string::npos) text = text.substr(reason + 14);
  text = text.substr(0, text.find('\n'));
  return text.substr(0, text.find(". This "));  // internal advice about checkpoints
}

class TorchEncoder : public Encoder {
 public:
  TorchEncoder(const std::string &path, const std::string &bytes, torch::Device device)
      : device_(device) {
    original_ = load(path, bytes);
    module_ = torch::jit::freeze(original_);
    dtype_ = metadata_.dtype == "float64" ? torch::kFloat64 : torch::kFloat32;
    const auto species = static_cast<std::int64_t>(metadata_.elements.size());
    channels_ = species * (species + 1) / 2;
    check_shape();
  }

  const ModelMetadata &metadata() const { return metadata_; }
  const torch::jit::Module &module() const { return original_; }
  const char *engine() const override { return "libtorch"; }
  const char *json() const override { return metadata_.json.c_str(); }

  void value(const double *g, bool gradient, double *s) override {
    const TorchGuard guard;
    forget();
    try {
      const auto raw = torch::from_blob(const_cast<double *>(g), {1, channels_, metadata_.grid.bins},
                                        torch::kFloat64);
      const auto input = raw.to(device_, dtype_, false, true).requires_grad_(gradient);
      const torch::AutoGradMode mode(gradient);
      const auto output = forward(input);
      const auto result = output.detach().to(torch::kCPU, torch::kFloat64).contiguous();
      std::copy_n(result.data_ptr<double>(), metadata_.latent, s);
      if (gradient && !output.requires_grad()) throw Error("s does not depend on g");
      if (gradient) {
        input_ = input;
        output_ = output;
      }
    } catch (const std::exception &error) {
      forget();
      throw Error("model file " + metadata_.path + ": " + first_line(error));
    }
  }

  void pullback(const double *dv_ds, double *dv_dg) override {
    if (!output_.defined())
      throw Error("model file " + metadata_.path + ": pullback needs a value with gradient before");
    const TorchGuard guard;
    try {
      const auto seed = torch::from_blob(const_cast<double *>(dv_ds), {1, metadata_.latent},
                                         torch::kFloat64).to(device_, dtype_, false, true);
      const auto result = torch::autograd::grad({output_}, {input_}, {seed}, /*retain_graph=*/true)
                              [0].to(torch::kCPU, torch::kFloat64).contiguous();
      std::copy_n(result.data_ptr<double>(), channels_ * metadata_.grid.bins, dv_dg);
    } catch (const std::exception &error) {
      throw Error("model file " + metadata_.path + ": " + first_line(error));
    }
  }

 private:
  ModelMetadata metadata_;
  torch::jit::Module original_, module_;  // as in the file, and frozen
  torch::Device device_;
  torch::ScalarType dtype_;
  std::int64_t channels_;
  torch::Tensor input_, output_;  // the kept pass

  // Plain interpretation: the profiling executor changes code, and so time and last digits, during
  // the first calls. The switch belongs to this thread alone.
  torch::Tensor forward(const torch::Tensor &g) {
    const torch::jit::GraphOptimizerEnabledGuard plain(false);
    return module_.forward({g}).toTensor();
  }

  void forget() { input_ = output_ = torch::Tensor(); }

  torch::jit::Module load(const std::string &path, const std::string &bytes) {
    torch::jit::ExtraFilesMap extra{{"nanochart.json", ""}};
    torch::jit::Module module;
    try {
      std::istringstream stream(bytes);
      module = torch::jit::load(stream, device_, extra);
    } catch (const std::exception &error) {
      throw Error("model file " + path + " is truncated or not TorchScript: " + first_line(error));
    }
    if (extra["nanochart.json"].empty())
      throw Error("model file " + path + " is TorchScript without nanochart.json: give one that "
                  "nanochart export wrote");
    metadata_ = parse_metadata(path, "", extra["nanochart.json"]);
    module.eval();
    for (auto parameter : module.parameters()) parameter.requires_grad_(false);
    return module;
  }

  void check_shape() {
    const auto &m = metadata_;
    const std::string expected = "model file " + m.path + ": nanochart.json says g[1][" +
        std::to_string(channels_) + "][" + std::to_string(m.grid.bins) + "] -> s[1][" +
        std::to_string(m.latent) + "] in " + m.dtype + ", the network ";
    torch::Tensor output;
    try {
      const torch::NoGradGuard no_gradient;
      output = forward(torch::zeros({1, channels_, m.grid.bins}, torch::dtype(dtype_).device(device_)));
    } catch (const std::exception &error) {
      throw Error(expected + "refuses this input: " + first_line(error));
    }
    std::ostringstream shape;
    shape << output.sizes() << " of " << output.dtype().name();
    if (output.dim() != 2 || output.size(0) != 1 || output.size(1) != m.latent ||
        output.scalar_type() != dtype_)
      throw Error(expected + "returns " + shape.str());
  }
};

// A few inputs about `offset`, with an engine and the network: s and ds/dg must agree, ds/dg within
// `kinks` of its largest. What differs, or nothing.
std::string difference(Encoder &engine, Encoder &network, const ModelMetadata &metadata,
                       const std::vector<double> &offset, const std::vector<double> &scale,
                       double kinks) {
  const double tolerance = metadata.dtype == "float64" ? 1e-11 : 1e-4;
  const std::size_t size = offset.size();
  std::vector<double> g(size), dv_ds(metadata.latent);
  std::vector<double> s[2], dv_dg[2];
  Encoder *const engines[2] = {&engine, &network};
  std::ostringstream text;
  const auto differ = [&](const char *what, const std::vector<double> (&values)[2], double least,
                          double relative) {
    double largest = least, difference = 0;
    for (const double value : values[1]) largest = std::max(largest, std::fabs(value));
    for (std::size_t i = 0; i < values[0].size(); ++i)
      difference = std::max(difference, std::fabs(values[0][i] - values[1][i]));
    if (difference <= relative * largest) return false;
    text << what << " that differs by " << difference << " from the network's, must be <= "
         << relative * largest;
    return true;
  };
  for (int sample = 0; sample < 4; ++sample) {
    for (std::size_t k = 0; k < size; ++k) {
      const double x = sample * std::sin(1.0 + k * (sample + 0.5));
      g[k] = offset[k] + (scale[k] != 0 ? x / scale[k] : 0);
    }
    for (int e = 0; e < 2; ++e) {
      s[e].resize(metadata.latent);
      engines[e]->value(g.data(), true, s[e].data());
    }
    if (differ("s", s, 1, tolerance)) return text.str();
    for (int i = 0; i < metadata.latent; ++i) {
      dv_ds.assign(metadata.latent, 0);
      dv_ds[i] = 1;
      for (int e = 0; e < 2; ++e) {
        dv_dg[e].resize(size);
        engines[e]->pullback(dv_ds.data(), dv_dg[e].data());
      }
      if (differ("ds/dg", dv_dg, 0, std::max(tolerance, kinks))) return text.str();
    }
  }
  return "";
}

// Networks whose layers are known leave libtorch behind.
std::unique_ptr<Encoder> open_encoder(const std::string &path, const std::string &bytes,
                                      const std::string &device) {
  const bool cuda = device == "cuda";
  if (cuda && !torch::cuda::is_available())
    throw Error("device is cuda, but torch " TORCH_VERSION " finds no GPU here: install a torch with "
                "CUDA, or use device cpu");
  auto network = std::make_unique<TorchEncoder>(path, bytes, cuda ? torch::kCUDA : torch::kCPU);
  if (cuda) return network;
  const ModelMetadata &metadata = network->metadata();
  if (metadata.dense.layers) {
    const DenseParameters p = dense_parameters(network->module(), metadata);
    auto dense = make_dense_encoder(metadata, p);
    const std::string wrong = difference(*dense, *network, metadata, p.offset, p.scale, 0);
    if (!wrong.empty())
      throw Error("model file " + path + ": nanochart.json says \"dense\", but its layers give " +
                  wrong + "; write the model again");
    return dense;
  }
  // A network that only looks like one of ours stays with libtorch.
  const auto p = convolution_parameters(network->module());
  if (!p || !fits(*p, metadata)) return network;
  auto convolution = make_convolution_encoder(metadata, *p);
  // A ReLU next to its kink, or two equal numbers pooled, may fall on the other side.
  const double kinks = 0.02;
  if (!difference(*convolution, *network, metadata, p->offset, p->scale, kinks).empty()) return network;
  return convolution;
}

}  // namespace
}  // namespace nanochart

extern "C" __attribute__((visibility("default"))) nanochart::Encoder *nanochart_open_encoder(
    const char *path, const char *bytes, std::size_t size, const char *device, char *error,
    std::size_t error_size) {
  try {
    const nanochart::TorchGuard guard;
    return nanochart::open_encoder(path, std::string(bytes, size), device).release();
  } catch (const std::exception &failure) {
    std::snprintf(error, error_size, "%s", failure.what());
  } catch (...) {
    std::snprintf(error, error_size, "model file %s: unknown failure in libtorch", path);
  }
  return nullptr;
}
