#pragma once

#include "core/kernels.hpp"

// What lattice_isa.cpp does for the Kernels that rdf_isa.cpp puts together: kernels.hpp describes it.
namespace nanochart::NANOCHART_ISA {

void nodes(Range steps, int refine, int phases, const double *moments, double *rho, int stride);
void slopes(Range steps, int refine, const double *lambda, int stride, double factor, double *slopes);
void correlate(int n, int phases, const double *in, int stride, int taps, const double *c, double *out);

}  // namespace nanochart::NANOCHART_ISA
