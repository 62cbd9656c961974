"""The HILLS file: format, exact reload, cuts and backups, damaged and foreign files, walkers."""

import os
import resource
import subprocess
import sys

import numpy as np
import pytest

from nanochart.sampling.biases import Metadynamics
from nanochart.sampling.hills import read_hills

WELL_TEMPERED = dict(sigma=[0.2, None, 0.3], height=0.05, pace=1, biasfactor=3.0, temperature=300.0)
GRID = [(-2, 2, 60), (-2, 2, 50)]
RNG = np.random.default_rng(5)
PATH = RNG.uniform(-0.6, 0.6, (60, 3))
POINTS = RNG.uniform(-1, 1, (1000, 3))


def run(hills, steps=range(60), **options):
    bias = Metadynamics(**{**WELL_TEMPERED, "hills": str(hills), **options})
    for step in steps:
        bias.update(step, 0.5 * step, PATH[step])
    return bias


def same(a, b):
    for x, y in zip(a.value(POINTS), b.value(POINTS)):
        assert abs(x - y).max() <= 1e-12 * abs(x).max()


def test_format(tmp_path):
    bias = run(tmp_path / "HILLS", range(2), names=["chart.s1", "chart.s3"], model="abc123")
    lines = (tmp_path / "HILLS").read_text().splitlines()
    assert lines[:4] == [
        "#! FIELDS time chart.s1 chart.s3 sigma_chart.s1 sigma_chart.s3 height biasf",
        "#! SET multivariate false",
        "#! SET kerneltype stretched-gaussian",
        "# nanochart model abc123",
    ]
    time, s1, s3, w1, w3, height, biasf = map(float, lines[5].split())
    assert (time, s1, s3, w1, w3, biasf) == (0.5, PATH[1, 0], PATH[1, 2], 0.2, 0.3, 3.0)  # 17 digits
    assert height == pytest.approx(bias.last_height * 3 / 2, rel=1e-15)
    assert len(lines) == 6 and bias.last_height < 0.05


def test_plain_hills_say_biasf_minus_one(tmp_path):
    run(tmp_path / "HILLS", range(1), biasfactor=None)
    assert (tmp_path / "HILLS").read_text().split()[-2:] == ["0.050000000000000003", "-1"]


@pytest.mark.parametrize("grid", [[], GRID])
def test_reload_is_exact(tmp_path, grid):
    """biasfactor 3: a forgotten height factor would be 50 %."""
    before = run(tmp_path / "HILLS", grid=grid)
    state, ct = before.state, before.ct
    values = before.value(POINTS)
    del before
    for options in (dict(restart=True), dict(state=state)):
        after = Metadynamics(**WELL_TEMPERED, hills=str(tmp_path / "HILLS"), grid=grid, **options)
        assert after.hills == 60 and after.state == state
        for x, y in zip(values, after.value(POINTS)):
            assert abs(x - y).max() <= 1e-12 * abs(x).max()
        assert after.ct == pytest.approx(ct, rel=1e-9, nan_ok=True)
        del after
    assert os.listdir(tmp_path) == ["HILLS"]


def test_run_and_continue_equals_one_run(tmp_path):
    whole = run(tmp_path / "whole", grid=GRID)
    state = run(tmp_path / "HILLS", range(30), grid=GRID).state
    same(whole, run(tmp_path / "HILLS", range(30, 60), grid=GRID, state=state))
    assert (tmp_path / "HILLS").read_text() == (tmp_path / "whole").read_text()


def test_hills_after_the_restart_are_cut_off_and_kept(tmp_path):
    whole = run(tmp_path / "whole", grid=GRID)
    first = run(tmp_path / "HILLS", range(30), grid=GRID)
    state = first.state
    for step in range(30, 42):  # on to step 41, then the machine dies
        first.update(step, 0.5 * step, PATH[step])
    del first
    longer = (tmp_path / "HILLS").read_text()
    again = run(tmp_path / "HILLS", range(30, 60), grid=GRID, state=state)
    message = again.messages()[0]
    assert "12 lines after the restart step cut off; the whole file is kept as" in message
    assert "bck.0.HILLS" in message and (tmp_path / "bck.0.HILLS").read_text() == longer
    same(whole, again)
    assert (tmp_path / "HILLS").read_text() == (tmp_path / "whole").read_text()


