"""Trajectories on a chart: against the fix in LAMMPS, and every kind of source against positions known."""

import numpy as np
import pytest
from ase import Atoms
from ase.io import write
from lammps_runner import cluster, colvar, cv, deck, good, run, write_model

from nanochart import ChartCV
from nanochart.chart import frames
from nanochart.chart.families import Families
from nanochart.chart.projection import project, project_all, running_average, stays, stays_text


@pytest.fixture(scope="module")
def chart(tmp_path_factory):
    return ChartCV(write_model(tmp_path_factory.mktemp("model") / "au.pt"))


@pytest.fixture(scope="module")
def positions():
    return np.array([cluster(seed=k) for k in range(7)])


def test_same_rows_as_the_fix(folder):
    """A run's own log, and `project` of its dump: the same times and CVs, column by column."""
    commands = (
        "velocity all create 600 1\nfix move all nve\nfix chart all nanochart ./au.pt log COLVAR 20\n"
        "dump d all custom 20 run.dump id type element x y z\n"
        'dump_modify d element Au format line "%d %d %s %.17g %.17g %.17g"\ntimestep 0.002\nrun 100\n'
    )
    good(run(folder, deck(commands)))
    project(ChartCV(folder / "au.pt"), folder / "run.dump", folder / "COLVAR.read", timestep=0.002)
    logged, read = colvar(folder / "COLVAR"), colvar(folder / "COLVAR.read")
    assert list(read) == list(logged) == ["time", "chart.s1", "chart.s2", "chart.s3", "chart.outside"]
    assert len(read["time"]) == 6
    for name in logged:
        assert np.allclose(read[name], logged[name], rtol=0, atol=2e-6, equal_nan=True), name


@pytest.mark.parametrize("kind", ["extxyz", "traj", "dump"])
def test_files(kind, chart, positions, tmp_path):
    path = tmp_path / f"run.{kind}"
    images = [Atoms("Au147", x, info={"time": 2.5 * k, "temperature": 300.0 + k}) for k, x in enumerate(positions)]
    if kind == "dump":
        path.write_text("".join(lammps_frame(10 * k, x) for k, x in enumerate(positions)))
    else:
        write(path, images)
    found = project(chart, path, tmp_path / "COLVAR", every=2, interval=3.0)
    assert np.allclose(found.s, [cv(x) for x in positions[::2]], atol=1e-5)
    assert np.array_equal(found.time, [0, 6, 12, 18])
    if kind == "extxyz":
        own = project(chart, path, tmp_path / "COLVAR")
        assert np.array_equal(own.time, 2.5 * np.arange(7)) and own.temperature[3] == 303
    if kind == "dump":
        assert np.allclose(project(chart, path, tmp_path / "COLVAR", timestep=0.005).time, 0.05 * np.arange(7))
        assert np.array_equal(project(chart, path, tmp_path / "COLVAR").time, np.arange(7))


def lammps_frame(step, x, element="Au", columns="id element x y z"):
    low, high = x.min(axis=0) - 1, x.max(axis=0) + 1
    box = "".join(f"{a:.17g} {b:.17g}\n" for a, b in zip(low, high))
    rows = "".join(f"{i + 1} {element} {p[0]:.17g} {p[1]:.17g} {p[2]:.17g}\n" for i, p in enumerate(x))
    return (f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n{len(x)}\nITEM: BOX BOUNDS ff ff ff\n{box}"
            f"ITEM: ATOMS {columns}\n{rows}")  # fmt: skip


def test_a_cluster_cut_by_its_box_is_put_together(chart, positions, tmp_path):
    wrapped = Atoms("Au147", positions[0] + 3.0, cell=[60, 60, 60], pbc=True)
    wrapped.wrap()
    assert np.ptp(wrapped.positions, axis=0).max() > 40
    write(tmp_path / "box.xyz", wrapped, format="extxyz")
    found = project(chart, tmp_path / "box.xyz", tmp_path / "COLVAR")
    assert np.allclose(found.s, cv(positions[0]), atol=1e-5)


def test_batches_do_not_lose_frames(chart, positions, tmp_path, monkeypatch):
    write(tmp_path / "run.xyz", [Atoms("Au147", x) for x in positions], format="extxyz")
    monkeypatch.setattr(frames, "BATCH", 3)
    found = project(chart, tmp_path / "run.xyz", tmp_path / "COLVAR")
    assert np.allclose(found.s, [cv(x) for x in positions], atol=1e-5)
    assert np.array_equal(colvar(tmp_path / "COLVAR")["time"], np.arange(7))


