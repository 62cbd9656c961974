#pragma once
#include <string>
#include <vector>

#include "bias/hill.hpp"

namespace nanochart {

// What a HILLS file says of all its hills.
struct HillsHeader {
  std::vector<std::string> cvs;  // names of the biased CVs, e.g. chart.s1; empty: not known yet
  std::vector<double> sigma;     // [cvs]
  double biasfactor = 0;         // gamma; -1: plain; 0: not known yet
  std::string model;             // hash of the chart model; empty: not said
};

// PLUMED's three header lines, and the model's hash in a plain comment, which PLUMED skips.
std::string format_header(const HillsHeader &header);

// One line: time, centre, sigma, height, biasf; 17 digits, independent of the locale. As PLUMED,
// well-tempered files hold height gamma/(gamma - 1), so that the sum of hills estimates -F.
std::string format_hill(const HillsHeader &header, const Hill &hill);

// The height that a reader of that line gets: V rebuilt from the file is the same to the last bit
// when the run uses it too.
double height_as_read(const HillsHeader &header, const Hill &hill);

// Reads lines of a HILLS file in their order, our own or PLUMED's. What `expected` leaves open is
// taken from the file; the rest must agree.
class HillsParser {
 public:
  // `path` is for messages.
  HillsParser(std::string path, HillsHeader expected);

  // One line without its end. True when it held a hill. Throws Error naming file and line for
  // anything that is not PLUMED's format, or differs from what was expected.
  bool parse(const std::string &line, Hill &hill);

  const HillsHeader &header() const { return header_; }
  long line() const { return line_; }

 private:
  std::string path_;
  HillsHeader header_;
  long line_ = 0;
  int columns_ = 0;  // 0: no header seen

  [[noreturn]] void fail(const std::string &what) const;
  void parse_fields(const std::vector<std::string> &names);
  void parse_setting(const std::string &name, const std::string &value) const;
  void parse_model(const std::string &hash);
};

}  // namespace nanochart
