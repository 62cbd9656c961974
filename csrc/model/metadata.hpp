#pragma once
#include <string>
#include <vector>

#include "core/rdf.hpp"
#include "model/outside.hpp"

namespace nanochart {

// What nanochart.json inside a model file says (schema in docs/model-file.md).
struct ModelMetadata {
  std::string path;                   // the file
  std::string name;                   // as shipped, e.g. Au147
  std::string dtype;                  // float32 or float64: what the network computes in
  RdfGrid grid;
  std::vector<std::string> elements;  // alphabetical; species index of Rdf
  int atoms;                          // number of atoms the chart was learned on
  int latent;                         // number of CVs, d
  struct {
    std::string activation;           // silu or tanh, after all layers but the last
    int layers = 0;                   // 0: the network is not of this kind
  } dense;                            // fully connected, see dense_encoder.hpp
  Outside outside;                    // empty in files without it
  std::string hash;                   // SHA-256 of the file
  std::string json;                   // the whole text
};

// Reads and checks the text of nanochart.json. Throws Error naming the file and the entry.
ModelMetadata parse_metadata(const std::string &path, const std::string &hash,
                             const std::string &json);

// Path of a model as users name it: letters, digits and '-' are looked up in the directory `models`
// beside this library; anything with '/' or '.' is a path. Throws Error listing what is there.
std::string find_model(const std::string &model);

// Directory of the shared object that this code is linked into.
std::string library_directory();

}  // namespace nanochart