def test_families_and_quench(chart, tmp_path):
    """Shaken icosahedra are all the icosahedron after the quench, and lie in its family."""
    write(tmp_path / "run.xyz", [Atoms("Au147", cluster(seed=k)) for k in range(2)], format="extxyz")
    hot = project(chart, tmp_path / "run.xyz", tmp_path / "COLVAR")
    assert hot.states is None and "no families are known" in stays_text(hot, [])
    found = Families(np.array([hot.s[0] + 50, hot.s[0]]), 1.0, ("far", "near"), chart.hash)
    cold = project(chart, tmp_path / "run.xyz", tmp_path / "COLVAR", families=found, quench=True)
    assert np.allclose(cold.energy, -527.7963, atol=1e-3)
    assert np.abs(np.diff(cold.s, axis=0)).max() < 2e-3 < np.abs(np.diff(hot.s, axis=0)).max()
    assert list(cold.family) == [1, 1] and cold.states[1][cold.label[0]] == "Ih"
    table = colvar(tmp_path / "COLVAR")
    assert list(table)[-3:] == ["chart.family", "chart.label", "chart.energy"]
    assert np.array_equal(table["chart.family"], [1, 1]) and np.allclose(table["chart.energy"], cold.energy, rtol=1e-13, atol=0)


def test_several_sources(chart, positions, tmp_path):
    for k in range(2):
        write(tmp_path / f"{k}.xyz", Atoms("Au147", positions[k]), format="extxyz")
    paths = [tmp_path / "0.xyz", tmp_path / "1.xyz"]
    made = list(project_all(chart, paths, tmp_path / "out", window=1))
    assert [colvar_path.name for colvar_path, _, _ in made] == ["COLVAR.0", "COLVAR.1"]
    assert np.allclose(made[1][1].s, cv(positions[1]), atol=1e-5)


@pytest.mark.parametrize("content, message", [
    (None, "no such file, or folder of a ptmd run"),
    (lambda x: "", "holds no frame|cannot be read"),
    (lambda x: lammps_frame(0, x[:100]), "holds 100 atoms of Au, the model .* is of 147 atoms of Au"),
    (lambda x: lammps_frame(0, x, "1", "id type x y z"), "147 atoms of H, .*; a file that names no elements needs --element"),
    (lambda x: lammps_frame(0, x) + lammps_frame(1, x)[:2000], "frame 1 cannot be read|atoms of frame 1 are not"),
    (lambda x: lammps_frame(0, x) + lammps_frame(1, x[:146]), "the atoms of frame 1 are not those of the first one"),
    (lambda x: lammps_frame(0, np.where(np.arange(3) == 0, np.nan, x)), "not finite|cannot be read"),
])  # fmt: skip
def test_bad_trajectories(content, message, chart, positions, tmp_path):
    path = tmp_path / "bad.dump"
    if content:
        path.write_text(content(positions[0]))
    with pytest.raises((ValueError, OSError), match=message):
        project(chart, path, tmp_path / "COLVAR")


def test_what_came_before_a_bad_frame_is_kept(chart, positions, tmp_path, monkeypatch):
    monkeypatch.setattr(frames, "BATCH", 1)
    (tmp_path / "bad.dump").write_text(lammps_frame(0, positions[0]) + lammps_frame(1, positions[1])[:2000])
    with pytest.raises(ValueError, match="frame 1 cannot be read|atoms of frame 1 are not"):
        project(chart, tmp_path / "bad.dump", tmp_path / "COLVAR")
    assert len(colvar(tmp_path / "COLVAR")["time"]) == 1


def test_stays():
    states = np.array([0] * 20 + [1, 0, 1] + [0] * 5 + [1] * 20 + [-1, -1] + [1] * 8 + [2] * 3 + [1] * 9)
    found = stays(states, 0.5 * np.arange(len(states)), window=5)
    assert [(v.state, v.first, v.last) for v in found] == [(0, 0, 27), (1, 28, len(states) - 1)]
    assert (found[0].begin, found[0].end, found[1].begin) == (0.0, 13.5, 14.0)
    assert stays(np.full(9, -1), np.arange(9.0), 3) == []
    assert [v.state for v in stays(np.array([3]), np.zeros(1), 5)] == [3]
    with pytest.raises(ValueError, match="window is 0"):
        stays(states, np.arange(1.0), 0)


@pytest.mark.parametrize("window", [1, 4, 5, 50])
def test_running_average(window):
    values = np.random.default_rng(0).normal(size=(23, 2))
    values[7, 0] = np.nan
    average = running_average(values, window)
    for i in range(23):
        near = values[max(i - window // 2, 0) : i + (window - 1) // 2 + 1]
        expected = [np.mean(v[np.isfinite(v)]) if np.isfinite(v).any() else np.nan for v in near.T]
        assert np.allclose(average[i], expected, equal_nan=True)
