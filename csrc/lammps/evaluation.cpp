#include "lammps/evaluation.hpp"

#include <algorithm>

namespace nanochart {

Evaluation::Evaluation(LAMMPS_NS::LAMMPS *lammps, int group, const ChartArguments &arguments)
    : comm_(std::make_shared<MpiCommunicator>(lammps->world)),
      chart_(arguments.model, arguments.device, comm_),
      atoms_(lammps, comm_, group, chart_.metadata(), arguments.elements),
      s_(chart_.dim(), 0.0),
      dv_ds_(chart_.dim(), 0.0) {}

void Evaluation::prepare(bool check) {
  atoms_.prepare();
  if (check) atoms_.gather();
}

void Evaluation::value(const std::vector<BiasFix *> &biases, bool gradient, std::int64_t now) {
  const Frame frame = atoms_.gather();
  try {
    chart_.value(frame, gradient, s_.data());
  } catch (const Error &) {
    atoms_.check_places();  // the chart counts atoms in its own order: rather name their IDs
    throw;
  }
  values_.assign(biases.size(), 0.0);
  std::fill(dv_ds_.begin(), dv_ds_.end(), 0.0);
  // Biases live on one rank, so that ranks never drift apart.
  on_root(*comm_, [&] {
    for (std::size_t b = 0; b < biases.size(); ++b) {
      biases[b]->advance(now);
      values_[b] = biases[b]->bias().value(s_.data(), dv_ds_.data());
    }
  });
  comm_->broadcast(values_.data(), static_cast<int>(values_.size() * sizeof(double)));
  if (energies_.size() != biases.size()) energies_.clear();
  energy_ = 0;
  for (std::size_t b = 0; b < biases.size(); ++b) {
    energies_[biases[b]->id] = values_[b];
    energy_ += values_[b];
  }
}

void Evaluation::add_force(double scale, double **f, double *virial) {
  const auto &local = atoms_.local();
  dv_dx_.resize(3 * local.size());
  double dv_dstrain[3][3];
  chart_.pullback(dv_ds_.data(), dv_dx_.data(), virial ? dv_dstrain[0] : nullptr);
  const double *dv_dx = dv_dx_.data();
  for (const int i : local)
    for (int a = 0; a < 3; ++a) f[i][a] -= scale * *dv_dx++;
  if (!virial) return;
  const int rows[6] = {0, 1, 2, 0, 0, 1}, columns[6] = {0, 1, 2, 1, 2, 2};
  for (int c = 0; c < 6; ++c) virial[c] -= scale * dv_dstrain[rows[c]][columns[c]];
}

}  // namespace nanochart
