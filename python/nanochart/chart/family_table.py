"""What families are: size, energy, labels, defects; and their structures nearest to the centroids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nanochart.landscape import cna
from nanochart.landscape.defects import KINDS, defects

from .families import Families

NEAREST = 50  # structures a family that are looked at
PAPER = {("Au", 90): 27, ("Au", 147): 22, ("Ag", 147): 17, ("Cu", 147): 22}  # doi:10.1021/acsnano.3c05653
COMMON = 0.5  # share of the nearest structures that have a defect which the family is then named after


@dataclass(frozen=True)
class Family:
    """One row of the table. `rows`: the structures nearest to the centroid, the nearest first;
    energies in eV; labels: shares in the order of cna.LABELS, of the whole family; classes: mean
    shares of atoms in the order of cna.CLASSES, and defects: mean counts, both of `rows`."""

    number: int
    name: str
    size: int
    share: float
    energy: float
    lowest_energy: float
    labels: tuple[float, ...]
    classes: tuple[float, ...]
    axes: float
    defects: dict[str, float]
    rows: np.ndarray
    centroid: np.ndarray
    temperature: float  # mean, K


def nearest(centroid: np.ndarray, s: np.ndarray, among: np.ndarray, k: int = NEAREST) -> np.ndarray:
    """Rows [<=k] of s[n,d] nearest to a centroid, of those where among[n] holds, nearest first."""
    rows = np.flatnonzero(among)
    distance = np.linalg.norm(s[rows] - centroid, axis=1)
    return rows[np.argsort(distance, kind="stable")[:k]]


def makeup(member: np.ndarray, codes: np.ndarray, families: int) -> np.ndarray:
    """Shares of labels [families, L]: of the family's structures whose label is known."""
    counts = np.zeros((families, len(cna.LABELS)))
    known = (member >= 0) & (codes >= 0)
    np.add.at(counts, (member[known], codes[known]), 1)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def table(families: Families, s: np.ndarray, codes: np.ndarray, energy: np.ndarray, temperature: np.ndarray,
          positions: np.ndarray, element: str | Sequence[str], k: int = NEAREST) -> list[Family]:  # fmt: skip
    """A row for each family from s[n,d], labels codes[n], energy[n], temperature[n] and quenched
    positions[n,N,3] (h5py columns will do: only the nearest ones are read)."""
    member = families.assign(s)
    shares = makeup(member, codes, len(families))
    cutoff = cna.default_cutoff(element)
    found = []
    for f, centroid in enumerate(families.centroids):
        mine = member == f
        rows = nearest(centroid, s, mine, k)
        x = np.array([positions[r] for r in rows], dtype=float)
        atoms = cna.atom_classes(x, cutoff) if len(x) else np.empty((0, 1), int)
        counted = [defects(frame) for frame in x]
        found.append(Family(
            f, families.names[f], int(mine.sum()), float(mine.mean()), *_energies(energy[mine]), tuple(shares[f]),
            tuple(np.bincount(atoms.ravel(), minlength=len(cna.CLASSES)) / max(atoms.size, 1)),
            float(np.mean(cna.summary(x, cutoff).axes)) if len(x) else 0.0,
            {kind: float(np.mean([getattr(c, kind) for c in counted])) if counted else 0.0 for kind in KINDS},
            rows, centroid, float(np.nanmean(temperature[mine])) if np.isfinite(temperature[mine]).any() else np.nan,
        ))  # fmt: skip
    return found


def _energies(energy: np.ndarray) -> tuple[float, float]:
    return (float(energy.mean()), float(energy.min())) if len(energy) else (np.nan, np.nan)


def names(rows: Sequence[Family]) -> tuple[str, ...]:
    """A name for each family from its commonest label, a number within it by size, and, but for
    disordered ones, what most of its nearest structures have: Ih-1, Ih-2 (central vacancy), Dh-1, .."""
    counts: dict[str, int] = {}
    found = []
    for row in rows:
        label = cna.LABELS[int(np.argmax(row.labels))] if sum(row.labels) else "unlabelled"
        counts[label] = counts.get(label, 0) + 1
        marks = [kind.replace("_", " ").removesuffix("s") for kind in ("central_vacancy", "missing_vertices", "rosettes")
                 if row.defects[kind] >= COMMON and label != "Amorphous"]  # fmt: skip
        marks = ["missing vertex" if m == "missing vertice" else m for m in marks]
        found.append(f"{label}-{counts[label]}" + (f" ({', '.join(marks)})" if marks else ""))
    return tuple(found)


def as_text(rows: Sequence[Family], system: tuple[str, int] | None = None) -> str:
    """The table in print."""
    head = f"{'':3} {'name':28}{'share':>7}{'<E>':>10}{'min E':>10}  " + "".join(f"{x[:4]:>5}" for x in cna.LABELS)
    lines = [head + "   fcc  hcp  axes  nearest structures have (mean counts)"]
    for r in rows:
        marks = ", ".join(f"{name.replace('_', ' ')} {v:.2g}" for name, v in r.defects.items() if v >= 0.1)
        shares = "".join(f"{100 * v:5.0f}" for v in r.labels)
        lines.append(f"{r.number:3} {r.name:28}{r.share:7.1%}{r.energy:10.2f}{r.lowest_energy:10.2f}  {shares}"
                     f" {100 * r.classes[1]:5.0f}{100 * r.classes[2]:5.0f}{r.axes:6.1f}  {marks}")
    lines.append("energies in eV; labels, fcc and hcp in %")
    if system in PAPER:
        lines.append(f"{len(rows)} families; the charting paper found {PAPER[system]}")
    return "\n".join(lines)


def as_json(row: Family) -> dict:
    """A row for a file."""
    return {"name": row.name, "size": row.size, "share": row.share, "energy": row.energy,
            "lowest_energy": row.lowest_energy, "mean_temperature": row.temperature,
            "labels": dict(zip(cna.LABELS, row.labels)), "atoms": dict(zip(cna.CLASSES, row.classes)),
            "fivefold_axes": row.axes, "defects": row.defects, "centroid": row.centroid.tolist(),
            "nearest_rows": row.rows.tolist()}  # fmt: skip


def write_structures(rows: Sequence[Family], positions: np.ndarray, element: str, columns: dict[str, np.ndarray],
                     folder: Path) -> list[Path]:  # fmt: skip
    """One extxyz a family with its nearest structures, nearest first; each frame carries the values
    that `columns` (name -> [n]) has for it."""
    from ase import Atoms
    from ase.io import write

    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for row in rows:
        frames = []
        for r in row.rows:
            info = {name: values[r].item() for name, values in columns.items()}
            frames.append(Atoms([element] * positions.shape[1], np.asarray(positions[r], dtype=float),
                                info={"family": row.number, "family_name": row.name, "row": int(r), **info}))
        paths.append(folder / f"family-{row.number:02d}.xyz")
        write(paths[-1], frames, format="extxyz")
    return paths
