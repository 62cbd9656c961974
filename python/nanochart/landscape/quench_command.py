"""`nanochart quench`: from frames to a data set of (thermal, quenched) pairs, over many processes."""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from tqdm import tqdm

from . import dataset
from ._lammps import check_potential
from .dataset_file import read_attributes, slabs, sole_writer
from .executors import executor, results
from .formulas import formula
from .pair_lines import PairLines, read_pair_lines
from .ptmd.log import cluster_pieces
from .quench import FORCE_TOLERANCE, Quencher
from .rgl import reach
from .structures import Structure, open_source
from .trajectories import MOTIFS, pieces

CHUNK = 16  # frames sent to a process at a time
BLOCK_ROWS, BLOCK_SECONDS = 4096, 30.0  # a block of the data set is written after whichever comes first


@dataclass
class Outcome:
    """What a call did: frames (failed ones included), causes of failure, evaluations, seconds."""

    frames: int = 0
    failed: Counter = field(default_factory=Counter)
    evaluations: int = 0
    worker_seconds: float = 0.0  # summed over processes
    seconds: float = 0.0

    def __str__(self) -> str:
        if not self.frames:
            return "nothing to quench: all frames are in the data set"
        causes = "".join(f"; {n} {cause}" for cause, n in self.failed.items())
        return (f"quenched {self.frames} frames in {self.seconds:.1f} s: {self.frames / self.seconds:.1f} frames/s, "
                f"{self.frames / max(self.worker_seconds, 1e-9):.1f} frames/s/core, "
                f"{self.evaluations / self.frames:.0f} evaluations/frame; {self.failed.total()} failed{causes}")


@lru_cache(maxsize=1)
def _quencher(symbols: str | tuple[str, ...], atoms: int, tolerance: float, potential: PairLines | None) -> Quencher:
    return Quencher(symbols, atoms, tolerance, potential=potential)


def _in_pieces(x: np.ndarray, symbols: str | tuple[str, ...], potential: PairLines | None) -> bool:
    """Beyond the range of the built-in potential; of another one, beyond 1.75 of its own bonds."""
    return (cluster_pieces(x) if potential else pieces(x, reach(symbols))) > 1


def quench_chunk(symbols: str | tuple[str, ...], atoms: int, tolerance: float, potential: PairLines | None,
                 chunk: list[Structure]) -> tuple[dict, Counter, float]:  # fmt: skip
    """Rows of the data set, causes of failure, seconds. Runs in a process of its own."""
    began = time.perf_counter()
    quencher, failed, found = _quencher(symbols, atoms, tolerance, potential), Counter(), []
    for structure in chunk:
        found.append(quenched := quencher(structure.positions))
        if not quenched.converged:
            failed["not minimised"] += 1
        elif _in_pieces(structure.positions, symbols, potential):
            found[-1] = None
            failed["in more than one piece"] += 1
    n = len(chunk)
    nothing = np.full((atoms, 3), np.nan)
    rows = {
        "positions_thermal": np.array([s.positions for s in chunk], dtype=np.float32),
        "positions_quenched": np.array([q.positions if q else nothing for q in found], dtype=np.float32),
        "energy": np.array([q.energy if q else np.nan for q in found]),
        "force_norm": np.array([q.force_norm if q else np.inf for q in found]),
        "converged": np.array([bool(q and q.converged) for q in found]),
        "temperature": np.array([s.temperature for s in chunk]),
        "replica": np.array([s.replica for s in chunk], dtype=np.int32),
        "step": np.array([s.step for s in chunk], dtype=np.int64),
        "cna": np.full(n, -1, np.int8),
        "motif": np.array([MOTIFS.index(s.motif) if s.motif in MOTIFS else -1 for s in chunk], np.int8),
        "evaluations": np.array([q.evaluations if q else 0 for q in found], dtype=np.int32),
    }
    return rows, failed, time.perf_counter() - began


class _Writer:
    """Gathers rows into blocks of the data set."""

    def __init__(self, path: Path):
        self.path, self.rows, self.last = path, [], time.monotonic()

    def add(self, rows: dict) -> None:
        self.rows.append(rows)
        if len(self.rows) * CHUNK >= BLOCK_ROWS or time.monotonic() - self.last > BLOCK_SECONDS:
            self.flush()

    def flush(self) -> None:
        if self.rows:
            block = {name: np.concatenate([r[name] for r in self.rows]) for name in self.rows[0]}
            self.rows = []
            dataset.add_block(self.path, f"quench-{uuid.uuid4().hex}", block)
        self.last = time.monotonic()


