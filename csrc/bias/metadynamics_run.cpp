#include "bias/metadynamics_run.hpp"

#include <filesystem>
#include <sstream>
#include <utility>

#include "core/error.hpp"

namespace nanochart {

MetadynamicsRun::MetadynamicsRun(MetadynamicsOptions options, HillsOptions hills)
    : hills_(std::move(hills)), bias_(std::move(options)) {
  const auto &components = bias_.options().components;
  if (hills_.names.empty())
    for (const int c : components) hills_.names.push_back("s" + std::to_string(c + 1));
  if (hills_.names.size() != components.size())
    throw Error("names has " + std::to_string(hills_.names.size()) + " entries, must have " +
                std::to_string(components.size()) + ", one for each biased CV");
  if (hills_.restart && hills_.file.empty())
    throw Error("restart needs hills FILE, the file to continue");
  if (bias_.options().height == 0 && !hills_.restart && hills_.directory.empty())
    throw Error("height is 0 and hills are not read either, so there would be no bias: give a "
                "height > 0, or hills FILE and restart yes");
  if (hills_.directory.empty()) return;
  if (hills_.read_every < 1)
    throw Error("walkers: hills of others are read every " + std::to_string(hills_.read_every) +
                " steps, must be >= 1");
  if (hills_.file.empty()) hills_.file = "HILLS";
  hills_.file = std::filesystem::path(hills_.file).filename().string();
}

MetadynamicsRun::MetadynamicsRun(MetadynamicsOptions options, std::vector<std::string> names,
                                 const std::vector<Hill> &hills)
    : bias_(std::move(options)), opened_(true) {
  hills_.names = std::move(names);
  bias_.add(hills);
}

std::unique_ptr<MetadynamicsRun> MetadynamicsRun::copy(MetadynamicsOptions options,
                                                       std::vector<std::string> names,
                                                       const std::vector<Hill> &hills) {
  return std::unique_ptr<MetadynamicsRun>(
      new MetadynamicsRun(std::move(options), std::move(names), hills));
}

HillsHeader MetadynamicsRun::header() const {
  const auto &o = bias_.options();
  // A static bias may come from hills of any biasfactor.
  const double biasfactor = o.height > 0 || o.biasfactor ? o.biasfactor.value_or(-1) : 0;
  return {hills_.names, o.sigma, biasfactor, hills_.model};
}

std::string MetadynamicsRun::path() const {
  return walkers_ ? walkers_->own_path() : hills_.file;
}

std::vector<Hill> MetadynamicsRun::read_own(std::int64_t offset, std::int64_t hills) {
  if (writes()) return file_->resume(offset, hills);
  if (!std::filesystem::exists(path()))
    throw Error(path() + " is missing, but hills are to be read from it");
  HillsReader reader(path(), header());
  std::vector<Hill> found;
  reader.read(found, offset < 0 ? HillsReader::all : offset);
  if (offset < 0 && reader.unfinished() > 0)
    messages_.push_back(path() + ": an unfinished last line is not used");
  if (hills >= 0 && static_cast<std::int64_t>(found.size()) != hills)
    throw Error(path() + " does not have " + std::to_string(hills) + " hills in its first " +
                std::to_string(offset) + " bytes, as when the restart file was written");
  offset_ = reader.offset();
  return found;
}

void MetadynamicsRun::open(const std::string &state) {
  if (opened_) throw Error("metadynamics is open already");
  if (!hills_.directory.empty())
    walkers_ = std::make_unique<Walkers>(hills_.directory, hills_.file, hills_.walker, header());
  if (hills_.file.empty()) {
    if (!state.empty())
      throw Error("hills were kept in memory alone and cannot be restored: give hills FILE");
    opened_ = true;
    return;
  }
  if (writes()) file_ = std::make_unique<HillsFile>(path(), header());

  // Others first: a fault in their files leaves our own as it is.
  std::vector<Hill> hills, others;
  if (!state.empty()) {
    std::int64_t count = -1, offset = -1, held = 0;
    const bool holds = state.rfind("held ", 0) == 0;
    std::istringstream in(holds ? state.substr(5) : state);
    if (holds) in >> held_step_ >> held;
    if (!(in >> count >> offset) || held < 0 || count < held || offset < 0)
      throw Error("restart data `" + state + "` is not a state of metadynamics");
    std::string rest;
    std::getline(in, rest);
    if (walkers_) walkers_->restore(rest, others);
    hills = read_own(offset, count);
    held_.assign(hills.end() - held, hills.end());
    hills.resize(hills.size() - held);
  } else {
    if (walkers_) walkers_->read(others);
    if (hills_.restart)
      hills = read_own(-1, -1);
    else if (writes())
      file_->create();
    else if (adds())
      offset_ = static_cast<std::int64_t>(format_header(header()).size());
  }
  own_hills_ = static_cast<std::int64_t>(hills.size() + held_.size());
  hills.insert(hills.end(), others.begin(), others.end());
  if (file_ && !file_->message().empty()) messages_.push_back(file_->message());
  bias_.add(hills);
  if (total() > 0) messages_.push_back(std::to_string(total()) + " hills read");
  opened_ = true;
}

Hill MetadynamicsRun::write(const Hill &hill) {
  if (file_)
    file_->append(hill);
  else if (!hills_.file.empty())
    offset_ += static_cast<std::int64_t>(format_hill(header(), hill).size());
  ++own_hills_;
  return {hill.time, hill.center, height_as_read(header(), hill)};
}

void MetadynamicsRun::record(const std::vector<Hill> &hills) {
  std::vector<Hill> written;
  for (const Hill &hill : hills) written.push_back(write(hill));
  bias_.add(written);
}

void MetadynamicsRun::hold(std::int64_t step, const std::vector<Hill> &hills) {
  if (!opened_) throw Error("metadynamics: open() must come before the first step");
  settle(step);
  for (const Hill &hill : hills) held_.push_back(write(hill));
  held_step_ = step;
}

void MetadynamicsRun::deposit(std::int64_t step, double time, const double *s) {
  if (!opened_) throw Error("metadynamics: open() must come before the first step");
  settle(step);
  if (bias_.due(step)) hold(step, {next_hill(time, s)});
  if (walkers_ && step % hills_.read_every == 0) read_walkers();
}

void MetadynamicsRun::settle(std::int64_t step) {
  if (held_.empty() || held_step_ >= step) return;
  bias_.add(held_);
  held_.clear();
}

void MetadynamicsRun::update(std::int64_t step, double time, const double *s) {
  if (!opened_) throw Error("metadynamics: open() must come before the first step");
  if (bias_.due(step)) record({next_hill(time, s)});
  if (walkers_ && step % hills_.read_every == 0) read_walkers();
}

void MetadynamicsRun::read_walkers() {
  std::vector<Hill> hills;
  if (walkers_->read(hills)) {
    for (const Hill &hill : hills) bias_.add(hill);
    return;
  }
  HillsReader own(path(), header());
  own.read(hills);
  held_.clear();  // it is among them
  // A file that is cut again during this very reading is found at the next one.
  if (!walkers_->read(hills)) walkers_->read(hills);
  bias_.clear();
  bias_.add(hills);
  messages_.push_back("hills of another walker were cut or replaced: V rebuilt from " +
                      std::to_string(hills.size()) + " hills");
}

std::string MetadynamicsRun::state() const {
  std::string text;
  if (!held_.empty())
    text = "held " + std::to_string(held_step_) + " " + std::to_string(held_.size()) + " ";
  text += std::to_string(own_hills_) + " ";
  text += std::to_string(file_ ? file_->offset() : offset_);
  return walkers_ ? text + walkers_->state() : text;
}

std::vector<Hill> MetadynamicsRun::list() const {
  std::vector<Hill> hills = bias_.list();
  hills.insert(hills.end(), held_.begin(), held_.end());
  return hills;
}

std::vector<std::string> MetadynamicsRun::messages() { return std::exchange(messages_, {}); }

}  // namespace nanochart
