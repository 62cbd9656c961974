"""Starting structures of a parallel-tempering run, shared out over its replicas."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read

from ..motifs import start
from ..potential import file_name, is_builtin, write_setfl
from .deck import Settings, data_file, queue_script, replica_name
from .log import cluster_pieces
from ..rgl import gupta
from ..trajectories import frozen_melt

MOTIFS = ("Ih", "Dh", "Fcc", "Twin", "Amorphous")


def motif_starts(counts: Mapping[str, int], motifs: Sequence[str], replicas: int, seed: int = 1) -> list[Atoms]:
    """One start per replica: the motifs in turn up the ladder, in another shape each time round.

    counts: atoms of each element. An alloy has the shape of its most frequent element, stretched to
    the mean bond of the composition, and its elements on random sites, drawn by seed and replica.
    Raises ValueError for an unknown motif, or an element without a built-in potential.
    """
    if not motifs:
        raise ValueError("ptmd: no motif given, must be at least one, such as Ih")
    element, atoms, clusters = max(counts, key=counts.get), sum(counts.values()), []
    for replica in range(replicas):
        motif, shape = motifs[replica % len(motifs)], replica // len(motifs)
        if motif == "Amorphous":
            clusters.append(frozen_melt(element, atoms, shape))
        else:
            clusters.append(start(motif, element, atoms, shape))
    if len(counts) > 1:
        stretch = sum(n * gupta(e).r0 for e, n in counts.items()) / atoms / gupta(element).r0
        for replica, cluster in enumerate(clusters):
            cluster.positions *= stretch
            cluster.symbols = np.random.default_rng([seed, replica]).permutation(np.repeat(*zip(*counts.items())))
    return clusters


def file_starts(paths: Sequence[Path], replicas: int) -> list[Atoms]:
    """One start per replica from files that ASE reads: all their frames in turn up the ladder.

    Raises ValueError for what cannot be read, is in pieces, or is not of the same atoms as the first.
    """
    found = []
    for path in paths:
        if not path.is_file():
            raise FileNotFoundError(f"ptmd: {path}: no such file of starts")
        try:
            frames = read(path, index=":")
        except Exception as e:  # every format of ASE has its own
            raise ValueError(f"ptmd: {path}: cannot be read as structures: {type(e).__name__} {e}") from e
        if not frames or not all(len(frame) for frame in frames):
            raise ValueError(f"ptmd: {path} holds no start, must hold at least one structure")
        for number, frame in enumerate(frames):
            if (n := cluster_pieces(frame.positions)) > 1:
                raise ValueError(f"ptmd: {path}: structure {number} is in {n} pieces, must be one cluster")
        found += [(path, frame) for frame in frames]
    if not found:
        raise ValueError("ptmd: no start given, must be at least one file that ASE reads")
    first_path, first = found[0]
    for path, frame in found:
        if sorted(frame.symbols) != sorted(first.symbols):
            raise ValueError(f"ptmd: {path} holds {frame.symbols}, must hold {first.symbols} as {first_path} does")
    return [found[replica % len(found)][1].copy() for replica in range(replicas)]


def prepare(folder: Path, settings: Settings, starts: Sequence[Atoms], files: Sequence[Path] = ()) -> None:
    """Lay out a new run in `folder`: settings, potential, starts and a script for a queue.

    Raises FileExistsError if the folder holds a run, ValueError for a start of other atoms.
    """
    if (folder / "settings.json").exists():
        raise FileExistsError(f"ptmd: {folder} holds a run, must be new")
    for cluster in starts:
        if len(cluster) != settings.atoms:
            raise ValueError(f"ptmd: a start has {len(cluster)} atoms, must have {settings.atoms}")
        if Counter(cluster.symbols) != settings.counts:
            raise ValueError(f"ptmd: a start is {cluster.symbols}, must be {settings.formula}")
    (folder / "starts").mkdir(parents=True, exist_ok=True)
    for file in files:
        if file.resolve() != (folder / file.name).resolve():
            shutil.copy(file, folder / file.name)
    if is_builtin(settings.potential, settings.elements):
        write_setfl(folder / file_name(settings.elements), settings.elements)
    for replica, cluster in enumerate(starts):
        name = f"start.{replica_name(replica, settings.replicas)}.data"
        (folder / "starts" / name).write_text(data_file(cluster, settings.elements))
    (folder / "queue.sh").write_text(queue_script(settings))
    settings.save(folder / "settings.json")
