"""The commands as a user types them, in a fresh folder."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
NANOCHART = [sys.executable, "-m", "nanochart.cli"]


def nanochart(*arguments, cwd, timeout=300):
    return subprocess.run(
        [*NANOCHART, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=timeout
    )


def test_potential(tmp_path):
    done = nanochart("potential", "Au", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "pair_coeff * * Au.eam.alloy Au" in done.stdout
    assert (tmp_path / "Au.eam.alloy").stat().st_size > 10_000


def test_potential_of_an_alloy(tmp_path):
    done = nanochart("potential", "Ag", "Cu", cwd=tmp_path)
    assert "pair_style eam/fs\n  pair_coeff * * AgCu.eam.fs Ag Cu" in done.stdout
    assert (tmp_path / "AgCu.eam.fs").read_text().splitlines()[3] == "2 Ag Cu"


def test_potential_of_an_unknown_element_is_one_sentence(tmp_path):
    done = nanochart("potential", "Zr", cwd=tmp_path)
    assert done.returncode == 1
    assert re.fullmatch(r"nanochart: error: .*Zr.*\n", done.stderr)
    assert not list(tmp_path.iterdir())


def test_info(tmp_path):
    done = nanochart("info", "Au147", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "3 chart coordinates of 147 atoms of Au" in done.stdout
    assert "170 points, 2.004 .. 18.938 A" in done.stdout
    assert re.search(r"temperatures +250.0 .. 600.0, 26 of them\n", done.stdout)  # not a line of all


@pytest.mark.parametrize("model", ["Au9999", "no/such.pt"])
def test_info_on_a_missing_model(tmp_path, model):
    done = nanochart("info", model, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("nanochart: error: ") and model in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor(tmp_path):
    done = nanochart("doctor", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "logged s1" in done.stdout and "everything fits together" in done.stdout


def test_doctor_names_a_torch_it_was_not_built_for(monkeypatch):
    from nanochart import doctor

    monkeypatch.setattr(doctor, "_built_for", lambda: {"torch": "1.0.0", "lammps": "20200101", "mpi": "MPICH 3"})
    torch, lammps = doctor.examine()[2:4]
    assert not torch.ok and "built for 1.0.0" in torch.found and "--no-build-isolation" in torch.remedy
    assert not lammps.ok and "20200101" in lammps.found


def test_train_and_export(tmp_path):
    """Recipe to model file on a tiny set."""
    from nanochart.landscape.production import produce
    from nanochart.landscape.trajectories import Trajectory

    plan = [Trajectory(i, "Au", 147, "Ih", 300, i, frames=6, interval=0.5, settle=0.5) for i in range(5)]
    produce(tmp_path / "tiny.h5", plan, progress=False)
    learned = nanochart("train", "tiny.h5", "-o", "run", "--epochs", 1, "--architecture", "inherent", cwd=tmp_path)
    assert learned.returncode == 0, learned.stderr
    assert json.loads((tmp_path / "run" / "losses.json").read_text())["epochs"] == 1
    written = nanochart("export", "run", "-o", "tiny.pt", cwd=tmp_path)
    assert written.returncode == 0, written.stderr
    shown = nanochart("info", "./tiny.pt", cwd=tmp_path)
    assert "tiny: 3 chart coordinates" in shown.stdout


def test_train_on_a_foreign_file(tmp_path):
    (tmp_path / "notes.h5").write_text("not HDF5")
    done = nanochart("train", "notes.h5", "-o", "run", cwd=tmp_path)
    assert done.returncode == 1 and "notes.h5" in done.stderr and "Traceback" not in done.stderr


def test_demo(tmp_path):
    done = nanochart("demo", cwd=tmp_path, timeout=900)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "demo" / "chart.png").stat().st_size > 20_000
    held = np.loadtxt(tmp_path / "demo" / "COLVAR.held", usecols=(1, 2, 3))
    target = np.array(re.search(r"held at (\S+) (\S+) (\S+) by", done.stdout).groups(), dtype=float)
    free = np.loadtxt(tmp_path / "demo" / "COLVAR.Ih", usecols=(1, 2, 3))
    # The restraint must have brought the icosahedron to its place.
    assert np.linalg.norm(held[len(held) // 2 :].mean(0) - target) < 0.3
    assert np.linalg.norm(free[:10].mean(0) - target) > 0.5


def test_import_is_light():
    code = "import sys, nanochart; print([m for m in ('torch', 'numpy', 'matplotlib', 'ase') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_quench_and_dataset(tmp_path):
    """Frames to unique structures; both refuse what they must in one sentence."""
    import ase.io
    from ase import Atoms

    from nanochart.landscape.motifs import start

    x, rng = start("Ih", "Au", 55, 0).positions, np.random.default_rng(0)
    frames = [Atoms("Au55", x + 0.1 * rng.normal(size=x.shape), info={"temperature": 300.0}) for _ in range(6)]
    ase.io.write(tmp_path / "hot.xyz", frames, format="extxyz")
    done = nanochart("quench", "hot.xyz", "-o", "all.h5", "--jobs", 2, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"quenched 6 frames in .* frames/s/core, \d+ evaluations/frame; 0 failed", done.stdout)
    done = nanochart("dataset", "all.h5", "-o", "unique.h5", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"300 K +0 / 0 +6 / 1 ", done.stdout)  # six frames of one icosahedron
    assert re.search(r"wrote unique.h5: 1 frames of 1 structures, content hash [0-9a-f]{64}", done.stdout)
    again = nanochart("dataset", "all.h5", "-o", "unique.h5", cwd=tmp_path)
    assert again.returncode == 1 and again.stderr == "nanochart: error: dataset: unique.h5 exists; give another --output\n"
    missing = nanochart("quench", "none.xyz", "-o", "new.h5", cwd=tmp_path)
    assert missing.returncode == 1 and "none.xyz: no such file" in missing.stderr and "Traceback" not in missing.stderr
