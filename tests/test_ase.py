"""ASE: biased energies and forces, dynamics in which biases grow, logs, restarts, copies."""

import copy
import gc
import json
import pickle

import numpy as np
import pytest
from ase import Atoms, units
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms
from ase.md.langevin import Langevin
from ase.md.verlet import VelocityVerlet
from ase.optimize import BFGS
from ase_cases import CHART, HOLD, MODEL, S, X, cluster, meta, moving
from conformance_cases import FOLDER
from lammps_runner import BIAS_ALONE, colvar, deck, good, run, write_data
from test_conformance import Nothing

import nanochart
from nanochart.sampling import BiasedCalculator, ChartLog, MovingRestraint, Wall
from nanochart.sampling.hills import read_hills

# ---- energies and forces ----------------------------------------------------------------------------------------


def test_energy_and_forces_are_the_sum():
    atoms, plain = cluster(biases={"hold": HOLD}), Atoms("Cu55", X, calculator=EMT())
    v, slope = HOLD.value(S)
    assert v > 0.1
    assert atoms.get_potential_energy() == pytest.approx(plain.get_potential_energy() + v, abs=1e-10)
    assert atoms.get_forces() == pytest.approx(plain.get_forces() - CHART.pullback(X, slope), abs=1e-10)
    results = atoms.calc.results
    assert results["s"] == pytest.approx(S) and results["V"] == results["hold.bias"] == pytest.approx(v)


@pytest.mark.parametrize("step", [1e-3, 5e-4])
def test_forces_are_the_derivative(step):
    walls = [Wall(3, "lower", 0, at=S[0] + 0.2, kappa=3.0), Wall(3, "upper", 1, at=S[1] - 0.3, kappa=5.0, exp=4)]
    atoms = cluster(biases=[HOLD, *walls])
    assert list(atoms.calc.biases) == ["restraint", "wall", "wall2"]
    f = atoms.get_forces()
    direction = np.random.default_rng(1).normal(size=X.shape)

    def energy(h):
        atoms.positions = X + h * direction
        return atoms.get_potential_energy()

    numeric = (energy(-2 * step) - 8 * energy(-step) + 8 * energy(step) - energy(2 * step)) / (12 * step)
    assert -np.sum(f * direction) == pytest.approx(numeric, rel=1e-6)


def test_stress_is_the_derivative():
    atoms = cluster(biases=[HOLD], cell=[30, 31, 32], pbc=True)
    stress = atoms.get_stress(voigt=False)
    assert np.abs(stress - Atoms(atoms, calculator=EMT()).get_stress(voigt=False)).max() > 1e-5
    cell = atoms.cell.array.copy()
    for a, b in ((0, 0), (1, 1), (0, 2)):
        energies = []
        for h in (-1e-4, 1e-4):
            e = np.eye(3)
            e[a, b] += h
            atoms.set_cell(cell @ e.T, scale_atoms=False)
            atoms.positions = X @ e.T
            energies.append(atoms.get_potential_energy())
        numeric = (energies[1] - energies[0]) / 2e-4 / np.linalg.det(cell)
        assert stress[a, b] == pytest.approx(numeric, abs=1e-6 * np.abs(stress).max() + 1e-9)


def test_part_of_a_system():
    """The chart's atoms among others, in any order."""
    extra = Atoms("Cu55Pt2", np.vstack([X, [[0, 0, 30], [3, 0, 30]]]))[::-1]
    extra.calc = BiasedCalculator(EMT(), CHART, [HOLD], indices=extra.symbols == "Cu")
    v, slope = HOLD.value(CHART.evaluate(X[::-1]))
    plain = Atoms(extra, calculator=EMT())
    assert extra.get_potential_energy() == pytest.approx(plain.get_potential_energy() + v, abs=1e-10)
    difference = extra.get_forces() - plain.get_forces()
    assert difference[:2] == pytest.approx(0, abs=1e-12)
    assert difference[2:] == pytest.approx(-CHART.pullback(X[::-1], slope), abs=1e-10)


