"""`nanochart dataset`: labels, duplicates dropped, composition, splits; never all frames in memory.

Duplicates by the rule of the charting papers (doi:10.1021/acsnano.3c05653): two kept structures
differ by at least 0.1 meV in energy or in their common-neighbour label.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from . import cna, dataset_file as files
from .dataset import summary
from .dataset_file import NEITHER, TRAINING, VALIDATION

RULE = 1e-4  # eV
HELD_OUT = 0.2
BLOCKS = 100  # fewest blocks of trajectory, taken over all trajectories
MARGIN = 0.1  # of a block next to a held-out one that is used by neither side

# Numbers of frames and of unique structures of the charting paper, in the order of cna.LABELS.
PAPER = {
    ("Au", 90): ((15520, 789, 83471, 142286, 406164, 273370), (1431, 766, 5946, 495, 19946, 20432)),
    ("Au", 147): ((278405, 28911, 29553, 19248, 69641, 188114), (11873, 10935, 8839, 2689, 26615, 26099)),
    ("Ag", 147): ((1170, 117844, 671, 1, 5871, 53643), (712, 3065, 614, 1, 5249, 20764)),
    ("Cu", 147): ((579, 180260, 734, 1, 6422, 36004), (467, 2409, 691, 1, 5670, 18619)),
}


def distinct(codes: np.ndarray, energy: np.ndarray, rule: float = RULE) -> tuple[np.ndarray, np.ndarray]:
    """Rows to keep [k], and for each row [n] which of them stands for it.

    Within a label (codes[n]), upwards in energy[n] (eV): a row is kept if it lies at least `rule`
    above the last one kept. Of equal energies the earliest row is kept.
    """
    order = np.lexsort((energy, codes))
    kept, stands = [], np.empty(len(order), dtype=np.int64)
    for code in np.unique(codes):
        rows = order[codes[order] == code]
        sorted_energy = energy[rows]
        at = 0
        while at < len(rows):
            end = int(np.searchsorted(sorted_energy, sorted_energy[at] + rule))
            end = max(end, at + 1)
            stands[rows[at:end]] = len(kept)
            kept.append(rows[at])
            at = end
    return np.array(kept, dtype=np.int64), stands


def random_split(n: int, seed: int) -> np.ndarray:
    """TRAINING or VALIDATION for each of n rows: 80/20 as in the papers."""
    split = np.full(n, TRAINING, np.int8)
    split[np.random.default_rng(seed).permutation(n)[: round(HELD_OUT * n)]] = VALIDATION
    return split


def block_split(replica: np.ndarray, step: np.ndarray, seed: int, blocks: int = BLOCKS) -> np.ndarray:
    """TRAINING, VALIDATION or NEITHER [n]: whole stretches of trajectory are held out.

    Each trajectory (replica[n]) is cut into equal stretches of its steps, so many that there are at
    least `blocks` in all; 20 % of them, drawn with `seed`, are held out. The tenth of a training
    block that touches a held-out one belongs to neither: its frames are correlated with those.
    """
    names, of = np.unique(replica, return_inverse=True)
    if not len(names):
        return np.empty(0, np.int8)
    pieces = -(-blocks // len(names))
    first, last = np.full(len(names), np.inf), np.full(len(names), -np.inf)
    np.minimum.at(first, of, step)
    np.maximum.at(last, of, step)
    place = (step - first[of]) / np.maximum(last - first, 1)[of] * pieces
    piece = np.minimum(place.astype(int), pieces - 1)
    drawn = np.random.default_rng(seed).permutation(len(names) * pieces)[: max(round(HELD_OUT * len(names) * pieces), 1)]
    held = np.zeros((len(names), pieces + 2), dtype=bool)  # with a free block at either end
    held[:, 1:-1].flat[drawn] = True
    inside = held[of, piece + 1]
    before = held[of, piece] & (place - piece < MARGIN)
    after = held[of, piece + 2] & (place - piece > 1 - MARGIN)
    return np.where(inside, VALIDATION, np.where(before | after, NEITHER, TRAINING)).astype(np.int8)


@dataclass
class Composition:
    """Counts [.., 6] per label of cna.LABELS; `unique` of a temperature: structures seen at it."""

    element: str
    atoms: int
    failed: int
    frames: np.ndarray  # [6]
    unique: np.ndarray  # [6]
    temperatures: np.ndarray  # [t], K
    frames_at: np.ndarray  # [t,6]
    unique_at: np.ndarray  # [t,6]

    def __str__(self) -> str:
        def row(name: str, counts: Sequence[int]) -> str:
            total = sum(counts)
            shares = (f"{c} ({c / max(total, 1):.0%})" for c in counts)
            return f"{name:22}" + "".join(f"{text:>16}" for text in shares) + f"{total:>9}"

        lines = [f"{self.element}{self.atoms:<20}" + "".join(f"{x:>16}" for x in cna.LABELS) + f"{'total':>9}",
                 row("frames", self.frames), row("unique", self.unique)]
        if paper := PAPER.get((self.element, self.atoms)):
            lines += [row("paper: frames", paper[0]), row("paper: unique", paper[1])]
        lines += [f"frames / unique structures seen at each temperature; {self.failed} frames failed and are left out"]
        for t, frames, unique in zip(self.temperatures, self.frames_at, self.unique_at):
            pairs = (f"{f} / {u}" for f, u in zip(frames, unique))
            lines.append(f"{f'{t:.6g} K':22}" + "".join(f"{p:>16}" for p in pairs)
                         + f"{f'{frames.sum()} / {unique.sum()}':>18}")
        return "\n".join(lines)


def _per_label(codes: np.ndarray) -> np.ndarray:
    return np.bincount(codes, minlength=len(cna.LABELS))


def make(source: Path, output: Path, *, rule: float = RULE, seed: int = 0, threads: int = 1,
         progress: bool = True) -> tuple[Composition, dict[str, object]]:
    """Write the unique structures of `source` with labels, counts and splits to `output`.

    Returns the composition and `dataset.summary` of the new set. Raises ValueError for a source
    without converged frames, FileExistsError if `output` exists.
    """
    if output.exists():
        raise FileExistsError(f"dataset: {output} exists; give another --output")
    if not rule > 0:
        raise ValueError(f"dataset: duplicates within {rule} eV, must be > 0")
    attrs = files.read_attributes(source)
    element, atoms = str(attrs["elements"]), int(attrs["atoms"])
    columns = _labelled(source, element, threads, progress)
    valid = np.flatnonzero(columns["cna"] >= 0)
    if not len(valid):
        raise ValueError(f"dataset: {source} has no converged frame")
    # In the order (replica, step): what is kept does not depend on the order of quenching.
    valid = valid[np.lexsort((columns["step"][valid], columns["replica"][valid]))]
    codes = columns["cna"][valid]
    kept, stands = distinct(codes, columns["energy"][valid], rule)
    temperatures = columns["temperature"][valid]
    at = np.unique(temperatures)
    seen = [np.unique(stands[_equal(temperatures, t)]) for t in at]
    composition = Composition(
        element, atoms, len(columns["cna"]) - len(valid), _per_label(codes), _per_label(codes[kept]), at,
        np.array([_per_label(codes[_equal(temperatures, t)]) for t in at]),
        np.array([_per_label(codes[kept][s]) for s in seen]),
    )  # fmt: skip

    rows = valid[kept]
    count = np.bincount(stands, minlength=len(kept))
    order = np.argsort(rows)  # as they lie in the source
    rows = rows[order]
    extra = {"count": count[order], "cna": columns["cna"][rows],
             "split_random": _by_name(columns, rows, random_split, seed),
             "split_blocks": block_split(columns["replica"][rows], columns["step"][rows], seed)}  # fmt: skip
    names = files.columns_of(source)
    optional = ["count", "split_random", "split_blocks", *(["evaluations"] if "evaluations" in names else [])]
    output.parent.mkdir(parents=True, exist_ok=True)
    attrs["made_from"] = attrs.pop("quench", "")  # so that `nanochart quench` does not go on in it
    attrs |= {"duplicates_within": rule, "split_seed": seed, "labels": list(cna.LABELS)}
    files.write(output, attrs, _kept(source, names, rows, extra), optional=optional)
    return composition, summary(output)


def _equal(temperatures: np.ndarray, t: float) -> np.ndarray:
    return np.isnan(temperatures) if np.isnan(t) else temperatures == t


def _by_name(columns: dict, rows: np.ndarray, split, seed: int) -> np.ndarray:
    """A split drawn in the order (replica, step), so that the order of quenching has no say."""
    found = np.empty(len(rows), np.int8)
    found[np.lexsort((columns["step"][rows], columns["replica"][rows]))] = split(len(rows), seed)
    return found


def _labelled(source: Path, element: str, threads: int, progress: bool) -> dict[str, np.ndarray]:
    """Columns without positions; cna: -1 for frames that did not converge."""
    small = ("energy", "temperature", "replica", "step")
    parts = []
    bar = tqdm(unit="frame", desc="labels", disable=None if progress else True)
    for rows in files.slabs(source, ["positions_quenched", "converged", *small]):
        codes = cna.labels_or_none(rows["positions_quenched"], rows["converged"], element, threads)
        parts.append({**{name: rows[name] for name in small}, "cna": codes})
        bar.update(len(codes))
    bar.close()
    empty = {"cna": np.empty(0, np.int8), **{name: np.empty(0, files.TYPES[name]) for name in small}}
    return {name: np.concatenate([empty[name], *(p[name] for p in parts)]) for name in empty}


def _kept(source: Path, names: Sequence[str], rows: np.ndarray, extra: dict) -> Iterator[dict[str, np.ndarray]]:
    """Slabs of the rows (ascending) of the source, with the columns `extra` of those rows."""
    begin = 0
    for slab in files.slabs(source, names):
        end = begin + len(slab["energy"])
        lo, hi = np.searchsorted(rows, (begin, end))
        inside = rows[lo:hi] - begin
        yield {**{name: values[inside] for name, values in slab.items()},
               **{name: values[lo:hi] for name, values in extra.items()}}  # fmt: skip
        begin = end
