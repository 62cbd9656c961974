#include "core/error.hpp"
#include "lammps/arguments_reader.hpp"

namespace nanochart {

WallArguments parse_wall(const Words &words) {
  ArgumentReader reader(words, {"at", "kappa", "exp"});
  WallArguments a;
  a.chart = reader.word("CVFIX, the ID of a fix nanochart,");
  const std::string side = reader.word("lower or upper");
  if (side != "lower" && side != "upper")
    throw Error("the side of the wall is " + side + ", must be lower or upper");
  a.side = side == "lower" ? Wall::Side::lower : Wall::Side::upper;
  a.component = reader.positive("COMPONENT");
  bool at = false, kappa = false;
  while (!reader.done()) {
    const std::string keyword = reader.word("keyword");
    if (keyword == "at") {
      a.at = reader.number(keyword);
      at = true;
    } else if (keyword == "kappa") {
      a.kappa = reader.number(keyword);
      kappa = true;
    } else if (keyword == "exp") {
      a.exp = reader.number(keyword);
    } else {
      reader.unknown(keyword);
    }
  }
  if (!at) throw Error("at is missing: give the place of the wall");
  if (!kappa) throw Error("kappa is missing: give the stiffness of the wall");
  return a;
}

}  // namespace nanochart
