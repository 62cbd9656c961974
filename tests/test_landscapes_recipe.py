"""recipes/landscapes.py and the page made from it, on a cluster of 13 atoms."""

import importlib.util
import json
import sys
from pathlib import Path

from nanochart.landscape.composition import PAPER, Composition
from nanochart.landscape.dataset import Dataset
from nanochart.landscape.dataset_file import read_attributes

ROOT = Path(__file__).parent.parent


def load(path: Path):
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)  # dataclasses look there
    spec.loader.exec_module(module)
    return module


def test_recipe_and_page(tmp_path, monkeypatch):
    recipe, page = load(ROOT / "recipes" / "landscapes.py"), load(ROOT / "docs" / "figures" / "landscapes.py")
    recipe.SYSTEMS["Au13"] = recipe.System("Au", 13, (250, 400, 4), 0.05, 0.2, 0.5, ("Ih", "Fcc"), (0.006, 0.006), (1, 2))
    for longer in (0.9, 1.0):  # goes on where it stopped, and makes the sets anew
        recipe.landscape("Au13", tmp_path, 1, longer, denser=2)
    composition = Composition.from_json(read_attributes(tmp_path / "Au13.h5")["composition"])
    assert composition.frames.sum() == 2 * 4 * 60 and composition.failed == 0
    data = Dataset(tmp_path / "Au13.h5")
    assert data.count.sum() == 480 and set(data.temperature) <= set(composition.temperatures)
    pairs = Dataset(tmp_path / "Au13.quenched.h5")
    assert set(pairs.motif[pairs.replica == 0]) == {"Ih"} and "Fcc" in pairs.motif[pairs.replica >= 4]

    monkeypatch.setattr(page, "OUT", tmp_path / "out")
    monkeypatch.setattr(page, "SYSTEMS", ("Au13", "Ag13"))
    monkeypatch.setitem(PAPER, ("Au", 13), ((1, 2, 3, 4, 5, 6), (1, 1, 1, 1, 1, 1)))
    page.main(tmp_path)
    text = (tmp_path / "out" / "README.md").read_text()
    found = json.loads((tmp_path / "out" / "Au13.json").read_text())
    assert found["verdict"] in text and "| paper: frames | 1 (4.8%)" in text and data.hash[:16] in text
    assert (tmp_path / "out" / "Au13.png").exists() and (tmp_path / "out" / "Au13.convergence.png").exists()