def test_frames_of_a_run_in_lammps(tmp_path):
    """Frames of EMT dynamics: s, V and bias forces are those of LAMMPS."""
    atoms, frames = cluster(biases={"hold": HOLD}), []
    dyn = moving(atoms)
    dyn.attach(lambda: frames.append((atoms.copy(), atoms.get_forces(), atoms.calc.results["V"])), interval=5)
    dyn.run(10)
    for number, (frame, forces, v) in enumerate(frames):
        folder = tmp_path / str(number)
        folder.mkdir()
        write_data(folder / "au.data", frame.positions, masses=(63.546,))
        at, kappa = " ".join(f"{a:.17g}" for a in S + [0.3, -0.2, 0.5]), "2.0 0.5 1.0"
        text = f"fix c all nanochart {MODEL} log COLVAR 1\nfix hold all nanochart/restraint c at {at} kappa {kappa}\n"
        keep = "dump d all custom 1 forces id fx fy fz\ndump_modify d format float %.17g\nrun 0\n"
        good(run(folder, deck(text + keep, pair=BIAS_ALONE)))
        row = colvar(folder / "COLVAR")
        assert row["hold.bias"][0] == pytest.approx(v, abs=1e-8)
        from lammps_runner import dump

        bias_forces = forces - Atoms(frame, calculator=EMT()).get_forces()
        assert dump(folder / "forces") == pytest.approx(bias_forces, abs=1e-8)


# ---- dynamics ---------------------------------------------------------------------------------------------------


def everything(folder, **state):
    grid = [(S[0] - 6, S[0] + 6, 120), (S[1] - 6, S[1] + 6, 180)]
    pull = MovingRestraint(S, [1.0, 1.0, 0.0], [(S + 1.0, 4, 24)], state=state.pop("pull", ""))
    return {"meta": meta(hills=str(folder / "HILLS"), grid=grid, state=state.pop("meta", "")), "pull": pull}


def test_the_same_run_in_lammps(tmp_path):
    """Bias alone, no interaction: log, hills, work and last place of 30 steps are those of fix nanochart."""
    atoms = cluster(Nothing(), everything(tmp_path))
    dyn = moving(atoms)
    start, speed = X.copy(), atoms.get_velocities() * 1000 * units.fs  # A/ps
    dyn.attach(ChartLog(dyn, atoms.calc, tmp_path / "COLVAR.ase"), interval=3)
    atoms.calc.follow(dyn)
    dyn.run(30)

    write_data(tmp_path / "au.data", start, masses=(atoms.get_masses()[0],))
    velocities = "".join(
        f"group g id {i + 1}\nvelocity g set {v[0]:.17g} {v[1]:.17g} {v[2]:.17g}\ngroup g delete\n"
        for i, v in enumerate(speed)
    )
    words = lambda values: " ".join(f"{value:.17g}" for value in values)  # noqa: E731
    good(run(tmp_path, deck(
        velocities + f"fix chart all nanochart {MODEL} log COLVAR.lmp 3 elements Cu\n"
        f"fix meta all nanochart/metad chart sigma 0.3 0.2 * height 0.1 pace 5 biasfactor 10 temp 300 hills HILLS.lmp "
        f"grid {S[0] - 6:.17g} {S[0] + 6:.17g} 120 grid {S[1] - 6:.17g} {S[1] + 6:.17g} 180\n"
        f"fix pull all nanochart/restraint chart at {words(S)} kappa 1 1 0 to {words(S + 1.0)} over 4 24\n"
        "fix move all nve\ntimestep 0.002\nthermo 30\nthermo_style custom step f_pull[1]\n"
        "thermo_modify format float %.17g\nrun 30\n", pair=BIAS_ALONE)))  # fmt: skip
    ours, theirs = colvar(tmp_path / "COLVAR.ase"), colvar(tmp_path / "COLVAR.lmp")
    assert list(ours) == list(theirs)
    for column in ours:
        assert ours[column] == pytest.approx(theirs[column], abs=1e-6, nan_ok=True), column
    assert len(ours["time"]) == 11 and np.ptp(ours["chart.s1"]) > 1e-3 and ours["meta.bias"][-1] > 0.1
    hills = [read_hills(tmp_path / name) for name in ("HILLS", "HILLS.lmp")]
    assert hills[0].time == pytest.approx(hills[1].time) and len(hills[0].time) == 6
    assert hills[0].center == pytest.approx(hills[1].center, abs=1e-6)
    assert hills[0].height == pytest.approx(hills[1].height, abs=1e-7)


