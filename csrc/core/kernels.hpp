#pragma once

// What csrc/core/*_isa.cpp offer, once per instruction set. Plain data and pointers only: an inline
// function or template compiled there could be the copy that the linker keeps for everybody.
namespace nanochart {

// The deposit lattice: cells of width h between cubic B-spline nodes. A distance r, in units of h,
// has the cell coordinate u = r + shift, lies in cell round(u) and at t = u - round(u) in [-1/2, 1/2].
// Cell 0 and the last eight (one per vector lane) take the distances that no grid point can see.
struct Cells {
  int count;          // all cells
  double scale;       // 1/h
  double shift;
  double lowest2;     // r^2 is clamped to [lowest2, farthest2[lane]]
  double farthest2[8];
};

// Coordinates, in units of h, sorted into blocks of one species, each block followed by eight points
// far away (1e100), so that vectors may run over a block's end.
struct Points {
  const double *x, *y, *z;
};

struct Range {
  int first, last;
};

// Which pairs (i in rows, j in columns) a loop visits, and whether both atoms feel the force.
enum class Visit {
  after,  // j > i, both
  all,    // every j, both
  other   // every j but i itself, i alone
};

// Of the pairs that a loop visits, in its order and whole vectors of it: t, 1/r, and where the four
// numbers of the cell stand in a table, so that no loop has to find it again for each pair.
// Aligned to 64 bytes; a loop moves the pointers on.
struct Pairs {
  double *t, *inverse;
  int *row;
};

struct Kernels {
  static constexpr int INSIDE = 32;  // at most so many kept pairs are of one vector of atoms alone

  // moments[count][n] += (t - 3/2 + n)^3, n = 0..3, of each pair's cell; pairs are kept unless null.
  void (*deposit)(const Points &p, Range rows, Range columns, Visit visit, const Cells &cells,
                  double *moments, Pairs *pairs);

  // From slopes[count][4], dV/dr = a0 + a1 t + a2 t^2 in each cell: dV/dx added to
  // force[0..2][points] for columns and to force[3..5][points] for rows. With the pairs that
  // deposit kept from the same loop, or null.
  void (*pull)(const Points &p, Range rows, Range columns, Visit visit, const Cells &cells,
               const double *slopes, double *const force[6], Pairs *pairs);

  // The nodes by phase: node i refine + p, p < phases, is rho[p stride + i]; the cells behind it, up to the fourth,
  // touch it. rho = sums of the B-spline weights, of these steps i and up to three more: moments must be longer
  // by 4 refine cells.
  void (*nodes)(Range steps, int refine, int phases, const double *moments, double *rho, int stride);

  // Its adjoint after d/dt, times factor, of the cells i refine + 1 .. (i + 1) refine of these steps. All `refine`
  // phases are read, from three steps before the first.
  void (*slopes)(Range steps, int refine, const double *lambda, int stride, double factor, double *slopes);

  // out[k] = sum_p sum_i c[p taps + i] in[p stride + k + i], k < n, p < phases, i < taps, which is a
  // multiple of TAPS. Works on k up to the next multiple of PAD, so that arrays must be longer by PAD.
  static constexpr int PAD = 32, TAPS = 24;
  void (*correlate)(int n, int phases, const double *in, int stride, int taps, const double *c, double *out);
};

namespace baseline { extern const Kernels kernels; }
namespace avx2 { extern const Kernels kernels; }
namespace avx512 { extern const Kernels kernels; }

}  // namespace nanochart
