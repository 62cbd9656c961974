#include "core/error.hpp"
#include "lammps/arguments_reader.hpp"

namespace nanochart {
namespace {

// `*` leaves a component free in every one of the lists.
void check_free(const std::string &keyword, const Words &values, const Words &kappa) {
  if (values.size() != kappa.size())
    throw Error(keyword + " has " + std::to_string(values.size()) + " values and kappa " +
                std::to_string(kappa.size()) + ", must be one for each CV in both");
  for (std::size_t i = 0; i < values.size(); ++i)
    if ((values[i] == "*") != (kappa[i] == "*"))
      throw Error(keyword + " " + std::to_string(i + 1) + " is " + values[i] + " and kappa " +
                  std::to_string(i + 1) + " is " + kappa[i] +
                  ": a component left free is * in both");
}

std::vector<double> numbers(const std::string &keyword, const Words &words) {
  std::vector<double> values;
  for (std::size_t i = 0; i < words.size(); ++i)
    values.push_back(words[i] == "*"
                         ? 0
                         : to_number(keyword + " " + std::to_string(i + 1), words[i]));
  return values;
}

}  // namespace

RestraintArguments parse_restraint(const Words &words) {
  ArgumentReader reader(words, {"at", "kappa", "to", "over"});
  RestraintArguments a;
  a.chart = reader.word("CVFIX, the ID of a fix nanochart,");
  Words at, kappa;
  std::vector<Words> to;
  while (!reader.done()) {
    const std::string keyword = reader.word("keyword");
    if (keyword == "at") {
      at = reader.list(keyword);
    } else if (keyword == "kappa") {
      kappa = reader.list(keyword);
    } else if (keyword == "to") {
      to.push_back(reader.list(keyword));
      if (!reader.next_is("over"))
        throw Error("to must be followed by over step0 step1, the steps between which the "
                    "restraint moves there");
      reader.word("over");
      MovingRestraint::Leg leg;
      leg.first = reader.step("over step0");
      leg.last = reader.step("over step1");
      a.legs.push_back(leg);
    } else if (keyword == "over") {
      throw Error("over must follow to t1 .. td, the place to which the restraint moves");
    } else {
      reader.unknown(keyword);
    }
  }
  if (at.empty()) throw Error("at is missing: give one place for each CV");
  if (kappa.empty()) throw Error("kappa is missing: give one stiffness for each CV");
  check_free("at", at, kappa);
  a.at = numbers("at", at);
  a.kappa = numbers("kappa", kappa);
  for (std::size_t i = 0; i < kappa.size(); ++i)
    if (a.kappa[i] < 0)
      throw Error("kappa " + std::to_string(i + 1) + " is " + kappa[i] + ", must be >= 0");
  for (std::size_t k = 0; k < to.size(); ++k) {
    check_free("to", to[k], kappa);
    a.legs[k].to = numbers("to", to[k]);
  }
  return a;
}

}  // namespace nanochart