def test_conserves_energy():
    """The error of the integrator alone: it falls with the square of the time step."""
    drift = []
    for steps in (1, 2):
        atoms, energies = cluster(biases=[HOLD]), []
        dyn = moving(atoms)
        dyn.dt /= steps
        dyn.attach(lambda: energies.append(atoms.get_total_energy()), interval=steps)
        dyn.run(30 * steps)
        drift.append(np.ptp(energies))
    assert drift[0] < 0.1 and drift[0] / drift[1] == pytest.approx(4, rel=0.15)


def test_no_hill_without_dynamics(tmp_path):
    atoms = cluster(biases={"meta": meta(hills=str(tmp_path / "HILLS"))})
    hills = atoms.calc.biases["meta"]
    for _ in range(10):
        atoms.get_potential_energy()
    BFGS(atoms, logfile=None).run(steps=12)
    assert hills.hills == 0
    dyn = moving(atoms)
    atoms.calc.follow(dyn)
    dyn.run(11)
    assert hills.hills == 2  # steps 5 and 10, none at 0
    e = atoms.get_potential_energy()
    assert atoms.get_potential_energy() == e
    BFGS(atoms, logfile=None).run(steps=12)
    assert hills.hills == 2
    dyn.run(9)  # goes on at step 12
    assert hills.hills == 4 and atoms.calc.step == 20
    assert read_hills(tmp_path / "HILLS").time == pytest.approx([0.01, 0.02, 0.03, 0.04])


def test_a_second_driver_goes_on(tmp_path):
    atoms = cluster(biases={"meta": meta()})
    first = moving(atoms)
    atoms.calc.follow(first)
    first.run(7)
    second = Langevin(atoms, 1 * units.fs, temperature_K=300, friction=0.01 / units.fs, rng=np.random.default_rng(1))
    atoms.calc.follow(second)
    second.run(3)
    assert atoms.calc.step == 10 and atoms.calc.time == pytest.approx(0.017)
    assert atoms.calc.biases["meta"].hills == 2
    first.run(5)  # no longer counts
    assert atoms.calc.step == 10


@pytest.mark.parametrize("stop", [10, 13])  # with and without a hill at the last step
def test_restart_is_exact(tmp_path, stop):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder in (whole, parts):
        folder.mkdir()
    atoms = cluster(biases=everything(whole))
    dyn = moving(atoms)
    dyn.attach(ChartLog(dyn, atoms.calc, whole / "COLVAR"))
    atoms.calc.follow(dyn)
    dyn.run(30)

    half = cluster(biases=everything(parts))
    dyn = moving(half)
    dyn.attach(ChartLog(dyn, half.calc, parts / "COLVAR"))
    half.calc.follow(dyn)
    dyn.run(stop)
    state = json.loads(json.dumps(half.calc.state))
    rest = pickle.loads(pickle.dumps(half.copy()))
    del half, dyn
    gc.collect()  # lets go of HILLS, as the end of a process does
    biases = everything(parts, **state["biases"])
    rest.calc = BiasedCalculator(EMT(), CHART, biases)
    dyn = VelocityVerlet(rest, 2 * units.fs)
    rest.calc.follow(dyn, state)
    log = ChartLog(dyn, rest.calc, parts / "COLVAR", append=True)
    dyn.attach(lambda: dyn.nsteps and log())  # step `stop` has its row
    dyn.run(30 - stop)

    assert rest.positions == pytest.approx(atoms.positions, abs=1e-12)
    assert biases["pull"].work == pytest.approx(atoms.calc.biases["pull"].work, abs=1e-12)
    assert abs(biases["pull"].work) > 1e-2
    assert np.loadtxt(parts / "HILLS") == pytest.approx(np.loadtxt(whole / "HILLS"), abs=1e-12)
    assert np.loadtxt(parts / "COLVAR") == pytest.approx(np.loadtxt(whole / "COLVAR"), abs=1e-12, nan_ok=True)


