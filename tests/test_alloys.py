"""Alloys from a formula to a labelled data set: atoms keep their elements all the way."""

import ase.io
import numpy as np
import pytest
from ase import Atoms

from nanochart.landscape import cna
from nanochart.landscape.dataset import Dataset
from nanochart.landscape.formulas import counts_of, formula
from nanochart.landscape.ptmd.command import new_run
from nanochart.landscape.ptmd.deck import Settings
from nanochart.landscape.ptmd.export import symbols_of
from nanochart.landscape.ptmd.record import Record
from nanochart.landscape.ptmd.run import run
from nanochart.landscape.ptmd.starts import motif_starts
from nanochart.landscape.quench_command import quench
from nanochart.landscape.rgl import energies_forces
from nanochart.landscape.unique import make

SPECIES = ("Ag",) * 27 + ("Cu",) * 7


def test_formulas():
    assert counts_of("Cu7Ag27") == {"Ag": 27, "Cu": 7} and list(counts_of("Cu7Ag27")) == ["Ag", "Cu"]
    assert counts_of("Au", 147) == counts_of("Au147") == {"Au": 147}
    assert formula(SPECIES, 34) == "Ag27Cu7" and formula("Au", 147) == "Au147"


@pytest.mark.parametrize("of, atoms, message", [
    ("Ag27Xx7", None, "element or formula is 'Ag27Xx7', must be one such as Au"),
    ("27Ag?", None, "element or formula is '27Ag"),
    ("Ag", None, "N is missing, must be the number of atoms: nanochart ptmd Ag N"),
    ("Ag27Cu7", 34, "Ag27Cu7 says how many atoms it has; leave out the number 34"),
    ("Au20Cu14", None, "Au20Cu14 has no built-in potential.*Au-Cu has no mixed pair.*must be one of Ag-Au, Ag-Cu"),
    ("Au20Pt14", None, "no usual time step for Pt"),
])
def test_formulas_that_are_refused(tmp_path, of, atoms, message):
    with pytest.raises(ValueError, match=message):
        new_run(tmp_path / "run", of, atoms, ladder=[300, 400, 3])
    assert not (tmp_path / "run").exists()


def test_random_ordering_by_seed():
    starts, same, other = (motif_starts({"Ag": 27, "Cu": 7}, ["Ih"], 2, seed) for seed in (1, 1, 2))
    assert all(formula(tuple(s.symbols), 34) == "Ag27Cu7" for s in starts + other)
    assert [list(s.symbols) for s in starts] == [list(s.symbols) for s in same]
    assert list(starts[0].symbols) != list(starts[1].symbols) != list(other[1].symbols)


def test_starts_and_lines_of_an_alloy_are_checked(tmp_path):
    cluster = motif_starts({"Ag": 8, "Cu": 5}, ["Ih"], 1)[0]
    cluster.write(tmp_path / "Ag8Cu5.xyz")
    with pytest.raises(ValueError, match="a start is .*, must be Ag7Cu6"):
        new_run(tmp_path / "run", "Ag7Cu6", ladder=[300, 400, 3], starts=[tmp_path / "Ag8Cu5.xyz"])
    new_run(tmp_path / "run", "Cu5Ag8", ladder=[300, 400, 3], starts=[tmp_path / "Ag8Cu5.xyz"])
    assert all(symbols == list(cluster.symbols) for symbols in symbols_of(Record(tmp_path / "run")))
    with pytest.raises(FileExistsError, match="holds a run with composition .8, 5., not .7, 6."):
        new_run(tmp_path / "run", "Ag7Cu6", ladder=[300, 400, 3])
    (tmp_path / "lines.txt").write_text("pair_style eam/fs\npair_coeff * * any.table Cu Ag\n")
    with pytest.raises(ValueError, match="names Cu Ag, must name Ag Cu: atom types are in alphabetical order"):
        new_run(tmp_path / "other", "Ag8Cu5", ladder=[300, 400, 3], potential=tmp_path / "lines.txt")
    (tmp_path / "lines.txt").write_text("pair_style eam/fs\npair_coeff * * AgCu.eam.fs Ag Cu\n")
    with pytest.raises(ValueError, match="has the lines of the built-in potential; leave it out, or"):
        new_run(tmp_path / "other", "Ag8Cu5", ladder=[300, 400, 3], potential=tmp_path / "lines.txt")


