#include "core/error.hpp"
#include "lammps/arguments_reader.hpp"

namespace nanochart {
namespace {

void parse_walkers(ArgumentReader &reader, MetadArguments &a) {
  auto &files = a.files;
  const std::string first = reader.word("walkers DIR");
  a.partition = first == "partition";
  if (a.partition) return;
  files.directory = first;
  files.walker = reader.word("walkers NAME");
  files.read_every = reader.positive("walkers n");
}

}  // namespace

MetadArguments parse_metad(const Words &words) {
  ArgumentReader reader(words, {"sigma", "height", "pace", "biasfactor", "temp", "grid", "hills",
                                "restart", "walkers"});
  MetadArguments a;
  auto &o = a.options;
  a.chart = reader.word("CVFIX, the ID of a fix nanochart,");
  bool height = false;
  while (!reader.done()) {
    const std::string keyword = reader.word("keyword");
    if (keyword == "sigma") {
      const Words sigma = reader.list(keyword);
      o.dim = static_cast<int>(sigma.size());
      o.components.clear();
      o.sigma.clear();
      for (int i = 0; i < o.dim; ++i) {
        if (sigma[i] == "*") continue;
        o.components.push_back(i);
        o.sigma.push_back(to_number("sigma " + std::to_string(i + 1), sigma[i]));
      }
    } else if (keyword == "height") {
      o.height = reader.number(keyword);
      height = true;
    } else if (keyword == "pace") {
      o.pace = reader.positive(keyword);
    } else if (keyword == "biasfactor") {
      o.biasfactor = reader.number(keyword);
    } else if (keyword == "temp") {
      o.temperature = reader.number(keyword);
    } else if (keyword == "grid") {
      const double lo = reader.number("grid lo"), hi = reader.number("grid hi");
      o.grid.push_back({lo, hi, reader.positive("grid bins")});
    } else if (keyword == "hills") {
      a.files.file = reader.word("hills FILE");
    } else if (keyword == "restart") {
      a.files.restart = reader.yes_or_no(keyword);
    } else if (keyword == "walkers") {
      parse_walkers(reader, a);
    } else {
      reader.unknown(keyword);
    }
  }
  if (o.dim == 0) throw Error("sigma is missing: give one width for each CV, * where left free");
  if (!height) throw Error("height is missing: give the height of the first hill");
  if (o.pace == 0) {
    if (o.height > 0) throw Error("pace is missing: give the number of steps between hills");
    o.pace = 1;  // a static bias has no hills to add
  }
  if (a.partition && o.height == 0)
    throw Error("height is 0, must be > 0 with walkers partition: there are no hills to share");
  for (const int c : o.components)
    a.files.names.push_back(a.chart + ".s" + std::to_string(c + 1));
  return a;
}

}  // namespace nanochart