def test_constraints():
    atoms = cluster(biases={"hold": HOLD, "meta": meta()})
    atoms.set_constraint(FixAtoms([0, 7]))
    dyn = moving(atoms)
    atoms.calc.follow(dyn)
    dyn.run(6)
    assert np.array_equal(atoms.positions[[0, 7]], X[[0, 7]]) and not np.allclose(atoms.positions[1], X[1])
    assert atoms.get_forces()[0] == pytest.approx(0) and atoms.calc.results["forces"][0].any()
    relaxed = BFGS(atoms, logfile=None)
    relaxed.run(fmax=0.1, steps=60)
    assert relaxed.converged() and atoms.calc.biases["meta"].hills == 1


# ---- logs -------------------------------------------------------------------------------------------------------


def test_observer_that_only_logs(tmp_path):
    atoms = Atoms("Cu55", X, calculator=EMT())
    dyn = moving(atoms)
    dyn.attach(ChartLog(dyn, CHART, tmp_path / "COLVAR", name="c"), interval=4)
    dyn.run(8)
    dyn.run(8)
    rows = colvar(tmp_path / "COLVAR")
    assert list(rows) == ["time", "c.s1", "c.s2", "c.s3", "c.outside"]
    assert rows["time"] == pytest.approx(0.008 * np.arange(5))  # 16 steps once each
    assert [rows[f"c.s{i}"][-1] for i in (1, 2, 3)] == pytest.approx(CHART.evaluate(atoms.positions), abs=1e-10)
    ChartLog(dyn, CHART, tmp_path / "COLVAR")
    assert (tmp_path / "bck.0.COLVAR").read_text().count("\n") == 6


def test_log_of_an_optimiser(tmp_path):
    atoms = cluster(biases={"hold": HOLD})
    relax = BFGS(atoms, logfile=None)
    relax.attach(ChartLog(relax, atoms.calc, tmp_path / "COLVAR"))
    relax.run(steps=5)
    rows = colvar(tmp_path / "COLVAR")
    assert rows["time"] == pytest.approx(np.arange(6)) and list(rows)[-1] == "hold.bias"


# ---- copies -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [copy.deepcopy, lambda atoms: pickle.loads(pickle.dumps(atoms))])
def test_copies_and_pickles(how, tmp_path):
    walls = {"low": Wall(3, "lower", 0, at=S[0] + 0.2, kappa=3.0, exp=3)}
    atoms = cluster(Nothing(), {"hold": HOLD, **walls, **everything(tmp_path)})  # EMT itself cannot be pickled
    dyn = moving(atoms)
    atoms.calc.follow(dyn)
    dyn.run(12)
    size = (tmp_path / "HILLS").stat().st_size
    other = how(atoms)
    assert other.calc is not atoms.calc and other.calc.biases["meta"].hills == 2
    other.calc.reset()
    atoms.calc.reset()  # both now with the hill of step 10 and the centre of step 13
    assert other.get_potential_energy() == pytest.approx(atoms.get_potential_energy(), abs=1e-12)
    assert other.get_forces() == pytest.approx(atoms.get_forces(), abs=1e-12)
    dyn = VelocityVerlet(other, 2 * units.fs)
    other.calc.follow(dyn)
    dyn.run(8)
    assert other.calc.step == 20 and other.calc.biases["meta"].hills == 4
    assert atoms.calc.biases["meta"].hills == 2 and (tmp_path / "HILLS").stat().st_size == size
    assert atoms.copy().calc is None


def test_a_chart_that_changed_is_not_unpickled(tmp_path):
    path = tmp_path / "model.pt"
    path.write_bytes(MODEL.read_bytes())
    text = pickle.dumps(nanochart.ChartCV(path))
    assert pickle.loads(text).hash == CHART.hash
    path.write_bytes((FOLDER / "network-Cu55.pt").read_bytes())
    with pytest.raises(ValueError, match="has changed since this chart was pickled"):
        pickle.loads(text)
