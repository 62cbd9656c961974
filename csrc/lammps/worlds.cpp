#include "lammps/worlds.hpp"

#include <mpi.h>
#include <universe.h>

#include <chrono>
#include <cstdlib>
#include <sstream>
#include <thread>

#include "core/error.hpp"

namespace nanochart {
namespace {

constexpr int tag = 7411;  // LAMMPS's temper uses 0

double limit(double usual) {
  const char *seconds = std::getenv("NANOCHART_WORLDS_WAIT");
  const double value = seconds ? std::atof(seconds) : 0;
  return value > 0 ? value : usual;
}

std::string first_line(const std::string &text) { return text.substr(0, text.find('\n')); }

}  // namespace

Worlds::Worlds(LAMMPS_NS::LAMMPS *lammps, Purpose purpose)
    : lammps_(lammps), purpose_(std::move(purpose)) {}

int Worlds::mine() const { return lammps_->universe->iworld; }
int Worlds::count() const { return lammps_->universe->nworlds; }

// Point to point, since a collective call cannot be given up.
std::vector<std::string> Worlds::exchange(const std::string &occasion,
                                          const std::string &text) const {
  const auto *universe = lammps_->universe;
  const std::string title = purpose_.who + " " + occasion, message = title + "\n" + text;
  std::vector<MPI_Request> sent;
  for (int world = 0; world < count(); ++world)
    if (world != mine())
      MPI_Isend(message.data(), static_cast<int>(message.size()), MPI_CHAR,
                universe->root_proc[world], tag, universe->uworld, &sent.emplace_back());
  const double deadline = MPI_Wtime() + limit(purpose_.wait);
  std::vector<std::string> all(count());
  std::vector<int> silent;
  for (int world = 0; world < count(); ++world) {
    std::string got = message;
    if (world != mine() && !receive(world, deadline, got)) {
      silent.push_back(world);
      continue;
    }
    if (first_line(got) != title)
      throw Error(purpose_.what + ": world " + std::to_string(world) + " is at `" +
                  first_line(got) + "`, this one at `" + title +
                  "`: all worlds must have the same fixes and runs");
    all[world] = got.substr(title.size() + 1);
  }
  if (!silent.empty()) throw Error(missing(silent));
  MPI_Waitall(static_cast<int>(sent.size()), sent.data(), MPI_STATUSES_IGNORE);
  return all;
}

std::string Worlds::missing(const std::vector<int> &worlds) const {
  std::ostringstream text;
  text << purpose_.what << ": world";
  if (worlds.size() > 1) text << "s";
  for (const int world : worlds) text << (world == worlds.front() ? " " : ", ") << world;
  text << (worlds.size() > 1 ? " have" : " has") << " not answered for " << limit(purpose_.wait)
       << " s: " << purpose_.rule
       << " (a longer wait: environment NANOCHART_WORLDS_WAIT, in s)";
  return text.str();
}

bool Worlds::receive(int world, double deadline, std::string &text) const {
  const auto *universe = lammps_->universe;
  int there = 0;
  MPI_Status status;
  for (long tries = 0; !there; ++tries) {
    MPI_Iprobe(universe->root_proc[world], tag, universe->uworld, &there, &status);
    if (there) break;
    if (MPI_Wtime() > deadline) return false;
    // Worlds may share cores: leave them to the one that is awaited.
    if (tries > 100) std::this_thread::sleep_for(std::chrono::microseconds(50));
    else std::this_thread::yield();
  }
  int length = 0;
  MPI_Get_count(&status, MPI_CHAR, &length);
  text.resize(length);
  MPI_Recv(&text[0], length, MPI_CHAR, universe->root_proc[world], tag, universe->uworld,
           MPI_STATUS_IGNORE);
  return true;
}

void Worlds::compare(const std::string &occasion, const Settings &settings) const {
  std::string mine_text;
  for (const auto &[name, value] : settings) mine_text += value + "\n";
  const auto all = exchange(occasion, mine_text);
  for (int world = 1; world < count(); ++world) {
    if (all[world] == all[0]) continue;
    std::istringstream one(all[0]), other(all[world]);
    for (const auto &[name, unused] : settings) {
      std::string here, there;
      std::getline(one, here);
      std::getline(other, there);
      if (here != there)
        throw Error(purpose_.what + ": " + name + " is " + here + " in world 0 and " + there +
                    " in world " + std::to_string(world) + ", must be the same in all worlds");
    }
  }
}

}  // namespace nanochart
