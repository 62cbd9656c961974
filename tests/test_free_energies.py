"""Weights, F(s), populations, MBAR and work on samples drawn from distributions that are known."""

from pathlib import Path

import numpy as np
import pytest
from ase.units import kB
from scipy.stats import norm

from nanochart.sampling.colvar import join, read_colvar
from nanochart.sampling.ensemble import Ensemble, weighted_frames
from nanochart.sampling.free_energy import FreeEnergy, convergence, ct, from_hills, histogram
from nanochart.sampling.hills import Hills, static_bias
from nanochart.sampling.ladder import ladder
from nanochart.sampling.reweighting import bias_of_frames, final_bias, reweight
from nanochart.sampling.steered import bar, jarzynski
from nanochart.sampling.umbrella import read_windows, umbrella

T = 300.0
KT = kB * T
K = 0.2  # eV; F = K/2 s^2


def harmonic(n, k=K, at=0.0, seed=0):
    return at + np.sqrt(KT / k) * np.random.default_rng(seed).normal(size=n)


def write(path, **columns):
    names = [name.replace("_", ".") for name in columns]
    np.savetxt(path, np.stack(list(columns.values()), -1), header="! FIELDS " + " ".join(names), comments="#")
    return path


def test_reweighted_curve_with_honest_errors():
    """Sampled with K - 0.12; the error bars hold the exact curve as often as they say."""
    s = harmonic(40_000, K - 0.12)
    ensemble = reweight(-0.12 / 2 * s**2, T)
    f = histogram(s, ensemble, [(-0.8, 0.8, 32)], ["s"])
    edges = np.linspace(-0.8, 0.8, 33)
    exact = -np.log(np.diff(norm.cdf(edges / np.sqrt(KT / K))))
    off = f.values / KT - exact
    low = exact - exact.min() < 4
    off = (off - np.average(off[low], weights=np.exp(-exact[low])))[low]
    pull = off / (f.errors[low] / KT)
    assert abs(off).max() < 0.15 and 0.5 < np.sqrt(np.mean(pull**2)) < 1.7
    mean, error = ensemble.mean(s**2)
    assert abs(mean - KT / K) < 4 * error and 0 < error < 0.05 * KT / K
    assert 1000 < ensemble.effective_size < 40_000


def test_populations_and_differences():
    labels = np.repeat(["a", "b", "a", "c"], [3000, 3000, 3000, 1000])
    rng = np.random.default_rng(1)
    labels = labels[rng.permutation(10_000)]
    ensemble = weighted_frames(np.where(labels == "c", np.log(4.0), 0.0), T)  # a 6 : b 3 : c 4
    shares = ensemble.populations(labels)
    for name, exact in (("a", 6 / 13), ("b", 3 / 13), ("c", 4 / 13)):
        assert abs(shares[name][0] - exact) < 1e-9 and 1e-4 < shares[name][1] < 0.03
    df, error = ensemble.difference(labels, "a", "b")
    assert df == pytest.approx(KT * np.log(2)) and 0 < error < 0.1 * KT
    with pytest.raises(ValueError, match="label d was never seen, must be one of a, b, c"):
        ensemble.difference(labels, "a", "d")


def test_projections():
    x = np.linspace(-1, 1, 41)
    f = K / 2 * (x[:, None, None] ** 2 + 2 * x[:, None] ** 2 + 3 * x**2)
    whole = FreeEnergy(("a", "b", "c"), (x, x, x), f, None, T)
    assert whole.projected(["b"]).values == pytest.approx(K * x**2, abs=1e-12)
    both = whole.projected(["c", "a"])
    assert both.names == ("c", "a") and both.values == pytest.approx(K / 2 * (3 * x[:, None] ** 2 + x**2), abs=1e-12)
    assert whole.probability().sum() == pytest.approx(1)
    with pytest.raises(ValueError, match="no coordinate d, must be one of a, b, c"):
        whole.projected(["d"])