def quench(sources: Sequence[Path], path: Path, *, jobs: int = 1, tolerance: float = FORCE_TOLERANCE, stride: int = 1,
           temperature: float | None = None, element: str | None = None, potential: Path | None = None,
           progress: bool = True) -> Outcome | None:  # fmt: skip
    """Quench every `stride`-th frame of each source that is not in the data set at `path` yet.

    Trajectories are numbered through the sources in their order; another call may add sources at
    the end, or go on with a tempering run that has grown. tolerance: 2-norm of all forces (eV/A).
    Runs are quenched with the potential they were run with, files with the built-in one of their
    elements, or that of the pair_style and pair_coeff lines in the file `potential`.
    Under mpiexec only the first process returns an Outcome. Raises ValueError for unreadable or
    mixed sources, after it has written what it had quenched, and for other settings than the data
    set's.
    """
    Quencher("Au", 1, tolerance)  # checks it before anything is read
    if stride < 1 or jobs < 1:
        raise ValueError(f"quench: stride {stride} and jobs {jobs} must be >= 1")
    if temperature is not None and not temperature > 0:
        raise ValueError(f"quench: --temperature is {temperature:g}, must be > 0 (K)")
    lines = read_pair_lines(potential) if potential else None
    with executor(jobs) as (pool, workers):
        if pool is None:
            return None
        path.parent.mkdir(parents=True, exist_ok=True)
        with sole_writer(path):
            return _quench(sources, path, pool, workers, tolerance, stride, temperature, element, lines, progress)


def _quench(sources, path, pool, workers, tolerance, stride, temperature, element, lines, progress) -> Outcome:
    opened, first = [], 0
    for source in sources:
        opened.append(open_source(Path(source), first, temperature, element, lines))
        first += opened[-1].trajectories
    kinds = {(s.symbols, s.atoms) for s in opened}
    if len(kinds) != 1:
        names = sorted(formula(*kind) for kind in kinds)
        raise ValueError(f"quench: sources hold {', '.join(names)}, must be of one kind")
    symbols, atoms = kinds.pop()
    potentials = {s.potential for s in opened}
    if len(potentials) != 1:
        names = sorted(str(p or "the built-in potential") for p in potentials)
        raise ValueError(f"quench: sources are of {', '.join(names)}, must be of one potential")
    settings = {"sources": [str(s) for s in sources], "trajectories": [s.trajectories for s in opened],
                "tolerance": tolerance, "stride": stride}
    attributes = {}
    if potential := potentials.pop():
        check_potential(symbols, potential)
        settings["potential"] = attributes["potential"] = str(potential)
    existed = path.exists()
    dataset.create(path, symbols, atoms, quench=json.dumps(settings), **attributes)
    if existed:
        _check_settings(path, settings)
    have = {key for rows in slabs(path, ["replica", "step"], 2**16)
            for key in zip(rows["replica"].tolist(), rows["step"].tolist())}  # fmt: skip
    totals = [s.frames for s in opened]
    total = None if None in totals else sum(totals) // stride
    faults: list[Exception] = []

    def chunks() -> Iterator[tuple]:
        chunk = []
        try:
            for source in opened:
                seen = Counter()  # frames of each trajectory
                for structure in source:
                    number = seen[structure.replica]
                    seen[structure.replica] += 1
                    if number % stride == 0 and (structure.replica, structure.step) not in have:
                        chunk.append(structure)
                    if len(chunk) == CHUNK:
                        yield symbols, atoms, tolerance, potential, chunk
                        chunk = []
        except (ValueError, OSError) as fault:  # what was read before it is quenched and written
            faults.append(fault)
        if chunk:
            yield symbols, atoms, tolerance, potential, chunk

    outcome, writer, began = Outcome(), _Writer(path), time.perf_counter()
    bar = tqdm(total=total, initial=len(have), unit="frame", disable=None if progress else True)
    try:
        for rows, failed, seconds in results(pool, workers, quench_chunk, chunks()):
            writer.add(rows)
            outcome.frames += len(rows["step"])
            outcome.failed += failed
            outcome.evaluations += int(rows["evaluations"].sum())
            outcome.worker_seconds += seconds
            bar.update(len(rows["step"]))
    finally:
        bar.close()
        writer.flush()
    outcome.seconds = time.perf_counter() - began
    dataset.pack(path)
    if faults:
        raise faults[0]
    return outcome


def _check_settings(path: Path, settings: dict) -> None:
    """The data set must have been begun with the same settings; sources may have been added."""
    have = json.loads(read_attributes(path).get("quench", "{}"))
    for name in sorted(have.keys() | settings.keys()):
        there, value = have.get(name), settings.get(name)
        grown = name in ("sources", "trajectories") and there is not None and value[: len(there)] == there
        if there != value and not grown:
            raise ValueError(f"data set {path}: was begun with {name} {there}, not {value}; give another file")
    if have != settings:
        dataset.pack(path, quench=json.dumps(settings))
