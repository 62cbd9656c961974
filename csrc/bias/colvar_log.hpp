#pragma once
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace nanochart {

// A COLVAR file as PLUMED's PRINT writes it: `#! FIELDS time ..`, then one line per step, each
// written at once; what a full disk cuts short is taken back. Lives on one rank.
class ColvarLog {
 public:
  // An existing file is kept as bck.0.NAME, bck.1.NAME, .. in its folder, unless `append`.
  // Throws Error when the file cannot be written.
  ColvarLog(const std::string &path, bool append);

  // A new header line is written when `fields` differ from those before.
  void header(const std::vector<std::string> &fields);
  // time in ps.
  void row(double time, const std::vector<double> &values);

 private:
  struct Close {
    void operator()(std::FILE *file) const { std::fclose(file); }
  };
  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::vector<std::string> fields_;

  void write(const std::string &line);
};

// COLVAR -> COLVAR.2, log/cv.dat -> log/cv.2.dat
std::string with_world(const std::string &path, int world);

}  // namespace nanochart
