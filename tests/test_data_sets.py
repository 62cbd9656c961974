"""The data sets of the repository: what their pages say, labels and energies made again."""

import json
from pathlib import Path

import numpy as np
import pytest

from nanochart.landscape import cna
from nanochart.landscape.composition import Composition
from nanochart.landscape.dataset import Dataset
from nanochart.landscape.dataset_file import read_attributes
from nanochart.landscape.quench import Quencher

ROOT = Path(__file__).parent.parent
NAMES = [path.stem for path in sorted((ROOT / "data").glob("*.h5"))]


def test_they_are_there_and_small():
    assert NAMES == ["Ag147", "Au147", "Au90", "Cu147"]
    assert sum(path.stat().st_size for path in (ROOT / "data").glob("*.h5")) < 36e6


@pytest.mark.parametrize("name", NAMES)
def test_data_set(name):
    path = ROOT / "data" / f"{name}.h5"
    page = json.loads((ROOT / "docs" / "data" / f"{name}.json").read_text())
    data, composition = Dataset(path), Composition.from_json(read_attributes(path)["composition"])
    assert f"{data.element}{data.atoms}" == name and data.failed == 0
    first = data.count > 0
    assert (data.hash, len(data), first.sum()) == (page["file"]["hash"], page["file"]["rows"], page["file"]["structures"])
    if first.sum() == composition.unique.sum():  # all of them, not some drawn by chance
        assert data.count.sum() == composition.frames.sum()
        assert np.array_equal(np.bincount(data.cna[first], minlength=6), composition.unique)
    else:
        assert name == "Au147" and first.sum() == 9000
    for code in range(6):  # unique by the rule
        energies = np.sort(data.energy[first & (data.cna == code)])
        assert len(energies) < 2 or np.diff(energies).min() >= 0.999e-4
    for split in data.splits:
        training, validation = data.split(split)
        assert 0.1 < len(validation) / len(data) < 0.35 and not set(training) & set(validation)
    some = np.random.default_rng(0).permutation(len(data))[:100]
    assert np.mean(cna.label_codes(data.positions_quenched[some].astype(float), data.element) == data.cna[some]) > 0.98
    quench = Quencher(data.element, data.atoms)
    same = []
    solid = some[data.cna[some] != cna.LABELS.index("Amorphous")]
    for i in solid[:12]:
        assert quench(data.positions_quenched[i]).energy == pytest.approx(data.energy[i], abs=1e-4)
        same.append(abs(quench(data.positions_thermal[i]).energy - data.energy[i]) < 1e-4)
    assert np.mean(same) >= 0.7  # rounded by 0.01 A a hot cluster may fall into a neighbouring minimum, a melt often does
    quench.close()