def test_a_new_run_keeps_the_old_files(tmp_path):
    texts = []
    for count in (1, 2, 3):
        bias = run(tmp_path / "HILLS", range(count))
        texts.append((tmp_path / "HILLS").read_text())
        messages = bias.messages()
        del bias
    assert "existed and is kept as" in messages[0]
    assert (tmp_path / "bck.0.HILLS").read_text() == texts[0]
    assert (tmp_path / "bck.1.HILLS").read_text() == texts[1]
    assert (tmp_path / "HILLS").read_text() == texts[2]


def test_an_unfinished_last_line_is_cut_off(tmp_path):
    state = run(tmp_path / "HILLS", range(10)).state
    whole = (tmp_path / "HILLS").read_bytes()
    (tmp_path / "HILLS").write_bytes(whole + b"   5.0   0.1")
    static = Metadynamics([0.2, None, 0.3], 0.0, 1, hills=str(tmp_path / "HILLS"), restart=True)
    assert static.hills == 10 and "unfinished last line is not used" in static.messages()[0]
    assert (tmp_path / "HILLS").read_bytes() != whole  # read only
    bias = run(tmp_path / "HILLS", [], restart=True)
    assert bias.hills == 10 and "an unfinished last line cut off" in bias.messages()[0]
    assert (tmp_path / "HILLS").read_bytes() == whole and bias.state == state
    assert (tmp_path / "bck.0.HILLS").exists()


def test_a_static_bias_writes_nothing(tmp_path):
    live = run(tmp_path / "HILLS", grid=GRID)
    before = (tmp_path / "HILLS").read_bytes()
    static = Metadynamics([0.2, None, 0.3], 0.0, 1, grid=GRID, hills=str(tmp_path / "HILLS"), restart=True)
    for step in range(5):
        static.update(step, 0.0, PATH[step])
    assert static.hills == 60 and (tmp_path / "HILLS").read_bytes() == before
    same(live, static)


def test_read_hills(tmp_path):
    live = run(tmp_path / "HILLS", names=["a", "b"], model="m")
    hills = read_hills(tmp_path / "HILLS")
    assert (hills.names, list(hills.sigma), hills.biasfactor, hills.model) == (["a", "b"], [0.2, 0.3], 3.0, "m")
    assert (hills.center == PATH[:, [0, 2]]).all() and (hills.time == 0.5 * np.arange(60)).all()
    assert hills.height[-1] == live.last_height
    with pytest.raises(ValueError, match="missing is missing or has no header of HILLS"):
        read_hills(tmp_path / "missing")


def test_killed_at_any_moment_leaves_whole_lines(tmp_path):
    code = f"""
import numpy as np
from nanochart.sampling.biases import Metadynamics
from nanochart.sampling.hills import read_hills
bias = Metadynamics([0.2], 0.05, 1, hills={str(tmp_path / "HILLS")!r})
print("go", flush=True)
while True: bias.deposit(0.0, np.random.uniform(-1, 1, 1))
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    process.stdout.readline()
    while (tmp_path / "HILLS").stat().st_size < 20_000:
        assert process.poll() is None
    process.kill()
    process.wait()
    assert (tmp_path / "HILLS").read_bytes().endswith(b"-1\n")
    bias = Metadynamics([0.2], 0.05, 1, hills=str(tmp_path / "HILLS"), restart=True)  # the lock is gone too
    assert bias.hills > 100


def test_a_full_disk_leaves_whole_lines(tmp_path):
    """The limit on file size stands for a full disk: the last write comes out short."""
    code = f"""
import resource, signal
from nanochart.sampling.biases import Metadynamics
from nanochart.sampling.hills import read_hills
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
bias = Metadynamics([0.2], 0.05, 1, hills={str(tmp_path / "HILLS")!r})
for step in range(100): bias.deposit(0.0, [0.1])
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 1 and "HILLS cannot be written: " in result.stderr
    text = (tmp_path / "HILLS").read_text()
    assert 800 < len(text) <= 1000 and text.endswith("-1\n")
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_two_runs_cannot_write_one_file(tmp_path):
    first = run(tmp_path / "HILLS", range(3))
    before = (tmp_path / "HILLS").read_bytes()
    for options in (dict(), dict(restart=True)):
        with pytest.raises(ValueError, match="HILLS is being written by another run"):
            run(tmp_path / "HILLS", [], **options)
    assert (tmp_path / "HILLS").read_bytes() == before and os.listdir(tmp_path) == ["HILLS"]
    first.update(3, 1.5, PATH[3])
    assert first.hills == 4


