#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "config/Config.h"
#include "config/version.h"
#include "core/ActionRegister.h"
#include "core/Colvar.h"
#include "core/PlumedMain.h"
#include "core/error.hpp"
#include "cv/chart_cv.hpp"
#include "model/elements.hpp"
#include "tools/Communicator.h"
#include "tools/Pbc.h"
#include "tools/Units.h"

#define PLUMED_IS_AT_LEAST(minor) (PLUMED_VERSION_MAJOR > 2 || PLUMED_VERSION_MINOR >= (minor))

namespace nanochart {
namespace {

//+PLUMEDOC COLVAR NANOCHART
/*
Coordinates of a metal nanocluster on a learned chart of structures.

The distribution of all distances between the atoms, smoothed by a Gaussian of width \f$w\f$,
\f[
g(x)=\frac{2}{N(N-1)}\sum_{i<j}\frac{1}{w\sqrt{2\pi}}\exp\left(-\frac{(x-r_{ij})^2}{2w^2}\right)
\f]
goes through a trained network to a few numbers \f$s_1, s_2, \ldots\f$, the coordinates of the cluster
on a chart where icosahedra, decahedra, fcc pieces and so on have places of their own. The network, the
grid of x, the width w, the elements and the number of atoms are read from the file MODEL, which
`nanochart export` writes; the name of a model that is shipped with nanochart will do as well.

The coordinates have no unit and, on the data that the network learned from, zero mean and unit
variance, so that widths and force constants may be carried from one system to the next. They do not
depend on the units of the input. The component outside says how far the structure is from these data,
1 at their edge, and is nan for a model file without this information.

With periodic boundary conditions the cluster may lie astride a boundary of the box; it must be
narrower than half of the box. With NOPBC the positions are taken as they are.

All pairs of atoms are visited once for the coordinates and once for the derivatives of each of them;
the pairs are shared out among the MPI processes of a simulation.

\par Examples

A gold cluster of 147 atoms, its two first coordinates held at a place on the chart:
\plumedfile
UNITS LENGTH=A ENERGY=eV
LOAD FILE=libnanochart_plumed.so
chart: NANOCHART ATOMS=1-147 MODEL=Au147
RESTRAINT ARG=chart.s1,chart.s2 AT=0.5,-0.3 KAPPA=2,2
PRINT ARG=chart.s1,chart.s2,chart.s3,chart.outside STRIDE=100 FILE=COLVAR
\endplumedfile

For a model of several elements there is one list of atoms for each, in alphabetical order, here the
silver atoms and then the copper atoms:
\plumedfile
LOAD FILE=libnanochart_plumed.so
chart: NANOCHART ATOMS1=1-27 ATOMS2=28-34 MODEL=./Ag27Cu7.pt
\endplumedfile

*/
//+ENDPLUMEDOC

// The processes of one PLUMED.
class PlumedCommunicator : public Communicator {
 public:
  explicit PlumedCommunicator(PLMD::Communicator &comm) : comm_(comm) {}
  bool root() const override { return comm_.Get_rank() == 0; }
  void sum(double *values, int n) override { comm_.Sum(values, n); }
  void broadcast(void *bytes, int n) override { comm_.Bcast(static_cast<char *>(bytes), n, 0); }

 private:
  PLMD::Communicator &comm_;
};

class NANOCHART : public PLMD::Colvar {
 public:
  static void registerKeywords(PLMD::Keywords &keys);
  explicit NANOCHART(const PLMD::ActionOptions &options);
  void calculate() override;

 private:
  bool pbc_ = true, masses_checked_ = false;
  double angstrom_ = 1;  // unit of length
  std::unique_ptr<ChartCV> chart_;
  std::vector<int> species_;
  Cell cell_;
  std::vector<double> x_;   // [N][3], angstrom
  std::vector<double> ds_;  // [d][N + 3][3]: ds/dx, then ds/dstrain