@pytest.mark.parametrize("biasfactor", [3.0, None])
def test_hills_and_their_offset(biasfactor):
    rng = np.random.default_rng(2)
    hills = Hills(["x", "y"], np.array([0.2, 0.3]), biasfactor, "", np.arange(1.0, 41.0), rng.normal(size=(40, 2)),
                  np.full(40, 0.01))  # fmt: skip
    axes = [(-3.0, 3.0, 121), (-3.0, 3.0, 81)]
    f = from_hills(hills, axes, T)
    x, y = np.meshgrid(*f.axes, indexing="ij")
    u = ((x[..., None] - hills.center[:, 0]) / 0.2) ** 2 / 2 + ((y[..., None] - hills.center[:, 1]) / 0.3) ** 2 / 2
    a = 1 / (1 - np.exp(-6.25))
    v = 0.01 * np.sum(np.where(u < 6.25, a * (np.exp(-u) - np.exp(-6.25)), 0), axis=-1)
    factor = 1.0 if biasfactor is None else 1.5
    assert f.values == pytest.approx(factor * (v.max() - v), abs=1e-12)
    grown = convergence(hills, axes, T, 4)
    assert [t for t, _ in grown] == [10, 20, 30, 40] and grown[-1][1].values == pytest.approx(f.values)
    assert grown[0][1].values.max() < f.values.max()
    top, base = (1 / KT, 0.0) if biasfactor is None else (1.5 / KT, 0.5 / KT)
    assert ct(hills, axes, T) == pytest.approx(KT * np.log(np.mean(np.exp(top * v)) / np.mean(np.exp(base * v))), rel=0.02)


def windows(folder, n=1500, spread=1.4, more=None):
    lines = ["#! FIELDS file at_c.s1 kappa_c.s1"]
    for i, at in enumerate(np.linspace(-spread, spread, 9).round(3)):
        s = harmonic(n, K + 1.0, at / (K + 1), seed=i)
        write(folder / f"CV.{i}", time=np.arange(n) * 0.5, c_s1=s, r_bias=0.5 * (s - at) ** 2 + (more or 0))
        lines.append(f"CV.{i} {at:.3f} 1.0")
    (folder / "windows").write_text("\n".join(lines) + "\n")
    return folder / "windows"


def test_umbrella_windows(tmp_path):
    ensemble, table = umbrella(read_windows(windows(tmp_path)), T)
    f = histogram(table["c.s1"], ensemble, [(-1.1, 1.1, 22)], ["c.s1"])
    exact = K / 2 * f.axes[0] ** 2 / KT
    low = exact < 5
    off = (f.values / KT - exact)[low]
    assert low.sum() > 19 and abs(off - off.mean()).max() < 0.2
    assert np.sqrt(np.mean(((off - off.mean()) * KT / f.errors[low]) ** 2)) < 2
    mean, error = ensemble.mean(table["c.s1"] ** 2)
    assert abs(mean - KT / K) < 4 * error


def test_windows_that_do_not_fit(tmp_path):
    path = windows(tmp_path, n=50)
    text = path.read_text()
    for new, message in [
        (text.replace("CV.2 -0.700", "CV.2 0.900"), "not this window's"),
        (text.replace("CV.1", "CV.9"), "CV.9"),
        (text.replace("kappa_", "k_"), "at_CV for each CV, then kappa_CV"),
        (text.replace("#! FIELDS", "# FIELDS"), "the first line must be"),
        (text.replace(" 1.0\n", " -1.0\n"), "kappa >= 0"),
        (text.splitlines()[0], "lists no window"),
    ]:
        path.write_text(new)
        with pytest.raises((ValueError, OSError), match=message):
            umbrella(read_windows(path), T)
    with pytest.raises(ValueError, match="the states do not overlap"):
        umbrella(read_windows(windows(tmp_path, n=50, spread=30.0)), T)


def test_ladder_of_a_harmonic_solid():
    """3N = 60 oscillators: <U> = 30 kT, and s with F = K/2 s^2 is one of them; a bias is taken out."""
    temperatures, rng = np.array([250.0, 300.0, 360.0]), np.random.default_rng(3)
    n, c = 4000, 0.5  # the bias c s in energy units shifts s by -c/K
    rung = np.tile(np.arange(3), n)
    kt = kB * temperatures[rung]
    rest = rng.gamma(59 / 2, kt)
    s = -c * 0.1 / K + rng.normal(size=3 * n) * np.sqrt(kt / K)
    bias = c * 0.1 * s
    energy = rest + K / 2 * s**2 + bias
    ensemble = ladder(energy, rung, temperatures, 330.0, np.repeat(np.arange(n), 3), bias)
    mean, error = ensemble.mean(np.stack([energy - bias, s, s**2], -1))
    exact = np.array([30, 0, 1 / K]) * kB * 330
    assert np.all(abs(mean - exact) < 4 * error) and np.all(error < [0.01, 0.02, 0.02])
    with pytest.raises(ValueError, match="temperature is 500 K, must be within the ladder, 250 to 360 K"):
        ladder(energy, rung, temperatures, 500.0, np.repeat(np.arange(n), 3), bias)


