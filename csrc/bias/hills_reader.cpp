#include "bias/hills_reader.hpp"

#include <algorithm>
#include <fstream>
#include <utility>

#include "core/error.hpp"

namespace nanochart {

HillsReader::HillsReader(std::string path, HillsHeader expected)
    : path_(std::move(path)), parser_(path_, std::move(expected)) {}

bool HillsReader::read(std::vector<Hill> &hills, std::int64_t until) {
  std::ifstream file(path_, std::ios::binary | std::ios::ate);
  if (!file) return true;
  const std::int64_t size = file.tellg(), end = std::min(size, until);
  if (size < offset_) return false;
  const std::int64_t begin = offset_ - static_cast<std::int64_t>(last_line_.size());
  std::string text(std::max<std::int64_t>(0, end - begin), '\0');
  file.seekg(begin);
  if (!text.empty() && !file.read(text.data(), text.size()))
    throw Error(path_ + " cannot be read");
  if (text.compare(0, last_line_.size(), last_line_) != 0) return false;

  std::size_t position = last_line_.size();
  std::vector<Hill> found;
  Hill hill;
  for (std::size_t stop; (stop = text.find('\n', position)) != std::string::npos;
       position = stop + 1) {
    if (parser_.parse(text.substr(position, stop - position), hill)) found.push_back(hill);
    last_line_ = text.substr(position, stop + 1 - position);
    offset_ = begin + static_cast<std::int64_t>(stop) + 1;
  }
  unfinished_ = size - offset_;
  hills.insert(hills.end(), found.begin(), found.end());
  return true;
}

}  // namespace nanochart
