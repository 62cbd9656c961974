// Everything that reads or writes whole vectors, on sizes around their length: built with the address and
// undefined-behaviour sanitizers by test_memory.py, which stop it at the first access outside an array.
// Arrays are allocated anew for each case, exactly as long as the headers ask for; what two paths compute is compared.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>
#include <vector>

#include "bias/hill_grid.hpp"
#include "core/cna.hpp"
#include "core/isa.hpp"
#include "core/rdf.hpp"
#include "model/convolution_encoder.hpp"
#include "model/dense_encoder.hpp"

using namespace nanochart;

static std::mt19937_64 generator(1);

static std::vector<double> random_numbers(int n, double low = -1, double high = 1) {
  std::uniform_real_distribution<double> uniform(low, high);
  std::vector<double> values(n);
  for (double &v : values) v = uniform(generator);
  return values;
}

static void same(const std::vector<double> &a, const std::vector<double> &b, const char *what) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!(std::abs(a[i] - b[i]) <= 1e-9 * (1 + std::abs(b[i])))) {
      std::printf("%s: number %zu is %.12g and %.12g\n", what, i, a[i], b[i]);
      std::exit(1);
    }
}

// Atoms of a loose pile, 2 angstrom and more apart.
static std::vector<double> pile(int n, double width) {
  std::vector<double> x = random_numbers(3 * n, -0.3, 0.3);
  for (int i = 0, side = std::lround(std::ceil(std::cbrt(n))); i < n; ++i) {
    x[3 * i] += width * (i % side);
    x[3 * i + 1] += width * (i / side % side);
    x[3 * i + 2] += width * (i / side / side);
  }
  return x;
}

static void descriptor(const RdfGrid &grid, int n, int kinds, double width, Rows rows) {
  const Rdf rdf(grid, kinds);
  const std::vector<double> x = pile(n, width);
  std::vector<int> species(n);
  for (int i = 0; i < n; ++i) species[i] = i < kinds ? i : int(generator() % kinds);  // one atom each at least
  if (generator() % 2)  // or all others of one kind
    for (int i = kinds; i < n; ++i) species[i] = 0;
  const int *of = kinds > 1 ? species.data() : nullptr;
  const int size = rdf.channels() * grid.bins, own = rows.last - rows.first;
  std::vector<double> g(size), again(size), force(3 * own), force_again(3 * own), strain(9), strain_again(9);
  const std::vector<double> dv_dg = random_numbers(size);
  rdf.value(n, x.data(), of, rows, g.data());
  rdf.pullback(n, x.data(), of, rows, dv_dg.data(), force.data(), strain.data());
  RdfPass pass(rdf);
  for (int turn = 0; turn < 2; ++turn) {
    pass.value(n, x.data(), of, rows, again.data());
    pass.pullback(dv_dg.data(), force_again.data(), strain_again.data());
  }
  same(again, g, "g of a pass");
  same(force_again, force, "dv_dx of a pass");
  same(strain_again, strain, "dv_dstrain of a pass");
}

static void descriptors() {
  const RdfGrid grids[] = {
      {2.3, 0.04, 340, 0.2}, {0, 0.1, 1, 0.05}, {-0.5, 0.31, 7, 0.02}, {1, 0.5, 33, 1.7}, {3, 0.013, 78, 0.2}};
  for (const RdfGrid &grid : grids)
    for (int n : {2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 147})
      for (int kinds = 1; kinds <= 3 && kinds <= n; ++kinds)
        for (const Rows rows : {Rows{0, n}, Rows{0, 1}, Rows{n - 1, n}, Rows{n / 3, n / 2 + 1}, Rows{n, n}})
          // In a thread of its own, so that it has no longer arrays of an earlier case.
          std::thread([&] { descriptor(grid, n, kinds, n == 33 ? 9.0 : 2.7, rows); }).join();
}

static DenseLayer dense(int inputs, int outputs) {
  return {inputs, outputs, random_numbers(inputs * outputs), random_numbers(outputs)};
}

static ModelMetadata metadata(int bins, int latent, const char *dtype) {
  ModelMetadata m;
  m.name = m.path = "random";
  m.dtype = dtype;
  m.grid = {2, 0.05, bins, 0.2};
  m.elements = {"Au"};
  m.atoms = 13;
  m.latent = latent;
  return m;
}

