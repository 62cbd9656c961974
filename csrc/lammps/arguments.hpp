#pragma once
#include <string>
#include <vector>

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
struct RestraintArguments {
  std::string chart;              // ID of the fix nanochart
  std::vector<double> at, kappa;  // kappa in the deck's energy unit, 0 for a free component
};

RestraintArguments parse_restraint(const Words &words);

}  // namespace nanochart
