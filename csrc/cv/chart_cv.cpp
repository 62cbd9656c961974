#include "cv/chart_cv.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.hpp"
#include "core/rdf_cuda_pass.hpp"

namespace nanochart {
namespace {

void broadcast(Communicator &comm, std::string &text) {
  int length = static_cast<int>(text.size());
  comm.broadcast(&length, sizeof length);
  text.resize(length);
  if (length) comm.broadcast(&text[0], length);
}

// Runs `work` on root; values[n] that it fills, or its error, reach every rank in one message
// (a second one only after an error).
template <class Work>
void on_root(Communicator &comm, std::vector<double> &values, const Work &work) {
  std::string error;
  values.back() = 0;  // status
  if (comm.root()) {
    try {
      work();
    } catch (const std::exception &failure) {
      error = failure.what();
      values.back() = 1;
    }
  }
  comm.broadcast(values.data(), static_cast<int>(values.size() * sizeof(double)));
  if (values.back() == 0) return;
  broadcast(comm, error);
  throw Error(error);
}

}  // namespace

struct ChartCV::Impl {
  std::shared_ptr<Communicator> comm;
  std::unique_ptr<Encoder> encoder;  // root only
  ModelMetadata metadata;
  std::unique_ptr<Rdf> rdf;
  std::unique_ptr<RdfPass> pass;
  std::unique_ptr<RdfCudaPass> gpu;  // root only, instead of every rank's pass
  bool on_gpu = false;
  Pace pace = Pace::often;
  std::vector<double> of_gpu;        // dv_dx[N][3], dv_dstrain[3][3]; one slot more for the status
  Rows rows{};                       // of the last value()
  std::vector<double> g, s, dv_dg;  // one slot more than their values: status over ranks
  std::vector<double> unwrapped;
  bool kept = false;  // the frame of the last value(.., true, ..), in `pass`

  int size() const { return rdf->channels() * metadata.grid.bins; }

  void open(const std::string &model, const std::string &device) {
    std::string text, path, hash, error;
    if (comm->root()) {
      try {
        Model opened = open_model(model, device);
        encoder = std::move(opened.encoder);
        if (device == "cuda")
          gpu = std::make_unique<RdfCudaPass>(opened.metadata.grid,
                                              static_cast<int>(opened.metadata.elements.size()),
                                              opened.metadata.atoms);
        text = opened.metadata.json;
        path = opened.metadata.path;
        hash = opened.metadata.hash;
      } catch (const std::exception &failure) {
        error = failure.what();
      }
    }
    broadcast(*comm, error);
    if (!error.empty()) throw Error(error);
    for (auto *part : {&text, &path, &hash}) broadcast(*comm, *part);
    metadata = parse_metadata(path, hash, text);
    rdf = std::make_unique<Rdf>(metadata.grid, static_cast<int>(metadata.elements.size()));
    pass = std::make_unique<RdfPass>(*rdf);
    g.resize(size() + 1);
    dv_dg.resize(size() + 1);
    s.resize(metadata.latent + 1);
    on_gpu = device == "cuda";
    if (on_gpu) of_gpu.resize(3 * metadata.atoms + 9 + 1);
  }

  void check(const Frame &frame) const {
    const std::string model = "model " + metadata.name;
    if (frame.n != metadata.atoms)
      throw Error(model + " was learned on " + std::to_string(metadata.atoms) +
                  " atoms, the group has " + std::to_string(frame.n));
    const int kinds = static_cast<int>(metadata.elements.size());
    if (!frame.species && kinds > 1)
      throw Error(model + " was learned on " + std::to_string(kinds) +
                  " elements: the species of each atom must be given");
    for (int i = 0; frame.species && i < frame.n; ++i)
      if (frame.species[i] < 0 || frame.species[i] >= kinds)
        throw Error(model + " knows species 0.." + std::to_string(kinds - 1) + ", atom " +
                    std::to_string(i + 1) + " has species " + std::to_string(frame.species[i]));
  }

