#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bias/hills_reader.hpp"

namespace nanochart {

// Independent runs that share their hills through files DIR/BASE.NAME, one written by each, as
// PLUMED's WALKERS_DIR. This is the reading side: the hills of all others, each exactly once.
class Walkers {
 public:
  // `expected` holds for all files. Throws Error unless `directory` is a folder and `own` consists
  // of letters, digits, - and _.
  Walkers(std::string directory, std::string base, std::string own, HillsHeader expected);

  std::string own_path() const { return path(own_); }

  // Appends the hills others have written since the last call. False when another walker's file
  // was cut or replaced (it went back to a restart): its old hills must leave V. Then all is
  // forgotten; build V anew from the own hills and a further call.
  bool read(std::vector<Hill> &hills);

  // How far each file was read, NAME BYTES .., and the hills up to there again.
  std::string state() const;
  void restore(const std::string &state, std::vector<Hill> &hills);

 private:
  std::string directory_, base_, own_;
  HillsHeader expected_;
  std::map<std::string, HillsReader> readers_;  // by walker, so that the order is always the same

  std::string path(const std::string &walker) const;
  HillsReader &reader(const std::string &walker);
};

}  // namespace nanochart
