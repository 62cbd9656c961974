#include "bias/hills_format.hpp"

#include <charconv>
#include <cmath>
#include <sstream>
#include <utility>

#include "bias/text.hpp"
#include "core/error.hpp"

namespace nanochart {
namespace {

const std::string model_mark = "# nanochart model";

std::vector<std::string> split(const std::string &line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::string join(const std::vector<std::string> &words) {
  std::string all;
  for (const auto &word : words) all += (all.empty() ? "" : " ") + word;
  return all;
}

std::vector<std::string> column_names(const HillsHeader &header) {
  std::vector<std::string> names{"time"};
  for (const auto &cv : header.cvs) names.push_back(cv);
  for (const auto &cv : header.cvs) names.push_back("sigma_" + cv);
  names.push_back("height");
  names.push_back("biasf");
  return names;
}

std::string column(double value) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::general,
                                 17).ptr;
  const std::string number(digits, end);
  return std::string(number.size() < 24 ? 24 - number.size() : 1, ' ') + number;
}

// Height in the file per height of the bias.
double file_factor(double biasfactor) {
  return biasfactor > 1 ? biasfactor / (biasfactor - 1) : 1;
}

}  // namespace

std::string format_header(const HillsHeader &header) {
  std::string text = "#! FIELDS " + join(column_names(header)) +
                     "\n#! SET multivariate false\n#! SET kerneltype stretched-gaussian\n";
  if (!header.model.empty()) text += model_mark + " " + header.model + "\n";
  return text;
}

std::string format_hill(const HillsHeader &header, const Hill &hill) {
  std::string line = column(hill.time);
  for (std::size_t i = 0; i < header.sigma.size(); ++i) line += column(hill.center[i]);
  for (const double sigma : header.sigma) line += column(sigma);
  line += column(hill.height * file_factor(header.biasfactor)) + column(header.biasfactor);
  return line + "\n";
}

double height_as_read(const HillsHeader &header, const Hill &hill) {
  const double factor = file_factor(header.biasfactor);
  return hill.height * factor / factor;
}

HillsParser::HillsParser(std::string path, HillsHeader expected)
    : path_(std::move(path)), header_(std::move(expected)) {}

void HillsParser::fail(const std::string &what) const {
  throw Error(path_ + " line " + std::to_string(line_) + ": " + what);
}

void HillsParser::parse_fields(const std::vector<std::string> &names) {
  HillsHeader found;
  for (std::size_t i = 1; i < names.size() && names[i].rfind("sigma_", 0) != 0; ++i)
    found.cvs.push_back(names[i]);
  auto wanted = column_names(found);
  columns_ = static_cast<int>(wanted.size());
  if (names.size() == wanted.size() + 1) wanted.push_back("clock");  // PLUMED's multiple walkers
  if (found.cvs.empty() || found.cvs.size() > max_biased || names != wanted)
    fail("fields are `" + join(names) + "`, must be those of a HILLS file of 1 to 3 CVs: "
         "`time CV .. sigma_CV .. height biasf`");
  if (header_.cvs.empty()) header_.cvs = found.cvs;
  if (found.cvs.size() != header_.cvs.size())
    fail("hills of " + std::to_string(found.cvs.size()) + " CVs, this run biases " +
         std::to_string(header_.cvs.size()) + ": give the same or another HILLS file");
  if (found.cvs != header_.cvs)
    fail("hills on `" + join(found.cvs) + "`, this run biases `" + join(header_.cvs) +
         "`: give the same or another HILLS file");
}

void HillsParser::parse_setting(const std::string &name, const std::string &value) const {
  const bool known = (name == "multivariate" && value == "false") ||
                     (name == "kerneltype" && value == "stretched-gaussian");
  if (!known)
    fail("`SET " + name + " " + value + "` is not supported: hills must be stretched Gaussians "
         "with one sigma a CV, of CVs that are not periodic");
}

void HillsParser::parse_model(const std::string &hash) {
  if (header_.model.empty()) header_.model = hash;
  if (hash != header_.model)
    fail("hills of the chart model " + hash + ", this run uses " + header_.model +
         ": give that model or another HILLS file");
}

bool HillsParser::parse(const std::string &line, Hill &hill) {
  ++line_;
  auto words = split(line);
  if (words.empty()) return false;
  if (words[0] == "#!") {
    if (words.size() > 2 && words[1] == "FIELDS")
      parse_fields({words.begin() + 2, words.end()});
    else if (words.size() == 4 && words[1] == "SET")
      parse_setting(words[2], words[3]);
    else
      fail("`" + line + "` is not a header line of PLUMED");
    return false;
  }
  if (words[0][0] == '#') {
    if (line.rfind(model_mark + " ", 0) == 0) parse_model(words.back());
    return false;
  }
  if (columns_ == 0) fail("a hill before the line `#! FIELDS`: not a HILLS file of PLUMED's format");
  const int given = static_cast<int>(words.size());
  if (given != columns_ && given != columns_ + 1)
    fail("has " + std::to_string(given) + " columns, must have " + std::to_string(columns_) +
         ": damaged; delete the line if its hill may be lost");
  double value[2 * max_biased + 3];
  for (int i = 0; i < columns_; ++i) {
    const std::string &word = words[i];
    const auto result = std::from_chars(word.data(), word.data() + word.size(), value[i]);
    if (result.ec != std::errc() || result.ptr != word.data() + word.size() ||
        !std::isfinite(value[i]))
      fail("`" + word + "` is not a finite number: damaged; delete the line if its hill may be lost");
  }
  const int cvs = static_cast<int>(header_.cvs.size());
  if (header_.sigma.empty()) header_.sigma.assign(value + 1 + cvs, value + 1 + 2 * cvs);
  const double *sigma = value + 1 + cvs, height = value[1 + 2 * cvs], biasf = value[2 + 2 * cvs];
  for (int i = 0; i < cvs; ++i)
    if (!(std::abs(sigma[i] / header_.sigma[i] - 1) < 1e-9) || !(sigma[i] > 0))
      fail("sigma of " + header_.cvs[i] + " is " + text(sigma[i]) + ", this run has " +
           text(header_.sigma[i]) + ": give the same or another HILLS file");
  if (header_.biasfactor == 0) header_.biasfactor = biasf;
  const bool plain = biasf == -1 && header_.biasfactor == -1;
  if (!plain && !(biasf > 1 && std::abs(biasf / header_.biasfactor - 1) < 1e-9))
    fail("biasf is " + text(biasf) + ", this run has " + text(header_.biasfactor) +
         " (-1: plain): give the same biasfactor or another HILLS file");
  hill.time = value[0];
  hill.center = {};
  for (int i = 0; i < cvs; ++i) hill.center[i] = value[1 + i];
  hill.height = height / file_factor(biasf);
  return true;
}

}  // namespace nanochart
