#include "bias/hills_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "bias/hills_reader.hpp"
#include "core/error.hpp"

namespace nanochart {
namespace fs = std::filesystem;

HillsFile::HillsFile(std::string path, HillsHeader header)
    : path_(std::move(path)), header_(std::move(header)) {}

HillsFile::~HillsFile() { close(); }

void HillsFile::close() {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
}

// Whoever holds the lock of the file that bears the name owns it. Between opening and locking, another
// run may have put a new file under the name: then that one is opened.
void HillsFile::open(int flags) {
  do {
    close();
    file_ = ::open(path_.c_str(), O_RDWR | O_APPEND | O_CLOEXEC | flags, 0666);
    if (file_ < 0) throw Error(path_ + " cannot be written: " + std::strerror(errno));
    if (flock(file_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      close();
      throw Error(path_ + " is being written by another run: give each run (each walker) its own "
                  "name, or stop the other one");
    }
  } while (!bears_name());
}

bool HillsFile::bears_name() const {
  struct stat opened, named;
  return fstat(file_, &opened) == 0 && ::stat(path_.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

std::string HillsFile::backup_path() const {
  const fs::path path(path_);
  for (int n = 0;; ++n) {
    const fs::path copy =
        path.parent_path() / ("bck." + std::to_string(n) + "." + path.filename().string());
    if (!fs::exists(copy)) return copy.string();
  }
}

void HillsFile::create() {
  if (fs::exists(path_) && !fs::is_regular_file(path_))
    throw Error(path_ + " is not a file, must be one");
  open(O_CREAT);
  if (lseek(file_, 0, SEEK_END) > 0) {
    const std::string copy = backup_path();
    if (std::rename(path_.c_str(), copy.c_str()) != 0)
      throw Error(path_ + " exists and cannot be kept as " + copy + ": " + std::strerror(errno));
    message_ = path_ + " existed and is kept as " + copy;
    open(O_CREAT);
  }
  offset_ = 0;
  write(format_header(header_));
}

std::vector<Hill> HillsFile::resume(std::int64_t offset, std::int64_t hills) {
  if (!fs::exists(path_))
    throw Error(path_ + " is missing, but the run is to continue from it: put it back, or start "
                "anew with `restart no`");
  if (!fs::is_regular_file(path_)) throw Error(path_ + " is not a file, must be one");
  open(0);
  const std::int64_t size = fs::file_size(path_);
  if (offset > size)
    throw Error(path_ + " has " + std::to_string(size) + " bytes, but " + std::to_string(offset) +
                " when the restart file was written: not this run's file, or cut since");
  HillsReader reader(path_, header_);
  std::vector<Hill> found;
  reader.read(found, offset < 0 ? size : offset);
  const auto count = static_cast<std::int64_t>(found.size());
  if ((offset >= 0 && reader.offset() != offset) || (hills >= 0 && count != hills))
    throw Error(path_ + " does not have " + std::to_string(hills) + " hills in its first " +
                std::to_string(offset) + " bytes, as when the restart file was written: not this "
                "run's file");
  cut(reader.offset(), size);
  if (offset_ == 0) write(format_header(header_));
  return found;
}

void HillsFile::cut(std::int64_t offset, std::int64_t size) {
  offset_ = offset;
  if (offset == size) return;
  std::ifstream file(path_, std::ios::binary);
  file.seekg(offset);
  const auto lines = std::count(std::istreambuf_iterator<char>(file), {}, '\n');
  const std::string copy = backup_path();
  std::error_code failed;
  fs::copy_file(path_, copy, failed);
  if (failed)
    throw Error(path_ + " cannot be copied to " + copy + " before it is cut: " + failed.message());
  if (ftruncate(file_, offset) != 0)
    throw Error(path_ + " cannot be cut: " + std::strerror(errno));
  message_ = path_ + ": " +
             (lines > 0 ? std::to_string(lines) + " lines after the restart step"
                        : std::string("an unfinished last line")) +
             " cut off; the whole file is kept as " + copy;
}

void HillsFile::append(const Hill &hill) { write(format_hill(header_, hill)); }

void HillsFile::write(const std::string &text) {
  const auto done = ::write(file_, text.data(), text.size());
  if (done != static_cast<ssize_t>(text.size())) {
    const std::string reason = done < 0 ? std::strerror(errno) : "disk full";
    if (done > 0 && ftruncate(file_, offset_) != 0) {
      // the unfinished line stays and is cut off by resume()
    }
    throw Error(path_ + " cannot be written: " + reason + "; its " + std::to_string(offset_) +
                " bytes are whole lines, the run can be continued from them");
  }
  offset_ += done;
}

}  // namespace nanochart