HEADER = (
    "#! FIELDS time s1 s3 sigma_s1 sigma_s3 height biasf\n"
    "#! SET multivariate false\n#! SET kerneltype stretched-gaussian\n"
)
LINE = " 1 0.1 0.2 0.2 0.3 0.05 3\n"


@pytest.mark.parametrize(
    "text, message",
    [
        ("garbage\n", "line 1: a hill before the line `#! FIELDS`: not a HILLS file"),
        ("#! FIELDS time s1 s3\n", "line 1: fields are `time s1 s3`, must be those of a HILLS file"),
        (HEADER + LINE + " 2 0.1 0.2 0.2\n", "line 5: has 4 columns, must have 7: damaged"),
        (HEADER + LINE + " 2 0.1 0.2x 0.2 0.3 0.05 3\n", "line 5: `0.2x` is not a finite number: damaged"),
        (HEADER + LINE + " 2 nan 0.2 0.2 0.3 0.05 3\n", "line 5: `nan` is not a finite number"),
        (HEADER + " 1 0.1 0.2 0.2 0.4 0.05 3\n", "line 4: sigma of s3 is 0.4, this run has 0.3"),
        (HEADER + " 1 0.1 0.2 0.2 0.3 0.05 10\n", "line 4: biasf is 10, this run has 3"),
        (HEADER + " 1 0.1 0.2 0.2 0.3 0.05 -1\n", "line 4: biasf is -1, this run has 3"),
        (HEADER.replace("s3", "s2"), "line 1: hills on `s1 s2`, this run biases `s1 s3`"),
        ("#! FIELDS time s1 sigma_s1 height biasf\n", "line 1: hills of 1 CVs, this run biases 2"),
        (HEADER + "# nanochart model ffff\n" + LINE, "line 4: hills of the chart model ffff, this run uses abcd"),
        (HEADER + "#! SET min_s1 -pi\n" + LINE, "line 4: `SET min_s1 -pi` is not supported"),
        (HEADER.replace("false", "true"), "line 2: `SET multivariate true` is not supported"),
        (HEADER.replace("stretched-", ""), "line 3: `SET kerneltype gaussian` is not supported"),
    ],
)
@pytest.mark.parametrize("height", [0.05, 0.0])
def test_damaged_and_foreign_files(tmp_path, text, message, height):
    (tmp_path / "HILLS").write_text(text)
    with pytest.raises(ValueError, match=f"HILLS {message}"):
        run(tmp_path / "HILLS", [], restart=True, height=height, model="abcd")
    assert (tmp_path / "HILLS").read_text() == text and os.listdir(tmp_path) == ["HILLS"]


def test_a_missing_or_unwritable_file(tmp_path):
    state = run(tmp_path / "HILLS", range(5)).state
    (tmp_path / "HILLS").rename(tmp_path / "other")
    for options in (dict(restart=True), dict(state=state), dict(restart=True, height=0.0)):
        with pytest.raises(ValueError, match="HILLS is missing, but"):
            run(tmp_path / "HILLS", [], **options)
    with pytest.raises(ValueError, match="HILLS cannot be written: No such file or directory"):
        run(tmp_path / "no" / "HILLS", [])
    with pytest.raises(ValueError, match="is not a file, must be one"):
        run(tmp_path, [])


def test_a_state_of_another_file(tmp_path):
    state = run(tmp_path / "HILLS", range(20)).state
    run(tmp_path / "short", range(5))
    with pytest.raises(ValueError, match="short has .* bytes, but .* when the restart file was written"):
        run(tmp_path / "short", [], state=state)
    text = (tmp_path / "HILLS").read_text()
    (tmp_path / "HILLS").write_text(text[:-1] + " \n")
    with pytest.raises(ValueError, match="does not have 20 hills in its first"):
        run(tmp_path / "HILLS", [], state=state)
    with pytest.raises(ValueError, match="restart data `rubbish` is not a state"):
        run(tmp_path / "HILLS", [], state="rubbish")
