#include "lammps/arguments.hpp"

#include "core/error.hpp"
#include "lammps/arguments_reader.hpp"

namespace nanochart {

ChartArguments parse_chart(const Words &words, int atom_types) {
  ArgumentReader reader(words, {"every", "log", "device", "append", "elements"});
  ChartArguments a;
  a.model = reader.word("MODEL");
  while (!reader.done()) {
    const std::string keyword = reader.word("keyword");
    if (keyword == "every") {
      a.every = reader.positive("every");
    } else if (keyword == "log") {
      a.log = reader.word("log file");
      a.log_every = reader.positive("log interval");
    } else if (keyword == "device") {
      a.device = reader.word("device");
      if (a.device != "cpu" && a.device != "cuda")
        throw Error("device is " + a.device + ", must be cpu or cuda");
    } else if (keyword == "append") {
      a.append = reader.yes_or_no("append");
    } else if (keyword == "elements") {
      a.elements = reader.list(keyword);
      if (static_cast<int>(a.elements.size()) != atom_types)
        throw Error("elements names " + std::to_string(a.elements.size()) +
                    " elements, must be one for each of the " + std::to_string(atom_types) +
                    " atom types");
    } else {
      reader.unknown(keyword);
    }
  }
  if (a.log_every % a.every)
    throw Error("log interval is " + std::to_string(a.log_every) +
                ", must be a multiple of every, which is " + std::to_string(a.every));
  return a;
}

}  // namespace nanochart