def test_work_of_gaussian_pulls():
    df, width, n = 0.05, 1.5 * KT, 3000
    rng = np.random.default_rng(4)
    forward = df + width**2 / (2 * KT) + width * rng.normal(size=n)
    reverse = -df + width**2 / (2 * KT) + width * rng.normal(size=n)
    for found, error in (jarzynski(forward, T), bar(forward, reverse, T)):
        assert abs(found - df) < 4 * error and 0 < error < 0.15 * KT
    assert bar(forward, reverse, T)[1] < jarzynski(forward, T)[1]
    with pytest.raises(ValueError, match="work of 1 runs, must be finite numbers of at least 2"):
        jarzynski(forward[:1], T)


def test_colvar_files(tmp_path):
    path = tmp_path / "COLVAR"
    path.write_text("#! FIELDS time c.s1\n 0 1\n 1 2\n 2 3\n#! FIELDS time c.s1\n 1 20\n 2 30\n 3 40\n 4 5")
    table = read_colvar(path)  # continued from time 1; the last line is unfinished
    assert table["time"].tolist() == [0, 1, 2, 3] and table["c.s1"].tolist() == [1, 20, 30, 40]
    energy = read_colvar(write(tmp_path / "E", time=np.array([1.0, 3, 5]), pe=np.array([-1.0, -3, -5])))
    both = join(table, energy, "E")
    assert both["time"].tolist() == [1, 3] and both["pe"].tolist() == [-1, -3] and both["c.s1"].tolist() == [20, 40]
    for text, message in [
        ("1 2\n", "first line must be|must be 0"),
        ("#! FIELDS time a\n1 2 3\n", "line 2: 3 numbers, must be 2"),
        ("#! FIELDS time a\n1 x\n", "line 2: could not convert"),
        ("#! FIELDS time a\n1 2\n#! FIELDS time b\n", "line 3: columns change to time b"),
    ]:
        path.write_text(text)
        with pytest.raises(ValueError, match=message):
            read_colvar(path)


def test_biases_that_cannot_be_reweighted(tmp_path):
    t = np.arange(3.0)
    for columns, message in [
        (dict(time=t, c_s1=t), "no column ends with .bias"),
        (dict(time=t, c_s1=t, r_bias=t, r_work=t), "moving restraint"),
        (dict(time=t, c_s1=t, m_bias=t, m_rct=t * np.nan), "m.rct is nan"),
    ]:
        with pytest.raises(ValueError, match=message):
            bias_of_frames(read_colvar(write(tmp_path / "CV", **columns)), "CV")
    both = read_colvar(write(tmp_path / "CV", time=t, m_bias=t, m_rct=t / 2, w_bias=t))
    assert bias_of_frames(both, "CV") == pytest.approx([0, 1.5, 3])
    with pytest.raises(ValueError, match="temperature is 0, must be > 0"):
        reweight(t, 0)


def test_error_of_correlated_frames_is_that_of_blocks():
    """Each frame ten times: the error of the mean must not shrink."""
    x = np.random.default_rng(5).normal(size=2000)
    one, many = (weighted_frames(np.zeros(len(v)), T).mean(v)[1] for v in (x, np.repeat(x, 10)))
    assert many == pytest.approx(one, rel=1e-12) and 0.4 < one * np.sqrt(2000) < 1.7
    assert isinstance(weighted_frames(x, T), Ensemble)


def test_final_bias_sums_all_hills_and_keeps_other_biases():
    hills = Path(__file__).parent / "data" / "plumed_biases" / "HILLS"
    s = np.random.default_rng(3).uniform(-1, 1, (500, 2))
    table = {"x": s[:, 0], "y": s[:, 1], "m.bias": np.ones(500), "m.rct": np.ones(500), "w.bias": 0.1 * s[:, 0] ** 2}
    exact = static_bias(hills).value(s)[0]
    assert final_bias(table, "COLVAR", hills) - table["w.bias"] == pytest.approx(exact, abs=1e-3 * exact.max())
    assert exact.max() > 0.1
