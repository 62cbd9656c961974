#pragma once
#include <pointers.h>

#include <string>
#include <utility>
#include <vector>

namespace nanochart {

// Messages between the root ranks of the worlds of a -partition run; root ranks alone call it. A
// world that does not answer, because it ended earlier or never had this fix, is an Error after a
// while and not a hang: NANOCHART_WALKERS_WAIT seconds, by default 600.
class Worlds {
 public:
  // `who` names the messages' subject, the same in all worlds, so that they are not mixed up.
  Worlds(LAMMPS_NS::LAMMPS *lammps, std::string who);

  int mine() const;
  int count() const;

  // The texts of all worlds at the same `occasion`, in the order of worlds.
  std::vector<std::string> exchange(const std::string &occasion, const std::string &text) const;

  // Throws Error unless each (name, value) is the same in all worlds.
  using Settings = std::vector<std::pair<std::string, std::string>>;
  void compare(const std::string &occasion, const Settings &settings) const;

 private:
  LAMMPS_NS::LAMMPS *lammps_;
  std::string who_;

  std::string receive(int world, double deadline) const;
};

}  // namespace nanochart
