#pragma once
#include <pointers.h>

#include <string>
#include <utility>
#include <vector>

namespace nanochart {

// Messages between the root ranks of the worlds of a -partition run; root ranks alone call it. A
// world that does not answer, because it ended earlier or never had this fix, is an Error after
// `wait` seconds (or NANOCHART_WORLDS_WAIT) and not a hang.
class Worlds {
 public:
  struct Purpose {
    std::string who;   // subject of the messages, the same in all worlds, so that they are not mixed up
    std::string what;  // errors begin with it
    std::string rule;  // what a world that does not answer has broken
    double wait;
  };
  Worlds(LAMMPS_NS::LAMMPS *lammps, Purpose purpose);

  int mine() const;
  int count() const;

  // The texts of all worlds at the same `occasion`, in the order of worlds.
  std::vector<std::string> exchange(const std::string &occasion, const std::string &text) const;

  // Throws Error unless each (name, value) is the same in all worlds.
  using Settings = std::vector<std::pair<std::string, std::string>>;
  void compare(const std::string &occasion, const Settings &settings) const;

 private:
  LAMMPS_NS::LAMMPS *lammps_;
  Purpose purpose_;

  bool receive(int world, double deadline, std::string &text) const;
  std::string missing(const std::vector<int> &worlds) const;
};

}  // namespace nanochart
