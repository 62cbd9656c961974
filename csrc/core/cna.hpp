#pragma once
#include <cstdint>
#include <vector>

namespace nanochart {

// Two atoms within the cutoff and the signature of their bond: number of common neighbours, of
// bonds among these, and of bonds in the largest connected piece of those bonds.
struct CnaBond {
  int i, j;  // i < j
  int neighbours, bonds, chain;
};

// Class of an atom from the signatures of its bonds.
enum class CnaClass : std::uint8_t {
  other,        // surface, disorder
  fcc,          // 12 x 421
  hcp,          // 6 x 421, 6 x 422
  fivefold,     // 2 x 555, 10 x 422: on the axis where five twin planes meet
  icosahedral,  // at least 6 x 555; 12 in a perfect icosahedron
};

// What a cluster label is made from; counts of atoms unless said otherwise.
struct CnaSummary {
  int interior;       // at least 12 neighbours
  int fcc, hcp, fivefold, icosahedral;
  int perfect;        // icosahedral with 12 x 555 and nothing else
  int axes;           // fivefold axes: rows of fivefold atoms joined by 555 bonds
  int hcp_parallel;   // hcp atoms whose plane has the commonest orientation
};

// Common neighbour analysis with one cutoff (angstrom) of free clusters x[N][3]: atoms nearer than
// the cutoff are bonded. Faken and Jonsson, Comput. Mater. Sci. 2, 279 (1994).
// All throw Error for a cutoff that is not a finite number > 0, for positions that are not finite
// or coincide, and for a bond with more than 64 common neighbours (cutoff far too long).

// Every bonded pair, ordered by i, then j.
std::vector<CnaBond> cna_bonds(int n, const double *x, double cutoff);

// frames of [N][3] each, shared out over threads (0: all cores): summary[frames] and, unless null,
// classes[frames][N]. Error messages start with the number of the frame, from 0.
void cna_batch(int frames, int n, const double *x, double cutoff, CnaSummary *summary,
               CnaClass *classes, int threads);

}  // namespace nanochart
