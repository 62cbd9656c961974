#include "model/metadata.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "model/network_kernels.hpp"

namespace nanochart {
namespace {

using Json = nlohmann::json;
constexpr int SCHEMA = 1;

[[noreturn]] void fail(const std::string &path, const std::string &what) {
  throw Error("model file " + path + ": nanochart.json " + what +
              "; write the model again with nanochart export");
}

template <class T>
T entry(const std::string &path, const Json &json, const char *key) {
  const auto found = json.find(key);
  if (found == json.end()) fail(path, std::string("has no entry \"") + key + "\"");
  try {
    return found->get<T>();
  } catch (const Json::exception &) {
    fail(path, std::string("has a wrong \"") + key + "\": " + found->dump());
  }
}

void check_scale(const std::string &path, const Json &json, const char *key, int latent,
                 bool positive) {
  const auto values = entry<std::vector<double>>(path, json, key);
  const bool good = std::all_of(values.begin(), values.end(), [&](double v) {
    return std::isfinite(v) && (v > 0 || !positive);
  });
  if (static_cast<int>(values.size()) != latent || !good)
    fail(path, std::string("has \"") + key + "\" " + json[key].dump() + ", must be " +
                   std::to_string(latent) + (positive ? " positive" : " finite") +
                   " numbers, one for each latent variable");
}

// Empty when the file has none.
Outside outside_of(const std::string &path, const Json &json, std::size_t size) {
  if (!json.contains("outside")) return {};
  const Json values = entry<Json>(path, json, "outside");
  Outside outside{entry<std::vector<double>>(path, values, "mean"), {},
                  entry<double>(path, values, "noise"), entry<double>(path, values, "unit")};
  const auto rows = entry<std::vector<std::vector<double>>>(path, values, "rows");
  bool good = outside.mean.size() == size && outside.noise > 0 && outside.unit > 0;
  for (const auto &row : rows) good = good && row.size() == size;
  if (!good)
    fail(path, "has a wrong \"outside\", must have mean and rows of " + std::to_string(size) +
                   " numbers, noise > 0 and unit > 0");
  constexpr std::size_t PAD = NetworkProducts<double>::PAD;
  const std::size_t width = (rows.size() + PAD - 1) / PAD * PAD;
  outside.columns.resize(size * width);
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t k = 0; k < size; ++k) outside.columns[k * width + i] = rows[i][k];
  return outside;
}

}  // namespace

ModelMetadata parse_metadata(const std::string &path, const std::string &hash,
                             const std::string &text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) fail(path, "is not a JSON object");
  const int schema = entry<int>(path, json, "schema");
  if (schema != SCHEMA)
    throw Error("model file " + path + " has schema " + std::to_string(schema) +
                ", this nanochart reads schema " + std::to_string(SCHEMA) +
                ": use the nanochart version that wrote the file, or export the model again");

  ModelMetadata m;
  m.path = path;
  m.hash = hash;
  m.json = text;
  m.name = entry<std::string>(path, json, "name");
  m.dtype = entry<std::string>(path, json, "dtype");
  if (m.dtype != "float32" && m.dtype != "float64")
    fail(path, "has dtype \"" + m.dtype + "\", must be float32 or float64");

  const Json grid = entry<Json>(path, json, "grid");
  m.grid = {entry<double>(path, grid, "start"), entry<double>(path, grid, "step"),
            entry<int>(path, grid, "bins"), entry<double>(path, grid, "bandwidth")};
  if (!std::isfinite(m.grid.start) || !(m.grid.step > 0) || m.grid.bins < 1 ||
      !(m.grid.bandwidth > 0))
    fail(path, "has grid " + grid.dump() + ", must have step > 0, bins >= 1, bandwidth > 0");

  m.elements = entry<std::vector<std::string>>(path, json, "elements");
  const bool ascending = std::adjacent_find(m.elements.begin(), m.elements.end(),
                                            std::greater_equal<>()) == m.elements.end();
  if (m.elements.empty() || !ascending)
    fail(path, "has elements " + json["elements"].dump() + ", must be in alphabetical order");
  m.atoms = entry<int>(path, json, "atoms");
  if (m.atoms < 2) fail(path, "has atoms " + std::to_string(m.atoms) + ", must be >= 2");
  m.latent = entry<int>(path, json, "latent");
  if (m.latent < 1) fail(path, "has latent " + std::to_string(m.latent) + ", must be >= 1");
  const std::size_t kinds = m.elements.size();
  m.outside = outside_of(path, json, kinds * (kinds + 1) / 2 * m.grid.bins);
  check_scale(path, json, "s_mean", m.latent, false);
  check_scale(path, json, "s_scale", m.latent, true);
  if (json.contains("dense")) {
    const Json dense = entry<Json>(path, json, "dense");
    m.dense.activation = entry<std::string>(path, dense, "activation");
    m.dense.layers = entry<int>(path, dense, "layers");
    if ((m.dense.activation != "silu" && m.dense.activation != "tanh") || m.dense.layers < 1)
      fail(path, "has dense " + dense.dump() + ", must have activation silu or tanh, layers >= 1");
  }
  return m;
}

std::string library_directory() {
  Dl_info info;
  if (!dladdr(reinterpret_cast<void *>(&library_directory), &info) || !info.dli_fname) return ".";
  std::error_code failed;
  auto file = std::filesystem::canonical(info.dli_fname, failed);  // the other files lie there, not beside a link
  if (failed) file = info.dli_fname;
  return file.has_parent_path() ? file.parent_path().string() : ".";
}

std::string find_model(const std::string &model) {
  namespace fs = std::filesystem;
  if (model.find_first_of("/.") != std::string::npos) return model;
  const fs::path folder = fs::path(library_directory()) / "models";
  const fs::path path = folder / (model + ".pt");
  std::error_code ignored;
  if (!model.empty() && fs::is_regular_file(path, ignored)) return path.string();

  std::vector<std::string> names;
  for (const auto &file : fs::directory_iterator(folder, ignored))
    if (file.path().extension() == ".pt") names.push_back(file.path().stem().string());
  std::sort(names.begin(), names.end());
  std::string list;
  for (const auto &name : names) list += (list.empty() ? "" : ", ") + name;
  throw Error("model " + model + " is not shipped; shipped are: " + (list.empty() ? "none" : list) +
              "; a file is given with its path, as ./" + model + ".pt");
}

}  // namespace nanochart
