#include "bias/walkers.hpp"

#include <cctype>
#include <filesystem>
#include <sstream>
#include <system_error>
#include <utility>

#include "core/error.hpp"

namespace nanochart {
namespace fs = std::filesystem;
namespace {

bool valid(const std::string &name) {
  for (const unsigned char c : name)
    if (!std::isalnum(c) && c != '-' && c != '_') return false;
  return !name.empty();
}

}  // namespace

Walkers::Walkers(std::string directory, std::string base, std::string own, HillsHeader expected)
    : directory_(std::move(directory)),
      base_(std::move(base)),
      own_(std::move(own)),
      expected_(std::move(expected)) {
  if (!fs::is_directory(directory_))
    throw Error("walkers " + directory_ + " is not a folder: make it first, one for all walkers");
  if (!valid(own_))
    throw Error("walker name `" + own_ + "` must consist of letters, digits, - and _");
}

std::string Walkers::path(const std::string &walker) const {
  return (fs::path(directory_) / (base_ + "." + walker)).string();
}

HillsReader &Walkers::reader(const std::string &walker) {
  return readers_.try_emplace(walker, path(walker), expected_).first->second;
}

bool Walkers::read(std::vector<Hill> &hills) {
  const std::string prefix = base_ + ".";
  std::error_code failed;
  for (const auto &entry : fs::directory_iterator(directory_, failed)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(prefix, 0) != 0) continue;
    const std::string walker = name.substr(prefix.size());
    if (walker != own_ && valid(walker)) reader(walker);
  }
  if (failed) throw Error("walkers " + directory_ + " cannot be read: " + failed.message());
  std::vector<Hill> found;
  for (auto &[walker, reader] : readers_)
    if (!reader.read(found)) {
      readers_.clear();
      return false;
    }
  hills.insert(hills.end(), found.begin(), found.end());
  return true;
}

std::string Walkers::state() const {
  std::string text;
  for (const auto &[walker, reader] : readers_)
    text += " " + walker + " " + std::to_string(reader.offset());
  return text;
}

void Walkers::restore(const std::string &state, std::vector<Hill> &hills) {
  std::istringstream in(state);
  std::string walker;
  for (std::int64_t offset; in >> walker >> offset;) reader(walker).read(hills, offset);
}

}  // namespace nanochart
