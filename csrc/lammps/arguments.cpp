#include "lammps/arguments.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>

#include "core/error.hpp"

namespace nanochart {
namespace {

// Words of a fix command, taken from front to back.
class Reader {
 public:
  Reader(const Words &words, Words keywords) : words_(words), keywords_(std::move(keywords)) {}

  bool done() const { return next_ == words_.size(); }

  std::string word(const std::string &what) {
    if (done()) throw Error(what + " is missing at the end of the command");
    return words_[next_++];
  }

  int positive(const std::string &what) {
    const std::string text = word(what);
    char *end = nullptr;
    const long value = std::strtol(text.c_str(), &end, 10);
    if (*end || end == text.c_str() || value < 1 || value > 2147483647)
      throw Error(what + " is " + text + ", must be a whole number >= 1");
    return static_cast<int>(value);
  }

  // Words up to the next keyword.
  Words list(const std::string &keyword) {
    Words found;
    while (!done() && !is_keyword(words_[next_])) found.push_back(words_[next_++]);
    if (found.empty()) throw Error(keyword + " needs a value");
    return found;
  }

  [[noreturn]] void unknown(const std::string &keyword) const {
    std::string known;
    for (const auto &name : keywords_) known += (known.empty() ? "" : ", ") + name;
    throw Error("unknown keyword " + keyword + ", must be one of " + known);
  }

 private:
  const Words &words_;
  Words keywords_;
  std::size_t next_ = 0;

  bool is_keyword(const std::string &word) const {
    return std::find(keywords_.begin(), keywords_.end(), word) != keywords_.end();
  }
};

double number(const std::string &what, const std::string &text) {
  char *end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (*end || end == text.c_str() || !std::isfinite(value))
    throw Error(what + " is " + text + ", must be a number");
  return value;
}

}  // namespace

ChartArguments parse_chart(const Words &words, int atom_types) {
  Reader reader(words, {"every", "log", "device", "append", "elements"});
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
      if (a.device == "cuda")
        throw Error("device is cuda, but this nanochart was built without CUDA: use device cpu");
      if (a.device != "cpu") throw Error("device is " + a.device + ", must be cpu or cuda");
    } else if (keyword == "append") {
      const std::string value = reader.word("append");
      if (value != "yes" && value != "no")
        throw Error("append is " + value + ", must be yes or no");
      a.append = value == "yes";
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

RestraintArguments parse_restraint(const Words &words) {
  Reader reader(words, {"at", "kappa", "to", "over"});
  RestraintArguments a;
  a.chart = reader.word("CVFIX, the ID of a fix nanochart,");
  Words at, kappa;
  while (!reader.done()) {
    const std::string keyword = reader.word("keyword");
    if (keyword == "at")
      at = reader.list(keyword);
    else if (keyword == "kappa")
      kappa = reader.list(keyword);
    else if (keyword == "to" || keyword == "over")
      throw Error(keyword + ": moving restraints are not available in this version, use at and "
                  "kappa alone");
    else
      reader.unknown(keyword);
  }
  if (at.empty()) throw Error("at is missing: give one place for each CV");
  if (kappa.empty()) throw Error("kappa is missing: give one stiffness for each CV");
  if (at.size() != kappa.size())
    throw Error("at has " + std::to_string(at.size()) + " values and kappa " +
                std::to_string(kappa.size()) + ", must be one for each CV in both");
  for (std::size_t i = 0; i < at.size(); ++i) {
    const std::string place = "at " + std::to_string(i + 1);
    const std::string stiffness = "kappa " + std::to_string(i + 1);
    if ((at[i] == "*") != (kappa[i] == "*"))
      throw Error(place + " is " + at[i] + " and " + stiffness + " is " + kappa[i] +
                  ": a component left free is * in both");
    const bool free = at[i] == "*";
    a.at.push_back(free ? 0 : number(place, at[i]));
    a.kappa.push_back(free ? 0 : number(stiffness, kappa[i]));
    if (a.kappa.back() < 0) throw Error(stiffness + " is " + kappa[i] + ", must be >= 0");
  }
  return a;
}

}  // namespace nanochart
