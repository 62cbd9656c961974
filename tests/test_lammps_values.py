"""What the fixes compute, against Python and finite differences; LAMMPS in this process."""

import numpy as np
import pytest
from lammps_runner import BIAS_ALONE, GRID, MORSE, cluster, deck, weights, write_data, write_model

import nanochart
from nanochart.sampling.biases import Restraint
from nanochart.lammps_plugin import new_lammps

AT, KAPPA = np.array([0.3, -0.4, 0.1]), np.array([2.0, 0.5, 1.0])
RESTRAINT = "fix r all nanochart/restraint c at 0.3 -0.4 0.1 kappa 2.0 0.5 1.0"


@pytest.fixture
def start(tmp_path, monkeypatch):
    """start(commands, x=..) -> a LAMMPS in this process, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "au.pt")
    opened = []

    def start(commands, x=None, data=None, **options):
        write_data(tmp_path / "au.data", cluster() if x is None else x, **(data or {}))
        lmp = new_lammps(["-log", "none", "-screen", "none"])
        opened.append(lmp)
        lmp.commands_string(deck(commands, **options))
        return lmp

    yield start
    for lmp in opened:
        lmp.close()


def s_of(lmp, fix="c", latent=3):
    return np.array([lmp.extract_fix(fix, 0, 1, i) for i in range(latent)])


def v_of(lmp, fix="c"):
    return lmp.extract_fix(fix, 0, 0)


def forces(lmp):
    return np.array(lmp.gather_atoms("f", 1, 3)).reshape(-1, 3)


def move(lmp, x):
    lmp.scatter_atoms("x", 1, 3, np.ctypeslib.as_ctypes(np.array(x).ravel()))
    lmp.command("run 0")


def closed_form(x, seed=1):
    return weights(seed) @ nanochart.rdf(x, GRID).ravel()


def test_s_and_energies_are_those_of_the_formula(start):
    lmp = start(f"fix c all nanochart ./au.pt\n{RESTRAINT}\nrun 0")
    s = closed_form(cluster())
    assert np.ptp(s) > 0.1
    assert s_of(lmp) == pytest.approx(s, rel=0, abs=1e-10)
    v = Restraint(AT, KAPPA).value(s)[0]
    assert v_of(lmp) == pytest.approx(v, rel=1e-10)
    assert v_of(lmp, "r") == pytest.approx(v, rel=1e-10)
    assert np.isnan(lmp.extract_fix("c", 0, 1, 3))  # outside: this model file does not have it
    assert lmp.extract_fix("r", 0, 1, 0) == 0  # work of a restraint that does not move


@pytest.mark.parametrize("model, tolerance", [("./au.pt", 1e-10), ("Au147", 1e-6)])
def test_s_is_that_of_python(start, model, tolerance):
    lmp = start(f"fix c all nanochart {model}\nrun 0")
    chart = nanochart.ChartCV(model)
    assert s_of(lmp) == pytest.approx(chart.evaluate(cluster()), rel=0, abs=tolerance)
    assert lmp.extract_fix("c", 0, 1, 3) == pytest.approx(chart.outside(cluster()), rel=1e-9, nan_ok=True)


def test_seldom_rows_are_those_of_every_step(start, tmp_path):
    """Rows far apart are computed without 512-bit vectors, where a processor has them."""
    start("velocity all create 400 5\nfix move all nve\nfix c all nanochart Au147 log often 1\n"
          "fix d all nanochart Au147 log seldom 20\nrun 60")  # fmt: skip
    often, seldom = (np.loadtxt(tmp_path / name) for name in ("often", "seldom"))
    assert len(often) == 61 and len(seldom) == 4 and np.ptp(seldom[:, 1]) > 1e-3
    np.testing.assert_allclose(seldom[:, :4], often[::20, :4], rtol=0, atol=1e-6)
    np.testing.assert_allclose(seldom[:, 4], often[::20, 4], rtol=1e-9)


def test_force_and_virial_are_derivatives(start):
    """Central differences at two steps: their error falls as step^2, and without that term they
    agree to 1e-8."""
    x = cluster()
    lmp = start(f"fix c all nanochart ./au.pt\n{RESTRAINT}\ncompute w all pressure NULL virial\n"
                "thermo_style custom step pe c_w[1]\nrun 0", pair=BIAS_ALONE)  # fmt: skip
    f = forces(lmp)
    pressure = np.array(lmp.numpy.extract_compute("w", 0, 1))
    virial = pressure * 80**3 / 1.6021765e6  # eV, as LAMMPS converts
    assert lmp.get_thermo("pe") == pytest.approx(v_of(lmp), rel=1e-12)

    def check(derivative, change, scale):
        def energy(step):
            move(lmp, x + step * change)
            return v_of(lmp)

        coarse, fine = ((energy(h) - energy(-h)) / (2 * h) for h in (2e-3, 1e-3))
        if abs(coarse - derivative) > 1e-6 * scale:
            assert abs(coarse - derivative) == pytest.approx(4 * abs(fine - derivative), rel=0.05)
        assert derivative == pytest.approx((4 * fine - coarse) / 3, rel=0, abs=1e-8 * scale)

    rng = np.random.default_rng(3)
    for direction in rng.normal(size=(3, *x.shape)):
        direction /= np.linalg.norm(direction)
        check(-np.sum(f * direction), direction, np.linalg.norm(f))
    for k, (a, b) in enumerate([(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)]):
        strain = np.zeros((3, 3))
        strain[a, b] = 0.1
        check(-0.1 * virial[k], x @ strain.T, np.abs(virial).max())


CELLS = {"orthogonal": (37.0, 41.0, 39.0, 0, 0, 0), "triclinic": (37.0, 41.0, 39.0, 9.0, -7.0, 5.0)}


@pytest.mark.parametrize("kind", CELLS)
def test_cluster_astride_the_boundary(start, kind):
    """A cluster on a corner of the box is the cluster in its middle: s, forces, virial."""
    cell = CELLS[kind]
    vectors = np.array([[cell[0], 0, 0], [cell[3], cell[1], 0], [cell[4], cell[5], cell[2]]])
    commands = (f"fix c all nanochart ./au.pt\n{RESTRAINT}\ncompute w all pressure NULL virial\n"
                "thermo_style custom step pe c_w[1]\nrun 0")  # fmt: skip
    found = []
    for fractions in [(0.5, 0.5, 0.5), (0.0, 0.02, 0.99)]:
        x = cluster() + np.array(fractions) @ vectors
        options = {"boundary": "p p p", "pair": BIAS_ALONE, "data": {"cell": cell}}
        lmp = start(commands, x, **options)
        wrapped = np.array(lmp.gather_atoms("x", 1, 3)).reshape(-1, 3)
        found.append((s_of(lmp), forces(lmp), np.array(lmp.numpy.extract_compute("w", 0, 1)), wrapped))
    assert np.ptp(found[1][3], axis=0).min() > 30  # LAMMPS did wrap it
    scale = np.abs(found[0][2]).max()
    assert found[1][0] == pytest.approx(found[0][0], rel=0, abs=1e-12)
    assert found[1][1] == pytest.approx(found[0][1], rel=0, abs=1e-12 * max(1, np.abs(found[0][1]).max()))
    assert found[1][2] == pytest.approx(found[0][2], rel=0, abs=1e-12 * max(1, scale))
    assert found[0][0] == pytest.approx(closed_form(cluster()), rel=0, abs=1e-10)


def test_a_group_among_other_atoms(start):
    """Only the atoms of the group count and feel the bias; types outside it need no element."""
    x = np.concatenate([cluster(), cluster(2) + [0, 0, 25.0]])
    types = np.repeat([1, 2], [147, 13])
    lmp = start(
        "group au type 1\nfix c au nanochart ./au.pt\n" + RESTRAINT + "\nrun 0", x,
        data={"types": types, "masses": (196.97, 55.5)}, pair=BIAS_ALONE,
    )  # fmt: skip
    assert s_of(lmp) == pytest.approx(closed_form(cluster()), rel=0, abs=1e-10)
    f = forces(lmp)
    assert np.abs(f[147:]).max() == 0 and np.abs(f[:147]).max() > 1e-3


def test_two_elements(start, tmp_path):
    """One channel per pair of elements, whichever type has which element."""
    write_model(tmp_path / "agcu.pt", seed=5, elements=("Ag", "Cu"))
    types = np.where(np.random.default_rng(0).random(147) < 0.3, 2, 1)  # 1: Cu, 2: Ag
    g = nanochart.rdf(cluster(), GRID, species=np.where(types == 1, "Cu", "Ag"))
    expected = weights(5, 3, 3) @ g.ravel()
    by_mass = {"types": types, "masses": (63.55, 107.87)}
    assert s_of(start("fix c all nanochart ./agcu.pt\nrun 0", data=by_mass)) == pytest.approx(expected, abs=1e-10)
    by_name = {"types": types, "masses": (1.0, 1.0)}
    lmp = start("fix c all nanochart ./agcu.pt elements Cu Ag\nrun 0", data=by_name)
    assert s_of(lmp) == pytest.approx(expected, abs=1e-10)


def test_real_units(start):
    """kappa and energies are kcal/mol, forces kcal/mol/A, the log ps and eV."""
    kcal = 23.060549
    metal = start(f"fix c all nanochart ./au.pt\n{RESTRAINT}\nrun 0", pair=BIAS_ALONE)
    in_kcal = " ".join(repr(float(k * kcal)) for k in KAPPA)
    commands = ("fix c all nanochart ./au.pt log COLVAR 5\n"
                f"fix r all nanochart/restraint c at 0.3 -0.4 0.1 kappa {in_kcal}\nrun 5")  # fmt: skip
    real = start(commands, pair=BIAS_ALONE, units="real")
    assert s_of(real) == pytest.approx(s_of(metal), abs=1e-12)
    assert v_of(real) == pytest.approx(kcal * v_of(metal), rel=1e-12)
    assert v_of(real, "r") == pytest.approx(kcal * v_of(metal), rel=1e-12)
    assert forces(real) == pytest.approx(kcal * forces(metal), rel=1e-9, abs=1e-12)
    with open("COLVAR") as file:
        last = file.read().split("\n")[-2].split()
    assert float(last[0]) == 0.005  # 5 steps of 1 fs
    assert float(last[-1]) == pytest.approx(v_of(metal), rel=1e-12)


def test_every_multiplies_the_force_and_not_the_energy(start):
    lmp = start(f"fix c all nanochart ./au.pt\n{RESTRAINT}\nfix m all nve\nrun 0", pair=BIAS_ALONE)
    f, v = forces(lmp), v_of(lmp)
    lmp.command("unfix c")
    lmp.command("fix c all nanochart ./au.pt every 3")
    move(lmp, cluster())
    assert forces(lmp) == pytest.approx(3 * f, rel=1e-12)
    assert v_of(lmp) == pytest.approx(v, rel=1e-12)
    assert lmp.get_thermo("pe") == pytest.approx(v, rel=1e-12)
    for step in range(1, 7):
        lmp.command("run 1 post no")
        x = np.array(lmp.gather_atoms("x", 1, 3)).reshape(-1, 3)
        assert (np.abs(forces(lmp)).max() > 0) == (step % 3 == 0)
        assert s_of(lmp) == pytest.approx(closed_form(x), abs=1e-10)  # fresh on every step


def test_two_models_in_one_run(start, tmp_path):
    write_model(tmp_path / "other.pt", seed=2, latent=2)
    lmp = start("fix c all nanochart ./au.pt\nfix d all nanochart ./other.pt\nfix r all nanochart/restraint c at "
                "0.3 -0.4 0.1 kappa 2.0 0.5 1.0\nfix q all nanochart/restraint d at 0.5 * kappa 3 *\nrun 0",
                pair=BIAS_ALONE)  # fmt: skip
    s, t = closed_form(cluster()), weights(2, 2) @ nanochart.rdf(cluster(), GRID).ravel()
    assert s_of(lmp, "c") == pytest.approx(s, abs=1e-10)
    assert s_of(lmp, "d", 2) == pytest.approx(t, abs=1e-10)
    assert v_of(lmp, "d") == pytest.approx(1.5 * (t[0] - 0.5) ** 2, rel=1e-9)  # the second CV is free
    both, pe = forces(lmp), lmp.get_thermo("pe")
    assert pe == pytest.approx(v_of(lmp, "c") + v_of(lmp, "d"), rel=1e-12)
    parts = []
    for off, on in [("q", "r"), ("r", "q")]:
        lmp.command(f"unfix {off}")
        move(lmp, cluster())
        parts.append(forces(lmp))
        if off == "q":
            lmp.command("fix q all nanochart/restraint d at 0.5 * kappa 3 *")
    assert parts[0] + parts[1] == pytest.approx(both, abs=1e-12)


def test_energy_can_be_left_out(start):
    lmp = start(f"fix c all nanochart ./au.pt\n{RESTRAINT}\nfix_modify c energy no\nrun 0", pair=BIAS_ALONE)
    assert lmp.get_thermo("pe") == 0 and v_of(lmp) > 0.1


def test_thread_counts_are_left_alone(start):
    import torch

    before = torch.get_num_threads()
    lmp = start("fix m all nve")  # LAMMPS itself sets OpenMP's count when it starts
    torch.set_num_threads(2)
    try:
        lmp.commands_string(f"fix c all nanochart ./au.pt\n{RESTRAINT}\nrun 5")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_values_between_runs_follow_the_atoms(start):
    lmp = start(f"fix c all nanochart ./au.pt\n{RESTRAINT}\nrun 0", pair=MORSE)
    lmp.command("displace_atoms all random 0.05 0.05 0.05 77")
    x = np.array(lmp.gather_atoms("x", 1, 3)).reshape(-1, 3)
    assert s_of(lmp) == pytest.approx(closed_form(x), abs=1e-10)
    assert np.abs(s_of(lmp) - closed_form(cluster())).max() > 1e-3
