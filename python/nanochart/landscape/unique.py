"""`nanochart dataset`: labels, duplicates dropped, composition, splits; never all frames in memory.

Duplicates by the rule of the charting papers (doi:10.1021/acsnano.3c05653): two kept structures
differ by at least 0.1 meV in energy or in their common-neighbour label.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from . import cna, dataset_file as files
from .composition import Composition, compose
from .dataset import summary
from .dataset_file import NEITHER
from .splits import block_split, random_split

RULE = 1e-4  # eV
FINE = 1e-5  # eV: farther apart than this two frames quenched to 1e-3 eV/A were never the same minimum


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


def partners(kept: np.ndarray, stands: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Rows, besides the kept ones, of at most `most` frames of each unique structure, drawn by chance."""
    others = np.random.default_rng(seed).permutation(np.setdiff1d(np.arange(len(stands)), kept))
    others = others[np.argsort(stands[others], kind="stable")]
    of = stands[others]
    rank = np.arange(len(of)) - np.searchsorted(of, of)
    return others[rank < most]


def draw(codes: np.ndarray, most: int | None, most_each: int | None, seed: int) -> np.ndarray:
    """At most `most` of the structures 0..k-1, upwards, drawn by chance; of each label (codes[k]) at
    most `most_each`."""
    order = np.random.default_rng(seed).permutation(len(codes))
    if most_each is not None:
        too_many = [np.flatnonzero(codes[order] == code)[most_each:] for code in np.unique(codes)]
        order = np.delete(order, np.concatenate(too_many))
    return np.sort(order[:most])


def of_structures(chosen: np.ndarray, columns: dict[str, np.ndarray], kept: np.ndarray, stands: np.ndarray):
    """columns, kept and stands of the chosen ones (ascending) of the unique structures, and of their frames."""
    rows = np.flatnonzero(np.isin(stands, chosen))
    columns = {name: values[rows] for name, values in columns.items()}
    return columns, np.searchsorted(rows, kept[chosen]), np.searchsorted(chosen, stands[rows])


def make(sources: Sequence[Path], output: Path, *, rule: float = RULE, frames: int = 1, most: int | None = None,
         most_each: int | None = None, compact: bool = False, seed: int = 0, threads: int = 1,
         progress: bool = True) -> tuple[Composition, dict[str, object]]:  # fmt: skip
    """Write the unique structures of `sources` with labels, counts and splits to `output`.

    frames: frames kept of each structure at most. The first one has the number of all of them as its
    `count`, the further ones (other thermal positions of the same minimum) have 0; they are on
    the side of the first one in both splits, or on neither where their own stretch of trajectory
    is on the other. most, most_each: structures kept at most, of all and of each label, drawn by chance.
    compact: see `dataset_file.DECIMALS`. Trajectories are numbered through the sources. Returns the
    composition and `dataset.summary` of the new set, with its number of `structures` by label, and
    how many structures there were with the rule (`unique`) and would be with `FINE` (`unique_fine`). Raises
    ValueError for sources without converged frames or of several clusters, FileExistsError if
    `output` exists.
    """
    if output.exists():
        raise FileExistsError(f"dataset: {output} exists; give another --output")
    if frames < 1:
        raise ValueError(f"dataset: {frames} frames of each structure, must be >= 1")
    composition, columns, kept, stands = reduce(sources, rule, threads, progress)
    fine = kept if rule <= FINE else distinct(columns["cna"], columns["energy"], FINE)[0]
    unique = {"unique": len(kept), "unique_fine": len(fine)}
    chosen = draw(columns["cna"][kept], most, most_each, seed)
    if len(chosen) < len(kept):
        columns, kept, stands = of_structures(chosen, columns, kept, stands)
    rows = np.concatenate([kept, partners(kept, stands, frames - 1, seed)])
    rows = rows[np.argsort(columns["row"][rows])]  # as they lie in the sources
    names = [name for name in files.TYPES if any(name in files.columns_of(source) for source in sources)]
    extra = {"cna": columns["cna"][rows], **_marks(columns, rows, kept, stands, seed)}
    optional = ["count", "split_random", "split_blocks", *(["evaluations"] if "evaluations" in names else [])]
    attrs = files.read_attributes(sources[0])
    attrs.pop("quench", None)  # so that `nanochart quench` does not go on in it
    attrs["made_from"] = json.dumps([
        {"hash": summary(source)["hash"], "quench": json.loads(files.read_attributes(source).get("quench", "{}"))}
        for source in sources
    ])
    attrs |= {"duplicates_within": rule, "frames_of_each": frames, "split_seed": seed, "labels": list(cna.LABELS),
              "composition": composition.to_json()}  # fmt: skip
    output.parent.mkdir(parents=True, exist_ok=True)
    files.write(output, attrs, _kept(sources, names, columns["row"][rows], extra), optional=optional, compact=compact)
    number = np.bincount(columns["cna"][kept], minlength=len(cna.LABELS)).tolist()
    return composition, summary(output) | unique | {"structures": dict(zip(cna.LABELS, number))}


