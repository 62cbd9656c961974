"""F(s) of a Morse dimer and trimer from biased LAMMPS runs, in every way offered, against quadrature."""

import numpy as np
import pytest
from lammps_runner import good, run
from morse_clusters import AXIS, KAPPA, KT, WALL, T, deck, deviation, exact

from nanochart.sampling.colvar import read_colvar
from nanochart.sampling.free_energy import from_hills, histogram
from nanochart.sampling.hills import read_hills
from nanochart.sampling.reweighting import bias_of_frames, final_bias, reweight
from nanochart.sampling.umbrella import read_windows, umbrella

SEED = 4711
LOG = 0.1  # ps, in which s crosses a bin


@pytest.mark.parametrize("atoms, every, timestep", [(2, 1, 0.02), (2, 5, 0.005), (3, 5, 0.005)])
def test_metadynamics_and_reweighting(tmp_path, atoms, every, timestep):
    """Three estimates from one run of 60 ns (in 25 one seed of seven strays by 0.11 kT): hills, weights with c(t), weights with the final V."""
    text = deck(tmp_path, atoms, every, timestep, LOG, SEED)
    text += (f"fix b all nanochart/metad c sigma 0.03 height 0.002 pace {round(0.2 / timestep)} biasfactor 3 temp {T} "
             f"grid 0.3 2.8 250 hills HILLS\nrun {round(60_000 / timestep)}\n")  # fmt: skip
    good(run(tmp_path, text, timeout=600))
    table = read_colvar(tmp_path / "COLVAR")
    assert table["b.bias"].max() > 3 * KT  # it was needed
    table = {name: column[len(column) // 10 :] for name, column in table.items()}
    axis, weighted = [AXIS[atoms]], exact(atoms, wall=False, mean=True)
    found = {"hills": deviation(from_hills(read_hills(tmp_path / "HILLS"), axis, T), exact(atoms, wall=True, mean=False))}
    for name, bias in (("c(t)", bias_of_frames(table, "")), ("final V", final_bias(table, "", tmp_path / "HILLS"))):
        f = histogram(table["c.s1"], reweight(bias, T), axis, ["c.s1"])
        found[name] = deviation(f, weighted)
        assert np.nanmax(f.errors[weighted < 5]) < 0.1 * KT
    assert max(found.values()) < 0.1, found


@pytest.mark.parametrize("atoms, every, timestep", [(2, 2, 0.005), (3, 5, 0.005)])
def test_umbrella_windows(tmp_path, atoms, every, timestep):
    """Eight windows of 2 ns in one LAMMPS run, each begun where the one before ended; the wall stays in all. The
    first are centred far below, since the bond pushes back.

    The bath is strong: s in a window then forgets in a tenth of a ps.
    """
    text, _, rest = deck(tmp_path, atoms, every, timestep, 2 * LOG, SEED, damping=0.1).partition("fix c ")
    chart = "fix c " + rest.splitlines()[0] + "\n"
    lines = ["#! FIELDS file at_c.s1 kappa_c.s1"]
    lo, hi, _ = AXIS[atoms]
    for k, at in enumerate(np.linspace(lo - 0.5, hi, 8)):
        text += ("unfix u\nunfix w\nunfix c\n" if k else "") + (
            f"{chart.replace('COLVAR', f'CV.{k}')}fix w all nanochart/wall c upper 1 at {WALL[atoms]} kappa {KAPPA}\n"
            f"fix u all nanochart/restraint c at {at} kappa 2.0\nrun {round(2000 / timestep)}\n"
        )
        lines.append(f"CV.{k} {at} 2.0")
    (tmp_path / "windows").write_text("\n".join(lines) + "\n")
    good(run(tmp_path, text, timeout=600))
    ensemble, table = umbrella(read_windows(tmp_path / "windows", skip=20.0), T)
    f = histogram(table["c.s1"], ensemble, [AXIS[atoms]], ["c.s1"])
    found = deviation(f, exact(atoms, wall=False, mean=True))
    assert found < 0.1, found