  const ModelMetadata &model() const { return chart_->metadata(); }
  std::vector<PLMD::AtomNumber> read_atoms();
  void check_masses();
  Frame frame();
  void add_derivatives(const Rows &rows);
};

PLUMED_REGISTER_ACTION(NANOCHART, "NANOCHART")

// The binary interface of PLUMED differs between versions: told here, before an object is made.
void check_plumed() {
  if (PLMD::config::getVersionLong() != PLUMED_VERSION_LONG)
    plumed_error() << "NANOCHART was built for PLUMED " << PLUMED_VERSION_LONG << ", but this is "
                   << PLMD::config::getVersionLong()
                   << ": build nanochart again with the `plumed` of this version in PATH";
#ifdef __PLUMED_HAS_MPI
  const bool mpi = true;
#else
  const bool mpi = false;
#endif
  if (PLMD::Communicator::plumedHasMPI() != mpi)
    plumed_error() << "NANOCHART was built for a PLUMED " << (mpi ? "with" : "without")
                   << " MPI, which this one is not: build nanochart again with this PLUMED's "
                      "`plumed` in PATH";
}

void add_component(PLMD::Keywords &keys, const std::string &name, const std::string &what) {
#if PLUMED_IS_AT_LEAST(11)
  keys.addOutputComponent(name, "default", "scalar", what);
#else
  keys.addOutputComponent(name, "default", what);
#endif
}

void NANOCHART::registerKeywords(PLMD::Keywords &keys) {
  check_plumed();
  Colvar::registerKeywords(keys);
  keys.add("numbered", "ATOMS",
           "the atoms of the cluster; for a model of several elements ATOMS1, ATOMS2, .., one list "
           "for each element in alphabetical order");
  keys.reset_style("ATOMS", "atoms");
  keys.add("compulsory", "MODEL",
           "the model: a file (with / or . in its name), or the name of a shipped model");
  for (const std::string i : {"1", "2", "3"})
    add_component(keys, "s" + i, "coordinate " + i + " on the chart");
  add_component(keys, "outside", "how far the structure is outside the data of the model");
  useCustomisableComponents(keys);  // a chart may have more than three coordinates
}

NANOCHART::NANOCHART(const PLMD::ActionOptions &options) : PLUMED_COLVAR_INIT(options) {
  bool nopbc = false;
  parseFlag("NOPBC", nopbc);
  pbc_ = !nopbc;
  std::string model_name;
  parse("MODEL", model_name);
  std::vector<PLMD::AtomNumber> atoms;
  try {
    chart_ = std::make_unique<ChartCV>(model_name, "cpu", std::make_shared<PlumedCommunicator>(comm));
    atoms = read_atoms();
  } catch (const Error &failure) {
    error(failure.what());
  }
  checkRead();
#if PLUMED_IS_AT_LEAST(10)
  angstrom_ = 10 * getUnits().getLength();
#else
  angstrom_ = 10 * this->atoms.getUnits().getLength();
#endif
  for (int i = 1; i <= chart_->dim(); ++i) {
    const std::string name = "s" + std::to_string(i);
    addComponentWithDerivatives(name);
    componentIsNotPeriodic(name);
  }
  addComponent("outside");
  componentIsNotPeriodic("outside");
  requestAtoms(atoms);
  x_.resize(3 * atoms.size());
  ds_.resize(chart_->dim() * (x_.size() + 9));
  log.printf("  chart of model %s (%s)\n", model().name.c_str(), model().path.c_str());
  log.printf("  SHA-256 %s\n", model().hash.c_str());
  log.printf("  %d atoms of %s, %d coordinates, %s periodic boundary conditions\n", model().atoms,
             join(model().elements).c_str(), chart_->dim(), pbc_ ? "with" : "without");
}

std::vector<PLMD::AtomNumber> NANOCHART::read_atoms() {
  std::vector<PLMD::AtomNumber> atoms, list;
  const auto &elements = model().elements;
  parseAtomList("ATOMS", atoms);
  for (int k = 1;; ++k) {
    list.clear();
    parseAtomList("ATOMS", k, list);
    if (list.empty()) break;
    if (k > static_cast<int>(elements.size()))
      throw Error("ATOMS" + std::to_string(k) + " is one list too many: model " + model().name +
                  " is for " + join(elements));
    atoms.insert(atoms.end(), list.begin(), list.end());
    species_.insert(species_.end(), list.size(), k - 1);
  }
  if (species_.empty() && elements.size() > 1)
    throw Error("model " + model().name + " is for " + join(elements) +
                ": give ATOMS1, ATOMS2, .., the atoms of each element in this order");
  if (!species_.empty() && species_.size() != atoms.size())
    throw Error("give either ATOMS or ATOMS1, ATOMS2, .., not both");
  if (!species_.empty() && species_.back() + 1 != static_cast<int>(elements.size()))
    throw Error("there are " + std::to_string(species_.back() + 1) + " lists of atoms, must be " +
                std::to_string(elements.size()) + ": model " + model().name + " is for " +
                join(elements));
  if (static_cast<int>(atoms.size()) != model().atoms)
    throw Error("ATOMS are " + std::to_string(atoms.size()) + ", but model " + model().name +
                " is for " + std::to_string(model().atoms));
  return atoms;
}

// Masses are the one thing by which PLUMED can tell elements; some engines, and the driver without
// --mc, do not pass them.
void NANOCHART::check_masses() {
  masses_checked_ = true;
#if PLUMED_IS_AT_LEAST(10)
  if (!massesWereSet) return;
  const double amu = getUnits().getMass();
#else
  const double amu = atoms.getUnits().getMass();
#endif
  for (unsigned i = 0; i < getNumberOfAtoms(); ++i) {
    const double mass = getMass(i) * amu;
    const bool known = std::isfinite(mass) && mass != 1;  // `plumed benchmark` says 1 for all
    const std::string element = known ? element_of_mass(mass) : "";
    const std::string &expected = model().elements[species_.empty() ? 0 : species_[i]];
    if (!element.empty() && element != expected)
      throw Error("atom " + std::to_string(getAbsoluteIndex(i).serial()) + " is " + element +
                  " by its mass, but model " + model().name + " expects " + expected +
                  " here: check ATOMS and MODEL");
  }
}

Frame NANOCHART::frame() {
  const int n = model().atoms;
  for (int i = 0; i < n; ++i)
    for (int a = 0; a < 3; ++a) x_[3 * i + a] = angstrom_ * getPosition(i)[a];
  const bool periodic = pbc_ && getPbc().isSet();
  if (periodic)
    for (int a = 0; a < 3; ++a) {
      for (int b = 0; b < 3; ++b) cell_.vectors[a][b] = angstrom_ * getBox()[a][b];
      cell_.periodic[a] = true;
    }
  const int ranks = comm.Get_size(), rank = comm.Get_rank();
  const Rows rows{static_cast<int>(std::int64_t(n) * rank / ranks),
                  static_cast<int>(std::int64_t(n) * (rank + 1) / ranks)};
  return {n, x_.data(), species_.empty() ? nullptr : species_.data(), periodic ? &cell_ : nullptr,
          rows};
}

void NANOCHART::calculate() {
  const bool gradient = !doNotCalculateDerivatives();
  std::vector<double> s(chart_->dim());
  try {
    if (!masses_checked_) check_masses();
    const Frame here = frame();
    chart_->value(here, gradient, s.data());
    if (gradient) add_derivatives(here.rows);
  } catch (const Error &failure) {
    plumed_error() << "NANOCHART " << getLabel() << ": " << failure.what();
  }
  for (int i = 0; i < chart_->dim(); ++i) getPntrToComponent(i)->set(s[i]);
  getPntrToComponent("outside")->set(chart_->outside());
}

// One pull-back a coordinate, from the one pass of value().
void NANOCHART::add_derivatives(const Rows &rows) {
  const int d = chart_->dim(), n = model().atoms;
  const std::size_t size = x_.size() + 9;
  std::fill(ds_.begin(), ds_.end(), 0.0);
  for (int i = 0; i < d; ++i) {
    std::vector<double> unit(d, 0.0);
    unit[i] = 1;
    double *ds = &ds_[i * size];
    chart_->pullback(unit.data(), ds + 3 * rows.first, ds + x_.size());
  }
  if (comm.Get_size() > 1) comm.Sum(ds_.data(), static_cast<int>(ds_.size()));
  for (int i = 0; i < d; ++i) {
    auto *value = getPntrToComponent(i);
    const double *ds = &ds_[i * size], *strain = ds + x_.size();
    for (int atom = 0; atom < n; ++atom) {
      const double *at = ds + 3 * atom;
      setAtomsDerivatives(value, atom, angstrom_ * PLMD::Vector(at[0], at[1], at[2]));
    }
    // PLUMED's virial is minus the derivative by the strain.
    setBoxDerivatives(value, -1.0 * PLMD::Tensor(strain[0], strain[1], strain[2], strain[3], strain[4],
                                                 strain[5], strain[6], strain[7], strain[8]));
  }
}

}  // namespace
}  // namespace nanochart
