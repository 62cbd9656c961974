// The log file of fix nanochart: one row a step number, whatever the number of evaluations.
#include <error.h>
#include <modify.h>
#include <universe.h>
#include <update.h>

#include "lammps/fix_nanochart.hpp"
#include "lammps/mpi_communicator.hpp"

namespace nanochart {

bool FixNanochart::log_is_due() const {
  return arguments_.log_every && update->ntimestep % arguments_.log_every == 0 &&
         update->ntimestep != last_row_;
}

// Two fixes writing to one file would each keep the other's rows as a backup.
void FixNanochart::check_log_is_mine() const {
  if (arguments_.log.empty()) return;
  for (auto *fix : modify->get_fix_list()) {
    const auto *other = dynamic_cast<FixNanochart *>(fix);
    if (other && other != this && other->arguments_.log == arguments_.log)
      throw Error("log file " + arguments_.log + " is also the log of fix nanochart " +
                  other->id + ", must be a file of its own");
  }
}

void FixNanochart::open_log() {
  if (!arguments_.log.empty())
    on_root(evaluation_->comm(), [this] {
      const auto path = universe->nworlds > 1 ? with_world(arguments_.log, universe->iworld)
                                              : arguments_.log;
      log_ = std::make_unique<ColvarLog>(path, arguments_.append);
    });
  log_opened_ = true;
}

double FixNanochart::time() const {
  return (update->atime + (update->ntimestep - update->atimestep) * update->dt) / units_.time;
}

void FixNanochart::log() {
  if (log_is_due()) guarded(lmp, who(), [this] { take_row(); });
}

// While minimising, a step number has several trial positions, of which the last one stays.
void FixNanochart::take_row() {
  if (row_.step != update->ntimestep) write_row();
  row_.step = update->ntimestep;
  row_.time = time();
  row_.fields = {"time"};
  for (int i = 1; i <= dim(); ++i)
    row_.fields.push_back(std::string(id) + ".s" + std::to_string(i));
  row_.fields.push_back(std::string(id) + ".outside");
  row_.values = evaluation_->s();
  row_.values.push_back(evaluation_->outside());
  for (const auto *bias : biases()) {
    row_.fields.push_back(std::string(bias->id) + ".bias");
    row_.values.push_back(evaluation_->energies().at(bias->id));
    bias->add_columns(evaluation_->s(), row_.fields, row_.values);
  }
  if (!minimizing()) write_row();
}

void FixNanochart::write_row() {
  if (row_.step < 0) return;
  on_root(evaluation_->comm(), [this] {
    log_->header(row_.fields);
    log_->row(row_.time, row_.values);
  });
  last_row_ = row_.step;
  row_.step = -1;
}

}  // namespace nanochart