static void passes(Encoder &encoder, int bins, int latent) {
  const std::vector<double> g = random_numbers(bins), dv_ds = random_numbers(latent);
  std::vector<double> s(latent), alone(latent), dv_dg(bins), again(bins);
  encoder.value(g.data(), false, alone.data());
  encoder.value(g.data(), true, s.data());
  encoder.pullback(dv_ds.data(), dv_dg.data());
  encoder.pullback(dv_ds.data(), again.data());
  same(alone, s, "s");
  same(again, dv_dg, "dv_dg");
}

static void dense_network(const char *dtype, int bins, int width, int latent) {
  ModelMetadata m = metadata(bins, latent, dtype);
  m.dense = {width % 2 ? "tanh" : "silu", 3};
  const DenseParameters p{random_numbers(bins), random_numbers(bins),
                          {dense(bins, width), dense(width, width + 2), dense(width + 2, latent)}};
  passes(*make_dense_encoder(m, p), bins, latent);
}

// Two layers: without padding, as those of 2023, or padded and pooled, as those of 2025.
static void convolutions(const char *dtype, int bins, int channels, bool padded) {
  using Pool = ConvolutionLayer::Pool;
  const Pool pool = !padded ? Pool::none : channels % 2 ? Pool::mean : Pool::largest;
  const auto layer = [&](int in, int out, int kernel) {
    return ConvolutionLayer{in, out, kernel, padded, pool, padded ? Activation::silu : Activation::relu,
                            random_numbers(in * out * kernel), random_numbers(out), random_numbers(out),
                            random_numbers(out)};
  };
  const int last = padded ? bins / 2 / 2 : bins - 5 - 3;
  const ConvolutionParameters p{random_numbers(bins), random_numbers(bins),
                                {layer(1, channels, 6), layer(channels, channels + 1, 4)},
                                dense((channels + 1) * last, 3)};
  const ModelMetadata m = metadata(bins, 3, dtype);
  if (!fits(p, m)) std::printf("a convolutional network does not fit\n"), std::exit(1);
  passes(*make_convolution_encoder(m, p), bins, 3);
}

static void networks() {
  for (const char *dtype : {"float32", "float64"}) {
    for (int bins : {1, 15, 17, 170})
      for (int width : {1, 7, 16, 33})
        for (int latent : {1, 3}) dense_network(dtype, bins, width, latent);
    for (int bins : {21, 40, 78})
      for (int channels : {1, 5, 16, 19})
        for (bool padded : {false, true}) convolutions(dtype, bins, channels, padded);
  }
}

static void outside() {
  for (int bins : {1, 17, 340}) {
    Outside of;
    of.mean = random_numbers(bins);
    of.columns.assign(bins * NetworkProducts<double>::PAD, 0.01);
    of.noise = of.unit = 1;
    const std::vector<double> g = random_numbers(bins);
    same({of(g.data(), Pace::often)}, {of(g.data(), Pace::seldom)}, "outside");
  }
}

static void labels() {
  for (int n : {2, 13, 55, 147}) {
    const std::vector<double> x = pile(n, 2.5);
    std::vector<CnaSummary> summary(1);
    std::vector<CnaClass> classes(n);
    cna_batch(1, n, x.data(), 3.5, summary.data(), classes.data(), 1);
  }
}

static void hills() {
  for (int dim = 1; dim <= max_biased; ++dim) {
    HillGrid grid(std::vector<GridAxis>(dim, {-1, 1, 13}), std::vector<double>(dim, 0.3));
    grid.integrate(1, -1);
    for (int i = 0; i < 20; ++i) {
      const std::vector<double> at = random_numbers(3, -1.5, 1.5), s = random_numbers(dim);
      grid.add(Hill{double(i), {at[0], at[1], at[2]}, 0.1});
      std::vector<double> slope(dim);
      grid.value(s.data(), slope.data());
    }
    for (double edge : {-1.0, 1.0}) {
      std::vector<double> slope(dim);
      grid.value(std::vector<double>(dim, edge).data(), slope.data());
    }
  }
}

int main() {
  descriptors();
  networks();
  outside();
  labels();
  hills();
  std::printf("%s\n", current_isa().c_str());
}
