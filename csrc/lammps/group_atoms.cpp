#include "lammps/group_atoms.hpp"

#include <atom.h>
#include <domain.h>
#include <group.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "core/error.hpp"
#include "model/elements.hpp"

namespace nanochart {

GroupAtoms::GroupAtoms(LAMMPS_NS::LAMMPS *lammps, std::shared_ptr<MpiCommunicator> comm, int group,
                       const ModelMetadata &model, std::vector<std::string> elements)
    : Pointers(lammps),
      comm_(std::move(comm)),
      group_(group),
      model_(model),
      typed_(std::move(elements)) {}

void GroupAtoms::prepare() {
  types_ = typed_;
  if (types_.empty())
    for (int type = 1; type <= atom->ntypes; ++type)
      types_.push_back(atom->mass_setflag && atom->mass_setflag[type]
                           ? element_of_mass(atom->mass[type])
                           : "");
  species_of_type_ = species_of_types(model_.elements, types_);
}

GroupAtoms::Share GroupAtoms::own_share() {
  const int bit = group->bitmask[group_], atoms = atom->nlocal;
  const int *const mask = atom->mask, *const type = atom->type, *const species = species_of_type_.data();
  double *const *const x = atom->x;
  local_.resize(atoms);
  int *const local = local_.data();
  int count = 0;
  Share share{0, 0, 0};
  for (int i = 0; i < atoms; ++i) {
    if (!(mask[i] & bit)) continue;
    local[count++] = i;
    if (!std::isfinite(x[i][0] + x[i][1] + x[i][2])) share.nan_tag = atom->tag_enable ? atom->tag[i] : -1;
    if (species[type[i] - 1] < 0) share.foreign_type = type[i];
  }
  local_.resize(count);
  share.atoms = count;
  return share;
}

void GroupAtoms::check_shares() const {
  const std::string name = std::string("group ") + group->names[group_];
  std::int64_t atoms = 0;
  for (const auto &share : shares_) {
    atoms += share.atoms;
    if (share.nan_tag)
      throw Error("atom " + std::to_string(share.nan_tag) +
                  " is at a place that is not a finite number: the run is unstable, use a shorter "
                  "time step or a softer bias");
  }
  if (atoms != model_.atoms)
    throw Error(name + " has " + std::to_string(atoms) + " atoms, but model " + model_.name +
                " is for " + std::to_string(model_.atoms) +
                ": atoms were lost, or the group or the model is another one");
  for (const auto &share : shares_) {
    if (!share.foreign_type) continue;
    const std::string &element = types_[share.foreign_type - 1];
    throw Error(name + " has atoms of type " + std::to_string(share.foreign_type) + ", which is " +
                (element.empty() ? "no element by its mass" : element) + ", but model " +
                model_.name + " is for " + join(model_.elements) +
                ": say which element each atom type is with the keyword elements");
  }
}

void GroupAtoms::check_elements() const {
  std::vector<char> seen(model_.elements.size(), 0);
  for (const int species : species_) seen[species] = 1;
  for (std::size_t i = 0; i < seen.size(); ++i)
    if (!seen[i])
      throw Error(std::string("group ") + group->names[group_] + " has no " + model_.elements[i] +
                  ", but model " + model_.name + " is for " + join(model_.elements));
}

const Cell *GroupAtoms::cell() {
  if (!domain->xperiodic && !domain->yperiodic && !domain->zperiodic) return nullptr;
  cell_ = {{{domain->xprd, 0, 0},
            {domain->triclinic ? domain->xy : 0, domain->yprd, 0},
            {domain->triclinic ? domain->xz : 0, domain->triclinic ? domain->yz : 0,
             domain->zprd}},
           {domain->xperiodic != 0, domain->yperiodic != 0, domain->zperiodic != 0}};
  return &cell_;
}

// Every rank's rows of `values`, `width` numbers each, on all ranks.
template <class Value>
void GroupAtoms::share_rows(std::vector<Value> &values, int width) const {
  if (comm_->ranks() == 1) return;
  const int bytes = width * static_cast<int>(sizeof(Value));
  std::vector<int> counts, firsts;
  for (const int count : counts_) counts.push_back(bytes * count);
  for (const int first : firsts_) firsts.push_back(bytes * first);
  MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, values.data(), counts.data(), firsts.data(),
                 MPI_BYTE, comm_->world());
}

Frame GroupAtoms::gather() {
  if (species_of_type_.empty()) prepare();
  const int ranks = comm_->ranks();
  shares_.resize(ranks);
  shares_[comm_->rank()] = own_share();
  if (ranks > 1)
    MPI_Allgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, shares_.data(), sizeof(Share), MPI_BYTE,
                  comm_->world());
  check_shares();

  counts_.assign(ranks, 0);
  firsts_.assign(ranks + 1, 0);
  for (int r = 0; r < ranks; ++r) {
    counts_[r] = static_cast<int>(shares_[r].atoms);
    firsts_[r + 1] = firsts_[r] + counts_[r];
  }
  const Rows rows{firsts_[comm_->rank()], firsts_[comm_->rank() + 1]};
  const bool several = model_.elements.size() > 1;
  x_.resize(3 * static_cast<std::size_t>(model_.atoms));
  if (several) species_.resize(model_.atoms);
  double *to = x_.data() + 3 * rows.first;
  for (const int i : local_)
    for (int a = 0; a < 3; ++a) *to++ = atom->x[i][a];
  for (std::size_t k = 0; several && k < local_.size(); ++k)
    species_[rows.first + k] = species_of_type_[atom->type[local_[k]] - 1];
  share_rows(x_, 3);
  if (several) share_rows(species_, 1);
  if (several) check_elements();
  return {model_.atoms, x_.data(), several ? species_.data() : nullptr, cell(), rows};
}

void GroupAtoms::check_places() const {
  std::vector<std::int64_t> tags(model_.atoms);
  for (std::size_t k = 0; k < local_.size(); ++k)
    tags[firsts_[comm_->rank()] + k] = atom->tag_enable ? atom->tag[local_[k]] : -1;
  share_rows(tags, 1);
  for (int i = 0; i < model_.atoms; ++i)
    for (int j = 0; j < i; ++j) {
      const double *a = &x_[3 * i], *b = &x_[3 * j];
      if (std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]) > 1e-6) continue;
      throw Error("atoms " + std::to_string(std::min(tags[i], tags[j])) + " and " +
                  std::to_string(std::max(tags[i], tags[j])) +
                  " are at one place, must be apart: move or delete one of them");
    }
}

}  // namespace nanochart
