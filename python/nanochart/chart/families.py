"""Families: regions of the chart where structures gather, found by mean shift.

D. Comaniciu and P. Meer, IEEE Trans. Pattern Anal. Mach. Intell. 24, 603 (2002),
doi:10.1109/34.1000236; on charts: doi:10.1021/acsnano.3c05653. A family is a mode of the density of
s within one bandwidth (flat kernel); a structure belongs to the family of the nearest centroid.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SCHEMA = "nanochart families 1"
SUBSET = 10_000  # points that mean shift sees; all others only take the nearest centroid
SMALLEST = 0.002  # of all points: fewer are stragglers of a neighbouring family, not one of their own
BANDWIDTHS = np.geomspace(0.3, 1.5, 24)  # of the scan, in units of the spread of s
TOLERANCE = 0.2  # of a plateau's number of families, or one family; without structure it falls as bandwidth^-3
FEWEST = 6  # families: as many as labels; twice as many are preferred
MOST = 50  # families: at smaller bandwidths the loss of stragglers, not structure, flattens the number


@dataclass(frozen=True)
class Families:
    """centroids [F,d] in s, largest family first; bandwidth in s; a name for each; model: SHA-256."""

    centroids: np.ndarray
    bandwidth: float
    names: tuple[str, ...]
    model: str

    def __len__(self) -> int:
        return len(self.centroids)

    def assign(self, s: np.ndarray) -> np.ndarray:
        """Family [n] of s[n,d]: the nearest centroid; -1 where s is not finite."""
        from sklearn.metrics import pairwise_distances_argmin

        s = np.asarray(s, dtype=float)
        if s.ndim != 2 or s.shape[1] != self.centroids.shape[1]:
            raise ValueError(f"families: s has shape {s.shape}, must be [n,{self.centroids.shape[1]}]")
        found = np.full(len(s), -1)
        if (finite := np.isfinite(s).all(axis=1)).any():
            found[finite] = pairwise_distances_argmin(s[finite], self.centroids)
        return found

    def save(self, path: str | os.PathLike) -> None:
        text = {"schema": SCHEMA, "model": self.model, "bandwidth": self.bandwidth, "names": self.names,
                "centroids": self.centroids.tolist()}  # fmt: skip
        Path(path).write_text(json.dumps(text, indent=1) + "\n")

    @classmethod
    def load(cls, path: str | os.PathLike, model: str | None = None) -> Families:
        """Read what `save` wrote. With `model` (its SHA-256), families of another model are refused."""
        try:
            text = json.loads(Path(path).read_text())
            if text["schema"] != SCHEMA:
                raise ValueError(f"schema is {text['schema']!r}, must be {SCHEMA!r}")
            centroids, names = np.array(text["centroids"], dtype=float), tuple(text["names"])
            found = cls(centroids, float(text["bandwidth"]), names, text["model"])
        except (KeyError, TypeError, ValueError) as e:
            raise ValueError(f"families {path}: not a file of `nanochart families` ({type(e).__name__}: {e})") from None
        if centroids.ndim != 2 or len(names) != len(centroids) or not np.isfinite(centroids).all():
            raise ValueError(f"families {path}: {len(names)} names and centroids of shape {centroids.shape} do not fit")
        if model is not None and found.model != model:
            raise ValueError(f"families {path}: found on model {found.model[:12]}.., not on {model[:12]}..; "
                             "run nanochart families with this model")
        return found


def beside(model_path: str | os.PathLike) -> Path:
    """Where the families of a model file lie: MODEL.families.json beside MODEL.pt."""
    return Path(model_path).with_suffix(".families.json")


def modes(s: np.ndarray, bandwidth: float, *, smallest: float = SMALLEST, subset: int = SUBSET,
          seed: int = 0) -> np.ndarray:
    """Centroids [F,d] of the families of s[n,d] at one bandwidth, largest first.

    Mean shift on at most `subset` points drawn with `seed`, from seeds on a mesh of the bandwidth;
    a mode that fewer than `smallest` of them go to is dropped.
    """
    from sklearn.cluster import MeanShift

    points = _points(s)
    if not bandwidth > 0:
        raise ValueError(f"families: bandwidth is {bandwidth}, must be > 0")
    if len(points) > subset:
        points = points[np.random.default_rng(seed).permutation(len(points))[:subset]]
    fitted = MeanShift(bandwidth=bandwidth, bin_seeding=True).fit(points)
    sizes = np.bincount(fitted.labels_, minlength=len(fitted.cluster_centers_))
    order = np.argsort(-sizes, kind="stable")
    return fitted.cluster_centers_[order[sizes[order] >= max(smallest * len(points), 1)]]


def scan(s: np.ndarray, bandwidths: Sequence[float] | None, progress: bool = False,
         **options) -> tuple[np.ndarray, list[np.ndarray]]:  # fmt: skip
    """Bandwidths [m] and the centroids at each; None: BANDWIDTHS times the spread of s, i.e.
    the root mean variance of its components. options: of `modes`."""
    from tqdm import tqdm

    if bandwidths is None:
        spread = np.sqrt(_points(s).var(axis=0).mean())
        if not spread > 0:
            raise ValueError("families: all points of the chart are the same")
        bandwidths = BANDWIDTHS * spread
    bandwidths = np.sort(np.asarray(bandwidths, dtype=float))
    bar = tqdm(bandwidths, desc="bandwidths", disable=None if progress else True)
    return bandwidths, [modes(s, b, **options) for b in bar]


def plateau(counts: Sequence[int]) -> tuple[int, int]:
    """First and last place of the plateau in n_clusters(bandwidth), for bandwidths that grow.

    The rule: the longest stretch along which the number of families differs by at most a fifth, or
    by one; of stretches of one length the flattest. First among those with at least 12 families,
    two a label, since families are to be finer than labels; if none of these spans three bandwidths,
    among those with at least 6. Bandwidths in geometric steps make this the widest range of
    ln(bandwidth). More than 50 families are no plateau: there the loss of stragglers flattens the number.

    Raises ValueError when no bandwidth gives 6 to 50 families.
    """
    fine, any_ = (_longest(np.asarray(counts), fewest) for fewest in (2 * FEWEST, FEWEST))
    if fine is not None and fine[1] - fine[0] >= 2:
        return fine
    if any_ is None:
        raise ValueError(f"families: no bandwidth gives {FEWEST} to {MOST} families (found: "
                         f"{', '.join(map(str, counts))}); name one with --bandwidth or --families")
    return any_


def _longest(counts: np.ndarray, fewest: int) -> tuple[int, int] | None:
    best, best_rank = None, (-1, 0.0)
    for first in range(len(counts)):
        for last in range(first, len(counts)):
            part = counts[first : last + 1]
            fall = part.max() - part.min()
            if part.min() < fewest or part.max() > MOST or fall > max(1, TOLERANCE * part.max()):
                break
            if (rank := (last - first, -fall / part.max())) > best_rank:
                best, best_rank = (first, last), rank
    return best


def choose(counts: Sequence[int], families: int | None = None) -> int:
    """Place of the bandwidth to take: the middle of the plateau, or, with a wanted number of
    families, the middle of those that give it (or come nearest to it)."""
    if families is None:
        first, last = plateau(counts)
        return (first + last) // 2
    distance = np.abs(np.asarray(counts) - families)
    nearest = np.flatnonzero(distance == distance.min())
    return int(nearest[len(nearest) // 2])


@dataclass(frozen=True)
class Search:
    """What `find` did: the scan, its plateau (first and last place, None if it was not used), families."""

    bandwidths: np.ndarray
    counts: np.ndarray
    plateau: tuple[int, int] | None
    families: Families

    def plateau_text(self) -> str:
        """The plateau and the whole scan, in print."""
        first, last = self.plateau
        flat = self.counts[first : last + 1]
        scan = ", ".join(f"{n} at {b:.2f}" for b, n in zip(self.bandwidths, self.counts))
        return (f"plateau: {flat.min()}-{flat.max()} families at bandwidths {self.bandwidths[first]:.2f}-"
                f"{self.bandwidths[last]:.2f}, taken {self.families.bandwidth:.2f}; scan: {scan}")  # fmt: skip


def find(s: np.ndarray, model: str, *, bandwidth: float | None = None, families: int | None = None,
         progress: bool = False, **options) -> Search:  # fmt: skip
    """Families of s[n,d] on the model with this SHA-256: on the plateau of the scan, or with a wanted
    number of them, or at one bandwidth, which needs no scan. Names are numbers; see `family_table`."""
    if bandwidth is not None:
        widths, centroids = scan(s, [bandwidth], progress, **options)
        place, flat = 0, None
    else:
        widths, centroids = scan(s, None, progress, **options)
        counts = [len(c) for c in centroids]
        place, flat = choose(counts, families), None if families else plateau(counts)
    names = tuple(str(k) for k in range(len(centroids[place])))
    found = Families(centroids[place], float(widths[place]), names, model)
    return Search(widths, np.array([len(c) for c in centroids]), flat, found)


def merge(families: Families, s: np.ndarray, makeup: np.ndarray, overlap: float = 0.8,
          within: float = 1.5) -> tuple[Families, np.ndarray]:  # fmt: skip
    """Join families that are alike: (merged families, new number [F] of each old one).

    Two are alike if their centroids are at most `within` bandwidths apart and their make-up by
    labels, makeup[F,L] (rows sum to 1), overlaps by sum_l min(p_l, q_l) >= `overlap`. Complete
    linkage, so that all members of a merged family are alike. New centroids are means of s[n,d].
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import pdist

    if len(families) < 2:
        return families, np.zeros(len(families), dtype=int)
    distance = np.maximum(pdist(families.centroids) / (within * families.bandwidth),
                          pdist(makeup, "cityblock") / 2 / max(1 - overlap, 1e-12))  # fmt: skip
    groups = fcluster(linkage(distance, "complete"), t=1.0, criterion="distance") - 1
    old = families.assign(s)
    member = np.where(old < 0, -1, groups[old])
    sizes = np.bincount(member[member >= 0], minlength=groups.max() + 1)
    order = np.argsort(-sizes, kind="stable")
    place = np.argsort(order)
    centroids = np.array([s[member == g].mean(axis=0) if sizes[g] else families.centroids[groups == g].mean(axis=0)
                          for g in order])
    joined = [[i for i in range(len(groups)) if groups[i] == g] for g in order]
    names = tuple(families.names[rows[0]] for rows in joined)
    return Families(centroids, families.bandwidth, names, families.model), place[groups]


def _points(s: np.ndarray) -> np.ndarray:
    s = np.asarray(s, dtype=float)
    if s.ndim != 2 or len(s) < 2:
        raise ValueError(f"families: s has shape {s.shape}, must be [n,d] with n >= 2")
    if not np.isfinite(s).all():
        raise ValueError(f"families: s of {np.count_nonzero(~np.isfinite(s).all(axis=1))} structures is not finite")
    return s
