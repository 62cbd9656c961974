#include "bias/colvar_log.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "core/error.hpp"

namespace nanochart {
namespace fs = std::filesystem;
namespace {

// PLUMED's scheme: the first free bck.N.NAME in the same folder.
void back_up(const fs::path &path) {
  for (int n = 0;; ++n) {
    const fs::path copy =
        path.parent_path() / ("bck." + std::to_string(n) + "." + path.filename().string());
    if (fs::exists(copy)) continue;
    std::error_code failed;
    fs::rename(path, copy, failed);
    if (failed)
      throw Error("log file " + path.string() + " exists and cannot be kept as " + copy.string() +
                  ": " + failed.message());
    return;
  }
}

}  // namespace

ColvarLog::ColvarLog(const std::string &path, bool append) : path_(path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored))
    throw Error("log file " + path + " is a folder, must be a file");
  if (!append && fs::is_regular_file(path, ignored)) back_up(path);
  file_.reset(std::fopen(path.c_str(), append ? "a" : "w"));
  if (!file_) throw Error("log file " + path + " cannot be written: " + std::strerror(errno));
}

void ColvarLog::header(const std::vector<std::string> &fields) {
  if (fields == fields_) return;
  fields_ = fields;
  std::string line = "#! FIELDS";
  for (const auto &field : fields) line += " " + field;
  write(line + "\n");
}

void ColvarLog::row(double time, const std::vector<double> &values) {
  char text[64];
  std::snprintf(text, sizeof text, " %f", time);
  std::string line = text;
  for (const double value : values) {
    std::snprintf(text, sizeof text, " %.15g", value);
    line += text;
  }
  write(line + "\n");
}

void ColvarLog::write(const std::string &line) {
  const int file = fileno(file_.get());
  const auto done = ::write(file, line.data(), line.size());
  if (done == static_cast<ssize_t>(line.size())) return;
  const std::string reason = done < 0 ? std::strerror(errno) : "disk full";
  if (done > 0 && ftruncate(file, lseek(file, 0, SEEK_END) - done) != 0) {
    // the unfinished line stays; the error says why
  }
  throw Error("log file " + path_ + " cannot be written: " + reason);
}

std::string with_world(const std::string &path, int world) {
  const fs::path whole(path);
  return (whole.parent_path() / whole.stem()).string() + "." + std::to_string(world) +
         whole.extension().string();
}

}  // namespace nanochart
