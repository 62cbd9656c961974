#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bias/hills_file.hpp"
#include "bias/metadynamics.hpp"
#include "bias/walkers.hpp"

namespace nanochart {

struct HillsOptions {
  std::string file;                // name or path; empty: hills live in memory alone
  bool restart = false;            // begin with the hills in the file, which must exist
  bool write = true;               // false: another process writes the file, this one reads it
  std::string directory, walker;   // walkers that share a folder; the file's name is FILE.WALKER
  std::int64_t read_every = 0;     // steps between readings of the other walkers' hills
  std::vector<std::string> names;  // of the biased CVs in the file; empty: s1, s2, ..
  std::string model;               // hash of the chart model; empty: not written, not checked
};

// Metadynamics with its HILLS file: what an adapter holds, on one rank. HILLS is the truth of the
// run: V is always rebuilt from it. With height 0 files are only read.
class MetadynamicsRun : public Bias {
 public:
  // Checks; touches no file. Throws Error as Metadynamics, and for a walker without a folder, a
  // name or a positive interval.
  MetadynamicsRun(MetadynamicsOptions options, HillsOptions hills);

  // A run that begins with `hills`, already open; new ones live in memory alone.
  static std::unique_ptr<MetadynamicsRun> copy(MetadynamicsOptions options,
                                               std::vector<std::string> names,
                                               const std::vector<Hill> &hills);

  // Once, before the first step. With the state() of an earlier run: continues there, later hills
  // are cut off. Without: reads the file if `restart`, else begins a new one and keeps the old as
  // a backup.
  void open(const std::string &state = "");

  double value(const double *s, double *dv_ds) const override { return bias_.value(s, dv_ds); }

  // After the forces of a step: adds and writes a hill when one is due, and reads the others'.
  void update(std::int64_t step, double time, const double *s);
  // The same for an engine that may evaluate V at this step once more, in the setup of a continued
  // run: the hill is written at once, but V has it only from settle() at a later step on.
  void deposit(std::int64_t step, double time, const double *s);
  void settle(std::int64_t step);  // before value() at `step`
  // The same in parts, for walkers that exchange hills themselves: each process calls hold() with
  // the hills of all, in the same order.
  Hill next_hill(double time, const double *s) const { return bias_.next_hill(time, s); }
  void hold(std::int64_t step, const std::vector<Hill> &hills);
  void record(const std::vector<Hill> &hills);  // writes (if this process does) and adds
  std::vector<Hill> list() const;  // all hills, those that are not yet in V included

  // Hills, bytes, and how far other walkers' files were read: for the engine's restart file. Where
  // several processes add hills and one writes them, the writer's state is that of all.
  std::string state() const;
  std::int64_t total() const { return bias_.hills() + static_cast<std::int64_t>(held_.size()); }
  double last_height() const {
    return held_.empty() ? bias_.last_height() : held_.back().height;
  }
  const Metadynamics &bias() const { return bias_; }
  const HillsOptions &hills() const { return hills_; }
  // What happened since the last call, for the engine's log.
  std::vector<std::string> messages();

 private:
  MetadynamicsRun(MetadynamicsOptions options, std::vector<std::string> names,
                  const std::vector<Hill> &hills);

  HillsOptions hills_;
  Metadynamics bias_;
  std::unique_ptr<HillsFile> file_;
  std::unique_ptr<Walkers> walkers_;
  std::vector<std::string> messages_;
  std::int64_t own_hills_ = 0;
  std::int64_t offset_ = 0;  // bytes of a file that this process does not write
  std::vector<Hill> held_;   // written, not yet in V
  std::int64_t held_step_ = 0;
  bool opened_ = false;

  HillsHeader header() const;
  bool adds() const { return bias_.options().height > 0; }
  bool writes() const { return hills_.write && adds(); }
  std::string path() const;
  Hill write(const Hill &hill);
  std::vector<Hill> read_own(std::int64_t offset, std::int64_t hills);
  void read_walkers();
};

}  // namespace nanochart
