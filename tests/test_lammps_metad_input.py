"""Bad input to fix nanochart/metad, on two ranks: one clear error, no hang, files untouched."""

import pytest
from lammps_runner import deck, run

CHART = "fix m all nve\nfix c all nanochart ./au.pt every 5 log LOG 5\n"


SHORT = "sigma 0.1 * 0.2 height 0.3 pace 10"


@pytest.mark.parametrize(
    "command, message",
    [
        ("c height 1 pace 10", "sigma is missing"),
        ("c sigma 1 1 1 pace 10", "height is missing"),
        ("c sigma 1 1 1 height 1", "pace is missing"),
        ("c sigma 1 1 1 height 1 pace 0", "pace is 0, must be a whole number >= 1"),
        ("c sigma 1 -0.1 1 height 1 pace 10", "sigma 2 is -0.1, must be > 0"),
        ("c sigma 1 x 1 height 1 pace 10", "sigma 2 is x, must be a number"),
        ("c sigma * * * height 1 pace 10", "sigma biases 0 CVs, must be 1 to 3"),
        ("c sigma 1 1 height 1 pace 10", "fix nanochart/metad b: there are values for 2 CVs, must be 3"),
        ("c sigma 1 1 1 height -1 pace 10", "height is -1, must be >= 0"),
        ("c sigma 1 1 1 height 0 pace 10", "height is 0 and hills are not read either"),
        (f"c {SHORT} biasfactor 1 temp 300", "biasfactor is 1, must be > 1"),
        (f"c {SHORT} biasfactor 5", "biasfactor needs temp"),
        (f"c {SHORT} temp 0", "temp is 0, must be > 0"),
        (f"c {SHORT} grid 0 1 10", "grid is given for 1 CVs, must be given for 2"),
        (f"c {SHORT} grid 1 0 10 grid 0 1 10", "grid 1 0 10 of CV 1: lo must be smaller than hi"),
        (f"c {SHORT} grid 0 1", "grid bins is missing"),
        (f"c {SHORT} grid 90 91 10 grid 0 1 10", "outside the metadynamics grid 90 to 91"),
        (f"c {SHORT} restart yes", "restart needs hills FILE"),
        (f"c {SHORT} restart maybe", "restart is maybe, must be yes or no"),
        (f"c {SHORT} hills none restart yes", "none is missing, but the run is to continue from it"),
        (f"c {SHORT} hills no/HILLS", "no/HILLS cannot be written: No such file"),
        (f"c {SHORT} hills COLVAR restart yes", "COLVAR"),
        (f"c {SHORT} walkers partition", "walkers partition needs several worlds: start LAMMPS with -partition"),
        (f"c {SHORT} walkers shared a", "walkers n is missing"),
        ("c sigma 1 1 1 height 1 pace 12", "pace is 12, must be a multiple of every of fix nanochart c, which is 5"),
        (f"c {SHORT} walkers shared a 4", "walkers n is 4, must be a multiple of every"),
        (f"c {SHORT} width 3", "unknown keyword width, must be one of sigma, height, pace"),
        (f"d {SHORT}", "CVFIX is d, must be the ID of a fix nanochart"),
    ],
)
def test_bad_input_on_two_ranks(folder, command, message):
    (folder / "COLVAR").write_text("mine\n")
    text = CHART + f"fix b all nanochart/metad {command}\nrun 10"
    result = run(folder, deck(text), ranks=2, timeout=60)
    assert result.code != 0 and message in result.error, result.output[-2000:]
    assert (folder / "COLVAR").read_text() == "mine\n"
