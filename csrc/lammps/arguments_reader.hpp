#pragma once
#include <cstdint>
#include <string>

#include "lammps/arguments.hpp"

namespace nanochart {

// Words of a fix command, taken from front to back. `what` names a word in errors.
class ArgumentReader {
 public:
  ArgumentReader(const Words &words, Words keywords)
      : words_(words), keywords_(std::move(keywords)) {}

  bool done() const { return next_ == words_.size(); }
  bool next_is(const std::string &word) const { return !done() && words_[next_] == word; }
  std::string word(const std::string &what);
  double number(const std::string &what);
  bool yes_or_no(const std::string &what);
  int positive(const std::string &what);
  std::int64_t step(const std::string &what);  // >= 0
  Words list(const std::string &keyword);      // up to the next keyword
  [[noreturn]] void unknown(const std::string &keyword) const;

 private:
  const Words &words_;
  Words keywords_;
  std::size_t next_ = 0;

  std::int64_t whole(const std::string &what, std::int64_t least, std::int64_t most);
  bool is_keyword(const std::string &word) const;
};

// Throws Error unless `text` is a finite number.
double to_number(const std::string &what, const std::string &text);

}  // namespace nanochart