def closed_formula(data):
    return [energies_forces(x, data.symbols)[0].sum() for x in data.positions_quenched]


def test_from_a_formula_to_a_data_set(tmp_path):
    s = new_run(tmp_path / "run", "Ag27Cu7", ladder=[200, 400, 3], frame=1.0, length=0.006, motifs=["Ih", "Dh"])
    assert (s.elements, s.composition, s.atoms, s.timestep) == (("Ag", "Cu"), (27, 7), 34, 0.003)
    assert Settings.load(tmp_path / "run" / "settings.json") == s
    deck_lines = ("pair_style eam/fs", "pair_coeff * * AgCu.eam.fs Ag Cu")
    assert s.potential == deck_lines and (tmp_path / "run" / "AgCu.eam.fs").exists()
    run(tmp_path / "run")
    record = Record(tmp_path / "run")
    frames, symbols = list(record.frames()), symbols_of(record)
    assert len({tuple(each) for each in symbols}) == 3  # every replica has its own ordering
    for frame in frames:
        energy = energies_forces(frame.positions, symbols[frame.replica])[0].sum()
        assert energy == pytest.approx(frame.potential_energy, abs=1e-4)

    outcome = quench([tmp_path / "run"], tmp_path / "all.h5", progress=False)
    assert outcome.frames == len(frames) == 18 and not outcome.failed
    data = Dataset(tmp_path / "all.h5")
    assert data.symbols == SPECIES and data.element == "Ag Cu" and data.atoms == 34
    assert data.energy == pytest.approx(closed_formula(data), abs=1e-4)  # float32 positions of minima

    composition, made = make([tmp_path / "all.h5"], tmp_path / "unique.h5", progress=False)
    assert str(composition).startswith("Ag27Cu7 ") and 1 < made["rows"] == composition.unique.sum() <= 18
    unique = Dataset(tmp_path / "unique.h5")
    assert unique.symbols == SPECIES and unique.energy == pytest.approx(closed_formula(unique), abs=1e-4)
    cutoff = (27 * cna.default_cutoff("Ag") + 7 * cna.default_cutoff("Cu")) / 34
    assert np.array_equal(unique.cna, cna.label_codes(unique.positions_quenched, cutoff=cutoff))

    # The same frames as a user's trajectory of one replica, its atoms in their own order.
    mine = [f for f in frames if f.replica == 1]
    images = [Atoms(symbols[1], f.positions, info={"temperature": f.temperature}) for f in mine]
    ase.io.write(tmp_path / "mine.xyz", images, format="extxyz")
    quench([tmp_path / "mine.xyz"], tmp_path / "mine.h5", progress=False)
    again = Dataset(tmp_path / "mine.h5")
    assert again.symbols == SPECIES
    assert again.energy == pytest.approx(data.energy[data.replica == 1], abs=1e-3)
    images[3].symbols = images[3].symbols[::-1]
    ase.io.write(tmp_path / "mixed.xyz", images, format="extxyz")
    with pytest.raises(ValueError, match="frame 3 is Ag27Cu7, must be Ag27Cu7 as the first one, with its elements in"):
        quench([tmp_path / "mixed.xyz"], tmp_path / "mixed.h5", progress=False)
    with pytest.raises(ValueError, match="holds Ag27Cu7, asked for Ag13"):
        ase.io.write(tmp_path / "Ag13.xyz", [Atoms("Ag13", images[0].positions[:13])], format="extxyz")
        quench([tmp_path / "Ag13.xyz"], tmp_path / "all.h5", progress=False)
