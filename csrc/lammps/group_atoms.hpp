#pragma once
#include <pointers.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cv/chart_cv.hpp"
#include "lammps/mpi_communicator.hpp"

namespace nanochart {

// The atoms of a LAMMPS group, gathered on every rank in the order of ranks, so that a rank's own
// atoms are one block of rows.
class GroupAtoms : protected LAMMPS_NS::Pointers {
 public:
  // `elements` per atom type as typed, or empty: from the masses, once they are set.
  GroupAtoms(LAMMPS_NS::LAMMPS *lammps, std::shared_ptr<MpiCommunicator> comm, int group,
             const ModelMetadata &model, std::vector<std::string> elements);

  // Reads the elements of the atom types and the group; call when they may have changed.
  void prepare();

  // All ranks; valid until the next call. Throws Error, on every rank alike, unless the number of
  // atoms and their elements are the model's and every coordinate is finite.
  Frame gather();

  // All ranks: throws Error with the atom IDs if two of the atoms of the last gather() are at one
  // place; else does nothing.
  void check_places() const;

  // Local index of each of this rank's rows.
  const std::vector<int> &local() const { return local_; }

 private:
  std::shared_ptr<MpiCommunicator> comm_;
  int group_;
  ModelMetadata model_;
  std::vector<std::string> typed_, types_;  // element of each atom type
  std::vector<int> species_of_type_;
  std::vector<int> local_, species_;
  std::vector<int> counts_, firsts_;  // rows of each rank
  std::vector<double> x_;
  Cell cell_;

  struct Share {  // what one rank tells the others
    std::int64_t atoms;
    std::int64_t foreign_type;  // an atom type in the group that the model does not know, or 0
    std::int64_t nan_tag;       // ID of an atom without a place, or 0
  };
  std::vector<Share> shares_;
  Share own_share();
  void check_shares() const;
  void check_elements() const;
  const Cell *cell();
  template <class Value>
  void share_rows(std::vector<Value> &values, int width) const;
};

}  // namespace nanochart
