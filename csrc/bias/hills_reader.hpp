#pragma once
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "bias/hills_format.hpp"

namespace nanochart {

// Follows a HILLS file that another process may be writing: whole lines only, every hill once. The
// file itself is never touched.
class HillsReader {
 public:
  static constexpr std::int64_t all = std::numeric_limits<std::int64_t>::max();

  HillsReader(std::string path, HillsHeader expected);

  // Appends the hills on whole lines between what was read before and byte `until`. False, with
  // nothing read, when the lines read before are no longer there: the file was cut or replaced. A
  // missing file holds no hills. Throws Error as HillsParser does.
  bool read(std::vector<Hill> &hills, std::int64_t until = all);

  const std::string &path() const { return path_; }
  const HillsHeader &header() const { return parser_.header(); }
  std::int64_t offset() const { return offset_; }          // bytes read, a line's end
  std::int64_t unfinished() const { return unfinished_; }  // bytes seen after it

 private:
  std::string path_;
  HillsParser parser_;
  std::int64_t offset_ = 0, unfinished_ = 0;
  std::string last_line_;
};

}  // namespace nanochart
