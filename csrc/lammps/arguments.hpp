#pragma once
#include <string>
#include <vector>

#include "bias/metadynamics_run.hpp"
#include "bias/moving_restraint.hpp"
#include "bias/wall.hpp"

namespace nanochart {

using Words = std::vector<std::string>;

// fix ID group nanochart MODEL [every n] [log FILE n] [device cpu] [append yes|no]
//                              [elements E1 .. Entypes]
struct ChartArguments {
  std::string model;
  int every = 1;
  std::string log;  // empty: no log
  int log_every = 0;
  bool append = false;
  std::string device = "cpu";
  Words elements;  // per atom type; empty: from the masses
};

// `words` follow the style name. Throws Error.
ChartArguments parse_chart(const Words &words, int atom_types);

// fix ID group nanochart/restraint CVFIX at s1 .. sd kappa k1 .. kd
//                                        [to t1 .. td over step0 step1] ..
struct RestraintArguments {
  std::string chart;              // ID of the fix nanochart
  std::vector<double> at, kappa;  // kappa in the deck's energy unit, 0 for a free component
  std::vector<MovingRestraint::Leg> legs;
};

RestraintArguments parse_restraint(const Words &words);

// fix ID group nanochart/wall CVFIX lower|upper COMPONENT at a kappa k [exp e]
struct WallArguments {
  std::string chart;
  Wall::Side side = Wall::Side::lower;
  int component = 0;  // counted from 1
  double at = 0, kappa = 0, exp = 2;  // kappa in the deck's energy unit
};

WallArguments parse_wall(const Words &words);

// fix ID group nanochart/metad CVFIX sigma w1 .. wd height h pace n [biasfactor gamma] [temp T]
//     [grid lo hi bins] .. [hills FILE] [restart yes|no] [walkers DIR NAME n | walkers partition]
struct MetadArguments {
  std::string chart;
  bool partition = false;       // the worlds of a -partition run are the walkers
  MetadynamicsOptions options;  // height in the deck's energy unit
  HillsOptions files;           // without the model's hash
};

MetadArguments parse_metad(const Words &words);

}  // namespace nanochart
