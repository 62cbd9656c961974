"""Labels of starts of every motif: as built, relaxed, and quenched again from thermal noise.

    python docs/figures/cna_motifs.py

Writes docs/img/cna_motifs.json and prints the table of docs/cna.md. Half a minute of one core.
"""

import json
from collections import Counter
from pathlib import Path

import numpy as np

from nanochart.landscape import cna
from nanochart.landscape.motifs import start
from nanochart.landscape.quench import Quencher

IMAGES = Path(__file__).parent.parent / "img"
EXPECTED = {"Ih": "Ih", "Dh": "Dh", "Marks": "Dh", "Ino": "Dh", "Fcc": "Fcc", "TO": "Fcc", "Twin": "Twin",
            "Fault": "Twin", "Hcp": "Twin"}  # fmt: skip
SYSTEMS = (("Au", 147), ("Ag", 147), ("Cu", 147), ("Au", 90))
SHAPES = 10
NOISE = 0.15 / 2.88  # nearest-neighbour distances, of each coordinate: 0.15 A for Au


def labels(element: str, atoms: int, motif: str, shapes: int = SHAPES) -> dict[str, Counter]:
    """How often each label occurs among `shapes` starts: built, relaxed, noisy."""
    rng = np.random.default_rng(1)
    quench = Quencher(element, atoms)
    counted = {"built": Counter(), "relaxed": Counter(), "noisy": Counter()}
    noise = NOISE * cna.nearest_neighbour(element)
    for seed in range(shapes):
        x = start(motif, element, atoms, seed).positions
        relaxed = quench(x).positions
        noisy = quench(relaxed + noise * rng.normal(size=x.shape)).positions
        for name, positions in zip(counted, (x, relaxed, noisy)):
            counted[name][cna.label(positions, element)] += 1
    quench.close()
    return counted


def cell(counted: dict[str, Counter], expected: str) -> str:
    """Right ones of the three stages, and the labels of the others after noise."""
    right = " / ".join(str(c[expected]) for c in counted.values())
    others = ", ".join(f"{n} {name}" for name, n in counted["noisy"].items() if name != expected)
    return right + (f" ({others})" if others else "")


def main() -> None:
    systems = [f"{element}{atoms}" for element, atoms in SYSTEMS]
    found = {system: {} for system in systems}
    print("| start | label | " + " | ".join(systems) + " |\n|---|---|" + "---|" * len(systems))
    for motif, expected in EXPECTED.items():
        for system, (element, atoms) in zip(systems, SYSTEMS):
            found[system][motif] = labels(element, atoms, motif)
        print(f"| {motif} | {expected} | " + " | ".join(cell(found[s][motif], expected) for s in systems) + " |", flush=True)
    (IMAGES / "cna_motifs.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
