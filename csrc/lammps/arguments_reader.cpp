#include "lammps/arguments_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>

#include "core/error.hpp"

namespace nanochart {

std::string ArgumentReader::word(const std::string &what) {
  if (done()) throw Error(what + " is missing at the end of the command");
  return words_[next_++];
}

double ArgumentReader::number(const std::string &what) { return to_number(what, word(what)); }

bool ArgumentReader::yes_or_no(const std::string &what) {
  const std::string text = word(what);
  if (text != "yes" && text != "no") throw Error(what + " is " + text + ", must be yes or no");
  return text == "yes";
}

std::int64_t ArgumentReader::whole(const std::string &what, std::int64_t least,
                                   std::int64_t most) {
  const std::string text = word(what);
  char *end = nullptr;
  errno = 0;
  const long long value = std::strtoll(text.c_str(), &end, 10);
  if (*end || end == text.c_str() || errno || value < least || value > most)
    throw Error(what + " is " + text + ", must be a whole number >= " + std::to_string(least));
  return value;
}

int ArgumentReader::positive(const std::string &what) {
  return static_cast<int>(whole(what, 1, 2147483647));
}

std::int64_t ArgumentReader::step(const std::string &what) { return whole(what, 0, INT64_MAX); }

Words ArgumentReader::list(const std::string &keyword) {
  Words found;
  while (!done() && !is_keyword(words_[next_])) found.push_back(words_[next_++]);
  if (found.empty()) throw Error(keyword + " needs a value");
  return found;
}

void ArgumentReader::unknown(const std::string &keyword) const {
  std::string known;
  for (const auto &name : keywords_) known += (known.empty() ? "" : ", ") + name;
  throw Error("unknown keyword " + keyword + ", must be one of " + known);
}

bool ArgumentReader::is_keyword(const std::string &word) const {
  return std::find(keywords_.begin(), keywords_.end(), word) != keywords_.end();
}

double to_number(const std::string &what, const std::string &text) {
  char *end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (*end || end == text.c_str() || !std::isfinite(value))
    throw Error(what + " is " + text + ", must be a number");
  return value;
}

}  // namespace nanochart
