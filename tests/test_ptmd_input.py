"""What `nanochart ptmd` is asked for: ladders, periods, potentials, starts, and what LAMMPS refuses."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from ase.cluster import Icosahedron
from lammps_runner import colvar
from ptmd_systems import write_icosahedron
from typer.testing import CliRunner

from nanochart.cli import app
from nanochart.landscape.disk import DiskFull
from nanochart.landscape.potential import write_setfl
from nanochart.landscape.ptmd.analysis import TooShort, acceptance
from nanochart.landscape.ptmd.command import go_on, new_run, report
from nanochart.landscape.ptmd.drift import nve_drift
from nanochart.landscape.ptmd.ladder import checked_ladder, geometric_ladder, parse_ladder
from nanochart.landscape.ptmd.log import open_frames
from nanochart.landscape.ptmd.progress import Progress
from nanochart.landscape.ptmd.record import Record
from nanochart.landscape.ptmd.run import default_mpiexec, engine, run
from nanochart.landscape.ptmd.starts import motif_starts

INPUTS = Path(__file__).parent.parent / "lammps_inputs"


def test_ladders():
    ladder = geometric_ladder(250, 600, 24)
    assert ladder[0] == 250 and ladder[-1] == 600 and len(ladder) == 24
    assert np.ptp(np.diff(np.log(ladder))) < 1e-5
    for wrong, message in (([300], "has 1 temperatures"), ([300, 300], "has 300 after 300 K, must rise"), ([-1, 3], "-1")):
        with pytest.raises(ValueError, match=message):
            checked_ladder(wrong)
    with pytest.raises(ValueError, match="from 600.0 to 250.0 K, must rise"):
        geometric_ladder(600.0, 250.0, 4)
    assert parse_ladder("250, 600 24") == [250, 600, 24]
    with pytest.raises(ValueError, match="ladder is 'a b', must be numbers"):
        parse_ladder("a b")


def test_a_folder_that_is_no_run_is_said(tmp_path):
    for use in (go_on, report):
        with pytest.raises(FileNotFoundError, match="has no settings.json, must be the folder of a run"):
            use(tmp_path / "none")


@pytest.mark.parametrize("change, message", [
    (dict(of="Xx"), "element or formula is 'Xx', must be one such as Au"),
    (dict(of="Ni"), "no usual time step for Ni; give --timestep"),
    (dict(of="Ni", timestep=3.0), "Ni has no built-in potential; give --potential-lines and --start"),
    (dict(ladder=[300, 400, 2.5]), "has the count 2.5, must be whole"),
    (dict(ladder=[300, 400, float("inf")]), "has the count inf, must be whole"),
    (dict(motifs=["Bcc"]), "motif is 'Bcc'"),
    (dict(motifs=[]), "no motif given"),
    (dict(damping=0.0), "damping is 0.0 ps, must be > 0"),
    (dict(length=-1.0), "length is -1 ns, must be > 0"),
    (dict(swap=0.0), "swap is 0 ps, must be > 0"),
    (dict(wall=-3.0), "wall is -3 A, must be > 0"),
    (dict(seed=0), "seed is 0, must lie between"),
])  # fmt: skip
def test_settings_are_checked(tmp_path, change, message):
    arguments = dict(of="Au", ladder=[300, 400, 3]) | change
    with pytest.raises(ValueError, match=message):
        new_run(tmp_path / "run", arguments.pop("of"), 55, **arguments)
    assert not (tmp_path / "run").exists()


def test_a_chart_in_only_some_replicas_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="extra.txt: no such file, must hold LAMMPS lines"):
        new_run(tmp_path / "run", "Au", 55, ladder=[300, 400, 3], extra=tmp_path / "extra.txt")
    (tmp_path / "extra.txt").write_text('if "${replica} == 0" then "fix cv all nanochart Au147"\n')
    with pytest.raises(ValueError, match="must be unconditional: swaps are right only if"):
        new_run(tmp_path / "run", "Au", 55, ladder=[300, 400, 3], extra=tmp_path / "extra.txt")


def test_a_start_in_two_pieces_is_refused(tmp_path):
    cluster = Icosahedron("Au", 2)
    cluster.positions[0] += 20.0
    cluster.write(tmp_path / "split.xyz")
    with pytest.raises(ValueError, match=r"split.xyz: structure 0 is in 2 pieces, must be one cluster"):
        new_run(tmp_path / "run", "Au", 13, ladder=[9, 10, 2], starts=[tmp_path / "split.xyz"])


@pytest.mark.parametrize("text, message", [("", "bad.xyz"), ("13\n\nAu 0 0 0\n", "bad.xyz"), ("0\n\n", "no start|bad.xyz")])
def test_start_files_that_cannot_be_read(tmp_path, text, message):
    (tmp_path / "bad.xyz").write_text(text)
    with pytest.raises(ValueError, match=message):
        new_run(tmp_path / "run", "Au", 13, ladder=[9, 10, 2], starts=[tmp_path / "bad.xyz"])
    assert not (tmp_path / "run").exists()


def test_periods_become_whole_steps(tmp_path):
    s = new_run(tmp_path / "run", "Cu", 55, ladder=[300, 400, 3], swap=1.0, frame=10, length=1.0)
    assert (s.timestep, s.swap, s.frame, s.checkpoint) == (0.003, 330, 3300, 330)
    assert s.steps % s.swap == 0 and abs(s.steps * s.timestep - 1000) < 1


def test_starts_are_shared_out_over_replicas(tmp_path):
    starts = motif_starts({"Au": 55}, ["Ih", "Dh"], 5)
    assert [a.info["motif"] for a in starts] == ["Ih", "Dh", "Ih", "Dh", "Ih"]
    assert len({a.positions.tobytes() for a in starts}) == 5
    other = tmp_path / "other.xyz"
    Icosahedron("Ag", 2).write(other)
    with pytest.raises(ValueError, match=r"other.xyz holds Ag13, must hold Au13 as .*Ih13.xyz does"):
        new_run(tmp_path / "run", "Au", 13, ladder=[9, 10, 2], starts=[write_icosahedron(tmp_path / "Ih13.xyz", "Au"), other])
    with pytest.raises(ValueError, match="a start has 13 atoms, must have 14"):
        new_run(tmp_path / "run", "Au", 14, ladder=[9, 10, 2], starts=[tmp_path / "Ih13.xyz"])


def test_the_same_command_finds_its_run_and_another_does_not(tmp_path):
    new_run(tmp_path / "run", "Au", 55, ladder=[300, 400, 3])
    new_run(tmp_path / "run", "Au", 55, ladder=[300, 400, 3])
    with pytest.raises(FileExistsError, match="holds a run with damping 1.0, not 2.0"):
        new_run(tmp_path / "run", "Au", 55, ladder=[300, 400, 3], damping=2.0)


@pytest.fixture
def other_potential(tmp_path) -> Path:
    """A potential by its lines, and the table that they name beside them."""
    write_setfl(tmp_path / "any.table", "Ag")
    lines = tmp_path / "potential.txt"
    lines.write_text("# any potential of LAMMPS\npair_style eam/alloy\npair_coeff * * any.table Ag\n")
    return lines


def test_any_potential_of_lammps(tmp_path, other_potential):
    run_folder = tmp_path / "run"
    new_run(run_folder, "Ag", 13, ladder=[60, 90, 2], swap=0.5, frame=1.0, length=0.01, potential=other_potential,
            starts=[write_icosahedron(tmp_path / "Ih13.xyz", "Ag")])  # fmt: skip
    assert (run_folder / "any.table").exists()  # the folder can be moved to a cluster
    said = []
    go_on(run_folder, say=said.append)
    assert "2 replicas of Ag13, 60-90 K" in said[0] and "drifts by" in said[1]
    assert len(list(Record(run_folder).frames())) == 20
    with pytest.raises(TooShort, match="has 20 swap periods so far, needs 100"):
        report(run_folder)
    again = CliRunner().invoke(app, ["ptmd", "-o", str(run_folder)])
    assert again.exit_code == 0 and "run is complete; ptmd: " in again.output and "--length" in again.output
    other_potential.write_text("pair_style eam/alloy\n")
    with pytest.raises(ValueError, match="has no pair_coeff line"):
        new_run(tmp_path / "two", "Ag", 13, ladder=[60, 90, 2], potential=other_potential)


def test_what_lammps_refuses_is_said(tmp_path, other_potential):
    other_potential.write_text("pair_style eam/alloy\npair_coeff * * any.table Cu\n")
    settings = dict(ladder=[60, 90, 2], potential=other_potential, length=0.01,
                    starts=[write_icosahedron(tmp_path / "Ih13.xyz", "Ag")])  # fmt: skip
    new_run(tmp_path / "run", "Ag", 13, **settings)
    with pytest.raises(RuntimeError, match="LAMMPS stopped.*ERROR: No matching element in EAM potential file"):
        run(tmp_path / "run")
    with pytest.raises(RuntimeError, match="time step of 5 fs.*No matching element"):
        nve_drift(tmp_path / "run", Record(tmp_path / "run").settings)


def test_a_time_step_too_long_is_refused(tmp_path):
    for timestep in (5.0, 20.0):
        folder = tmp_path / f"{timestep:g}fs"
        s = new_run(folder, "Au", 55, ladder=[500, 700, 2], timestep=timestep, motifs=["Ih"])
        if timestep == 5.0:
            drift = nve_drift(folder, s)
            assert abs(drift.drift) < 2e-3 and 0 < drift.ripple < 0.004  # eV/atom/ns
        else:
            with pytest.raises(ValueError, match="time step of 20 fs is too long at 700 K: .*shorten it"):
                nve_drift(folder, s)


def test_evaporated_atoms_are_noticed_and_a_wall_keeps_them(tmp_path, capfd):
    farthest = {}
    for wall in (None, 12.0):
        folder = tmp_path / f"wall-{wall}"
        new_run(folder, "Au", 13, ladder=[7000, 8000, 2], swap=0.5, frame=0.5, length=0.06, wall=wall,
                starts=[write_icosahedron(tmp_path / "Ih13.xyz", "Au")])  # fmt: skip
        run(folder)
        assert "LOST ATOMS: replica" in capfd.readouterr().out
        farthest[wall] = max(np.linalg.norm(f.positions, axis=1).max() for f in Record(folder).frames())
    assert farthest[None] > 30 and farthest[12.0] < 15
    summary, text = report(folder)
    assert "LOST ATOMS" in text and summary.lost_atoms[0]["pieces"] > 1


def test_frames_of_another_kind_are_refused(tmp_path):
    path = tmp_path / "frames.bin"
    assert len(open_frames(path, 13)) == 0
    path.write_bytes(bytes(10_000))
    with pytest.raises(ValueError, match="is not a binary LAMMPS dump of 13 atoms"):
        open_frames(path, 13)


def test_write_only_by_the_command_line(tmp_path):
    folder = tmp_path / "run"
    asked = ["ptmd", "Au", "55", "-o", str(folder), "--ladder", "300 400 4", "--write-only"]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.output
    assert "#SBATCH --ntasks=4" in (folder / "queue.sh").read_text()
    words = (folder / "segment-0000" / "in.lmp").read_text().splitlines()[1].split("mpiexec ")[1].split()
    assert words[:3] == ["-n", "4", "lmp"]
    program, env = engine()
    text = (folder / "segment-0000" / "in.lmp").read_text().replace("temper 10000000 200", "temper 400 200")
    (folder / "segment-0000" / "in.lmp").write_text(text)
    subprocess.run([default_mpiexec(), "-n", "4", *program, *words[3:]], cwd=folder, env=env, check=True, timeout=120)
    assert Record(folder).last == 400
    assert json.loads((folder / "settings.json").read_text())["temperatures"][-1] == 400


def test_the_deck_of_au147_runs(tmp_path):
    for name in ("Ih", "Dh", "Fcc", "Twin"):
        (tmp_path / f"{name}147.data").write_text((INPUTS / f"{name}147.data").read_text())
    write_setfl(tmp_path / "Au.eam.alloy", "Au")
    program, env = engine()
    options = "-plog none -screen none -pscreen none -var steps 40 -var swap 20 -var frame 40".split()
    subprocess.run([default_mpiexec(), "-n", "24", *program, "-partition", "24x1", "-in", INPUTS / "ptmd_Au147.lmp", *options],
                   cwd=tmp_path, env=env, check=True, timeout=180)  # fmt: skip
    assert (tmp_path / "log.lammps").read_text().splitlines()[-1].split()[0] == "40"
    frames = open_frames(tmp_path / "frames.23.bin", 147)
    assert frames["step"].tolist() == [0, 40]
    logs = [colvar(tmp_path / f"COLVAR.{k}") for k in range(24)]
    assert all(log["time"] == pytest.approx([0, 0.1, 0.2]) for log in logs)
    s = np.array([[log[f"chart.s{i}"][0] for i in (1, 2, 3)] for log in logs])
    assert s[:4] == pytest.approx(s[4:8]) and np.abs(np.diff(s[:4], axis=0)).min() > 1e-3  # four motifs in turn


def test_too_small_a_disk_is_said_before_and_during_the_run(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    new_run(folder, "Ag", 13, ladder=[60, 90, 2], swap=0.5, frame=0.5, length=0.05,
            starts=[write_icosahedron(tmp_path / "Ih13.xyz", "Ag")])  # fmt: skip
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=10e6))
    with pytest.raises(DiskFull, match="has 0.01 GB free, must have 0.10 GB for this run; make room"):
        run(folder)
    assert not list(folder.glob("segment-*"))
    answers = iter([usage.free])
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=next(answers, 10e6)))
    with pytest.raises(DiskFull, match="the run was stopped: make room and go on with it"):
        run(folder)
    monkeypatch.undo()
    run(folder)
    assert len(list(Record(folder).frames())) == 200


def test_progress_sums_as_the_record_does(tmp_path):
    folder = tmp_path / "run"
    s = new_run(folder, "Ag", 13, ladder=[60, 90, 3], swap=0.25, frame=0.5, length=0.02,
                starts=[write_icosahedron(tmp_path / "Ih13.xyz", "Ag")])  # fmt: skip
    run(folder)
    record = Record(folder)
    progress = Progress(folder / "segment-0000", s, 0)
    log = folder / "segment-0000" / "log.lammps"
    whole = log.read_bytes()
    for part in (len(whole) // 3, len(whole) // 2, len(whole)):  # as it grows
        log.write_bytes(whole[:part])
        progress.update()
    progress.bar.close()
    tried, accepted = acceptance(record)
    assert progress.tried.tolist() == tried.tolist() and progress.accepted.tolist() == accepted.tolist()
    assert accepted.sum() > 5 and progress.rows == len(record.steps)
    assert progress.energy / progress.rows == pytest.approx(record.by_rung(record.energies[0]).mean(0))