def reduce(sources: Sequence[Path], rule: float = RULE, threads: int = 1,
           progress: bool = True) -> tuple[Composition, dict[str, np.ndarray], np.ndarray, np.ndarray]:  # fmt: skip
    """Composition, columns of `labelled` without failed frames, and for those what `distinct` says."""
    if not rule > 0:
        raise ValueError(f"dataset: duplicates is {1000 * rule:g} meV, must be > 0; the charting paper has 0.1")
    kinds = [files.read_attributes(source) for source in sources]
    for name in ("elements", "atoms", "potential"):
        if len(found := sorted({str(kind[name]) for kind in kinds})) > 1:
            raise ValueError(f"dataset: sources have {name} {' and '.join(found)}, must be the same")
    if len({files.symbols_of(kind) for kind in kinds}) > 1:
        found = sorted({files.formula_of(kind) for kind in kinds})
        raise ValueError(f"dataset: sources are of {' and '.join(found)}, must have the same species atom by atom")
    columns = labelled(sources, threads, progress)
    failed = int(np.count_nonzero(columns["cna"] < 0))
    columns = {name: values[columns["cna"] >= 0] for name, values in columns.items()}
    if not len(columns["cna"]):
        raise ValueError(f"dataset: {', '.join(map(str, sources))} has no converged frame")
    kept, stands = distinct(columns["cna"], columns["energy"], rule)
    composition = compose(files.symbols_of(kinds[0]), int(kinds[0]["atoms"]), failed, columns["cna"],
                          columns["temperature"], kept, stands)  # fmt: skip
    return composition, columns, kept, stands


def _joined(sources: Sequence[Path], names: Sequence[str]) -> Iterator[dict[str, np.ndarray]]:
    """Slabs of all sources, their trajectories numbered through."""
    first = 0
    for source in sources:
        last = first - 1
        for rows in files.slabs(source, names):
            rows["replica"] = rows["replica"] + first
            last = max(last, int(rows["replica"].max(initial=-1)))
            yield rows
        first = last + 1


def labelled(sources: Sequence[Path], threads: int = 1, progress: bool = True) -> dict[str, np.ndarray]:
    """energy, temperature, replica, step, row (through the sources) and cna of all frames, in the order
    (replica, step), so that the order of quenching has no say; cna is -1 where the quench failed."""
    symbols = files.symbols_of(files.read_attributes(sources[0]))
    small = ("energy", "temperature", "replica", "step")
    parts = []
    with tqdm(unit="frame", desc="labels", disable=None if progress else True) as bar:
        for rows in _joined(sources, ["positions_quenched", "converged", *small]):
            codes = cna.labels_or_none(rows["positions_quenched"], rows["converged"], symbols, threads)
            parts.append({**{name: rows[name] for name in small}, "cna": codes})
            bar.update(len(codes))
    empty = {"cna": np.empty(0, np.int8), **{name: np.empty(0, files.TYPES[name]) for name in small}}
    columns = {name: np.concatenate([empty[name], *(p[name] for p in parts)]) for name in empty}
    order = np.lexsort((columns["step"], columns["replica"]))
    return {**{name: values[order] for name, values in columns.items()}, "row": order}


def _marks(columns: dict, rows: np.ndarray, kept: np.ndarray, stands: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """count and splits of `rows`, in which further frames of a structure follow its first one."""
    first = kept[stands[rows]]
    count = np.where(rows == first, np.bincount(stands)[stands[rows]], 0)
    of_first = np.empty(len(stands), np.int8)
    of_first[np.sort(kept)] = random_split(len(kept), seed)
    blocks = np.full(len(stands), NEITHER, np.int8)
    blocks[np.sort(rows)] = block_split(*(columns[name][np.sort(rows)] for name in ("replica", "step")), seed)
    return {"count": count, "split_random": of_first[first],
            "split_blocks": np.where(blocks[rows] == blocks[first], blocks[rows], NEITHER)}  # fmt: skip


def _kept(sources: Sequence[Path], names: Sequence[str], rows: np.ndarray,
          extra: dict[str, np.ndarray]) -> Iterator[dict[str, np.ndarray]]:  # fmt: skip
    """Slabs of the rows (ascending) of the sources, with the columns `extra` of those rows."""
    begin = 0
    for slab in _joined(sources, names):
        end = begin + len(slab["energy"])
        lo, hi = np.searchsorted(rows, (begin, end))
        inside = rows[lo:hi] - begin
        yield {**{name: values[inside] for name, values in slab.items()},
               **{name: values[lo:hi] for name, values in extra.items()}}  # fmt: skip
        begin = end
