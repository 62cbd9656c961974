#pragma once
#include <mpi.h>

#include "core/error.hpp"
#include "cv/chart_cv.hpp"

namespace nanochart {

// The ranks of one LAMMPS world.
class MpiCommunicator : public Communicator {
 public:
  explicit MpiCommunicator(MPI_Comm world) : world_(world) {
    MPI_Comm_rank(world_, &rank_);
    MPI_Comm_size(world_, &ranks_);
  }

  bool root() const override { return rank_ == 0; }
  void sum(double *values, int n) override {
    if (ranks_ > 1) MPI_Allreduce(MPI_IN_PLACE, values, n, MPI_DOUBLE, MPI_SUM, world_);
  }
  void broadcast(void *bytes, int n) override {
    if (ranks_ > 1) MPI_Bcast(bytes, n, MPI_BYTE, 0, world_);
  }

  int rank() const { return rank_; }
  int ranks() const { return ranks_; }
  MPI_Comm world() const { return world_; }

 private:
  MPI_Comm world_;
  int rank_ = 0, ranks_ = 1;
};

// Runs `work` on root; an Error there is thrown on every rank.
template <class Work>
void on_root(Communicator &comm, const Work &work) {
  std::string message;
  if (comm.root()) try {
      work();
    } catch (const Error &error) {
      message = error.what();
    }
  int length = static_cast<int>(message.size());
  comm.broadcast(&length, sizeof length);
  if (!length) return;
  message.resize(length);
  comm.broadcast(&message[0], length);
  throw Error(message);
}

}  // namespace nanochart
