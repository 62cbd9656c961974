#include <dlfcn.h>
#include <link.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <utility>

#include "core/error.hpp"
#include "core/rdf_cuda.hpp"
#include "model/encoder.hpp"
#include "model/sha256.hpp"
#include "model/threads.hpp"
#include "model/torch_factory.hpp"

namespace nanochart {
namespace {

// X.Y of X.Y.Z+tag: what libtorch's binary interface depends on.
std::string minor_version(const std::string &version) {
  const auto dot = version.find('.');
  return dot == std::string::npos ? version : version.substr(0, version.find('.', dot + 1));
}

// Version of the torch whose libraries this process sees, from the version.py beside them; empty,
// with the reason, when there is none.
std::string torch_found(std::string &reason) {
  void *library = dlopen("libtorch_cpu.so", RTLD_LAZY | RTLD_LOCAL);
  if (!library) {
    reason = dlerror();
    return "";
  }
  std::string version = "of unknown version";
  link_map *map = nullptr;
  if (dlinfo(library, RTLD_DI_LINKMAP, &map) == 0) {
    const auto folder = std::filesystem::path(map->l_name).parent_path().parent_path();
    std::ifstream file(folder / "version.py");
    const std::string key = "__version__ = '";
    for (std::string line; std::getline(file, line);)
      if (line.rfind(key, 0) == 0)
        version = line.substr(key.size(), line.rfind('\'') - key.size());
  }
  return version;
}

[[noreturn]] void fail_torch(const std::string &problem) {
  const std::string built = NANOCHART_TORCH_VERSION;
  throw Error("nanochart was built for torch " + minor_version(built) + " " + problem +
              ": install torch==" + built.substr(0, built.find('+')) +
              " in this environment, or build again with pip install --no-build-isolation "
              "--force-reinstall --no-deps nanochart");
}

EncoderFactory *open_library() {
  const std::string path = library_directory() + "/libnanochart_torch.so";
  if (!std::filesystem::exists(path))
    throw Error(path + " is missing: install nanochart again");
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  std::string reason = library ? "" : dlerror();
  const std::string found = torch_found(reason);
  if (found.empty()) fail_torch("but there is no torch here (" + reason + ")");
  if (minor_version(found) != minor_version(NANOCHART_TORCH_VERSION))
    fail_torch("but found torch " + found);
  if (!library) fail_torch("and cannot be loaded (" + reason + ")");
  return reinterpret_cast<EncoderFactory *>(dlsym(library, "nanochart_open_encoder"));
}

EncoderFactory *factory() {
  static std::mutex mutex;
  static EncoderFactory *opened = nullptr;  // a failure is tried again, so no static initialiser
  const std::lock_guard<std::mutex> lock(mutex);
  if (!opened) opened = open_library();
  return opened;
}

std::string read(const std::string &path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    throw Error("model file " + path + " is a folder, must be a file");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error("model file " + path + " cannot be read: " + std::strerror(errno));
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.compare(0, 4, "PK\x03\x04") != 0)
    throw Error("model file " + path + " is not a TorchScript archive (a zip file): give one that "
                "nanochart export wrote");
  return bytes;
}

}  // namespace

Model open_model(const std::string &model, const std::string &device) {
  if (device == "cuda") {
    const std::string reason = why_no_cuda();
    if (!reason.empty()) throw Error("device is cuda, but " + reason);
  } else if (device != "cpu") {
    throw Error("device is " + device + ", must be cpu or cuda");
  }
  const std::string path = find_model(model);
  const std::string bytes = read(path);
  const OneThread guard;
  char error[2048];
  std::unique_ptr<Encoder> encoder(
      factory()(path.c_str(), bytes.data(), bytes.size(), device.c_str(), error, sizeof error));
  if (!encoder) throw Error(error);
  return {parse_metadata(path, sha256(bytes), encoder->json()), std::move(encoder)};
}

}  // namespace nanochart