  // This rank's part of g. A GPU does all rows for root. Pairs are kept only for a gradient: writing them
  // to memory costs more than g when the caches hold another program's data.
  void own_g(const Frame &frame, bool gradient, const double *x) {
    const int *species = metadata.elements.size() > 1 ? frame.species : nullptr;
    rows = frame.rows;
    if (!on_gpu && gradient) return pass->value(frame.n, x, species, rows, g.data());
    if (!on_gpu) return rdf->value(frame.n, x, species, rows, g.data());
    std::fill(g.begin(), g.end(), 0.0);
    if (!gpu) return;
    check_finite(frame.n, x);
    gpu->value(x, species, g.data());
    if (!std::isfinite(g[0])) check_positions(frame.n, x);
  }

  // g over all ranks. An error may concern one rank's rows alone: it travels in the summed status,
  // and then every rank looks at all atoms, so that all throw the same sentence.
  void sum_g(const Frame &frame, bool gradient) {
    const double *const x = frame.cell ? unwrap(frame.n, frame.x, *frame.cell, unwrapped) : frame.x;
    std::string error;
    g.back() = 0;
    try {
      own_g(frame, gradient, x);
    } catch (const std::exception &failure) {
      error = failure.what();
      g.back() = 1;
    }
    comm->sum(g.data(), size() + 1);
    if (g.back() == 0) return;
    check_positions(frame.n, x);
    throw Error(error.empty() ? "the pair sums failed on another rank" : error);
  }
};

ChartCV::ChartCV(const std::string &model, const std::string &device,
                 std::shared_ptr<Communicator> comm)
    : impl_(std::make_unique<Impl>()) {
  impl_->comm = std::move(comm);
  impl_->open(model, device);
}

ChartCV::~ChartCV() = default;

const ModelMetadata &ChartCV::metadata() const { return impl_->metadata; }

void ChartCV::set_pace(Pace pace) {
  impl_->pace = pace;
  impl_->kept = false;
  impl_->rdf->set_pace(pace);
  if (impl_->encoder) impl_->encoder->set_pace(pace);
}

void ChartCV::value(const Frame &frame, bool gradient, double *s) {
  Impl &m = *impl_;
  m.kept = false;
  m.check(frame);
  m.sum_g(frame, gradient);
  on_root(*m.comm, m.s, [&] {
    m.encoder->value(m.g.data(), gradient, m.s.data());
    for (int i = 0; i < dim(); ++i)
      if (!std::isfinite(m.s[i]))
        throw Error("model " + m.metadata.name + " gives s" + std::to_string(i + 1) + " = " +
                    std::to_string(m.s[i]) + ": the structure is far outside its training data");
  });
  std::copy_n(m.s.begin(), dim(), s);
  m.kept = gradient;
}

double ChartCV::outside() const { return impl_->metadata.outside(impl_->g.data(), impl_->pace); }

void ChartCV::pullback(const double *dv_ds, double *dv_dx, double *dv_dstrain) {
  Impl &m = *impl_;
  if (!m.kept) throw Error("pullback needs a value with gradient before");
  on_root(*m.comm, m.dv_dg, [&] { m.encoder->pullback(dv_ds, m.dv_dg.data()); });
  if (!m.on_gpu) return m.pass->pullback(m.dv_dg.data(), dv_dx, dv_dstrain);
  const int n = m.metadata.atoms;
  on_root(*m.comm, m.of_gpu, [&] {
    m.gpu->pullback(m.dv_dg.data(), m.of_gpu.data(), m.of_gpu.data() + 3 * n);
  });
  std::copy(m.of_gpu.begin() + 3 * m.rows.first, m.of_gpu.begin() + 3 * m.rows.last, dv_dx);
  if (!dv_dstrain) return;
  std::fill_n(dv_dstrain, 9, 0.0);
  if (m.comm->root()) std::copy_n(m.of_gpu.begin() + 3 * n, 9, dv_dstrain);
}

}  // namespace nanochart
