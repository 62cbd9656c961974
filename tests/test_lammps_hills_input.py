"""Files and walkers that do not fit fix nanochart/metad, on two ranks: one clear error, no hang, files untouched."""

import re

import pytest
from lammps_runner import deck, good, run

CHART = "fix m all nve\nfix c all nanochart ./au.pt every 5 log COLVAR 5\n"
METAD = "fix b all nanochart/metad c sigma 0.1 * 0.2 height 0.3 pace 10 biasfactor 3 temp 300"
TWO = ["-partition", "1", "1"]
HEADER = (
    "#! FIELDS time c.s1 c.s3 sigma_c.s1 sigma_c.s3 height biasf\n"
    "#! SET multivariate false\n#! SET kerneltype stretched-gaussian\n"
)
LINE = " 1 0.1 0.2 0.1 0.2 0.05 3\n"
ONE_CV = "#! FIELDS time c.s1 sigma_c.s1 height biasf\n" + HEADER.split("\n", 1)[1] + " 1 0.1 0.1 0.05 3\n"


def refused(folder, text, message, **options):
    """One error, which ends LAMMPS; every file that was there is as it was, and no other but the log came."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "in.lmp"}
    result = run(folder, deck(text), ranks=2, timeout=60, **options)
    found = result.output + "".join(path.read_text() for path in sorted(folder.glob("screen.*")))
    assert result.code != 0 and message in " ".join(found.split()), found[-3000:]
    assert len(re.findall("^ERROR", found, re.M)) == 1, found
    assert {path: path.read_bytes() for path in before} == before
    new = {path.name for path in folder.rglob("*") if path.is_file()} - {path.name for path in before}
    assert not [name for name in new if "HILLS" in name or "bck" in name], new


@pytest.mark.parametrize(
    "hills, message",
    [
        (HEADER + LINE.replace("0.1 0.2 0.05", "0.1 0.3 0.05"), "HILLS line 4: sigma of c.s3 is 0.3, this run has 0.2"),
        (ONE_CV, "HILLS line 1: hills of 1 CVs, this run biases 2"),
        (HEADER.replace("s3", "s2"), "HILLS line 1: hills on `c.s1 c.s2`, this run biases `c.s1 c.s3`"),
        (HEADER + LINE.replace(" 3\n", " 10\n"), "HILLS line 4: biasf is 10, this run has 3"),
        (HEADER + LINE + LINE[:20] + "\n" + LINE, "HILLS line 5: has 6 columns, must have 7: damaged"),
        (HEADER + LINE + LINE.replace("0.05", "0.O5"), "HILLS line 5: `0.O5` is not a finite number: damaged"),
        ("my notes\n", "HILLS line 1: a hill before the line `#! FIELDS`: not a HILLS file"),
    ],
    ids=["sigma", "number of CVs", "other CVs", "biasfactor", "cut line", "damaged number", "foreign"],
)
def test_hills_that_do_not_fit(folder, hills, message):
    (folder / "HILLS").write_text(hills)
    refused(folder, CHART + METAD + " hills HILLS restart yes\nrun 10", message)


@pytest.mark.parametrize(
    "text, message",
    [
        (CHART + METAD + " grid -9 9 50000 grid -9 9 50000\n", "grid of 50000 x 50000 bins needs 80.0032 GB, must be at most"),
        (CHART + METAD + " hills HILLS\nunfix c\n", "fix nanochart/metad b: CVFIX is c, must be the ID of a fix nanochart"),
        (CHART + METAD + " hills HILLS walkers missing a 10\n", "walkers missing is not a folder: make it first"),
    ],
    ids=["memory", "chart deleted", "no folder"],
)  # fmt: skip
def test_commands_that_do_not_fit(folder, text, message):
    (folder / "HILLS").write_text(HEADER + LINE)
    refused(folder, text + "run 10", message)


def test_two_walkers_of_one_name(folder):
    (folder / "shared").mkdir()
    text = CHART + METAD + " walkers shared a 10\nrun 2000"
    result = run(folder, deck(text), ranks=2, args=TWO, timeout=60)
    found = result.output + "".join(path.read_text() for path in sorted(folder.glob("screen.*")))
    assert result.code != 0 and "HILLS.a is being written by another run: give each run" in " ".join(found.split()), found
    assert [path.name for path in (folder / "shared").iterdir()] == ["HILLS.a"]


def test_a_coarse_grid_is_a_warning(folder):
    result = good(run(folder, deck(CHART + METAD + " grid -100 100 1000 grid -100 100 4000\nrun 5")))
    assert "warning: grid spacing 0.2 of CV 1 is coarser than sigma/2 = 0.05: take at least 4000 bins" in result.output
    assert "grid of 1000 x 4000 bins, up to 128.16 MB" in result.output
