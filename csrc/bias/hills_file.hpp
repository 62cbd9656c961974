#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "bias/hills_format.hpp"

namespace nanochart {

// The HILLS file that this process writes: whole lines only, also when the disk is full or the
// process is killed. It is locked, so that no other job writes it too.
class HillsFile {
 public:
  HillsFile(std::string path, HillsHeader header);
  ~HillsFile();
  HillsFile(const HillsFile &) = delete;

  // Begins a new file. One that exists is kept as bck.0.NAME, bck.1.NAME, .. as PLUMED does.
  void create();

  // Continues an existing file: returns its hills up to byte `offset` (-1: to the last whole line),
  // which must be `hills` many (-1: any number). What follows is cut off, and a copy of the whole
  // file kept as bck.N.NAME. Throws Error, leaving the file untouched, when it is missing, damaged,
  // or not the file that the run wrote.
  std::vector<Hill> resume(std::int64_t offset = -1, std::int64_t hills = -1);

  void append(const Hill &hill);

  const std::string &path() const { return path_; }
  std::int64_t offset() const { return offset_; }  // bytes, a line's end
  const std::string &message() const { return message_; }  // what was kept or cut; may be empty

 private:
  std::string path_;
  HillsHeader header_;
  int file_ = -1;  // POSIX descriptor
  std::int64_t offset_ = 0;
  std::string message_;

  void open(int flags);
  bool bears_name() const;
  void close();
  void cut(std::int64_t offset, std::int64_t size);
  void write(const std::string &text);
  std::string backup_path() const;
};

}  // namespace nanochart
