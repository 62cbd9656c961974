"""How good a chart is: do neighbours on it have the same label, and do two charts agree?"""

from __future__ import annotations

from typing import Any

import numpy as np

from nanochart.descriptor import rdf
from nanochart.landscape import cna

from .chart_cv import ChartCV
from .points import Points, load

NEIGHBOURS = 10
SAMPLE = 10_000  # structures that are compared, drawn with a seed
CHUNK = 256


def neighbour_shares(points: np.ndarray, labels: np.ndarray, trajectory: np.ndarray, k: int = NEIGHBOURS) -> np.ndarray:
    """Share [n] of the k nearest neighbours of each of points[n,D] that carry its label, neighbours of
    the same trajectory left out: they are alike because little time has passed.

    NaN for points with fewer than k neighbours of other trajectories.
    """
    points = np.asarray(points, dtype=float)
    square = np.sum(points**2, axis=1)
    shares = np.full(len(points), np.nan)
    if len(points) <= k:
        return shares
    for at in range(0, len(points), CHUNK):
        rows = slice(at, at + CHUNK)
        distance = square - 2 * points[rows] @ points.T  # without a term that is the same along a row
        distance[trajectory[rows, None] == trajectory] = np.inf
        nearest = np.argpartition(distance, k, axis=1)[:, :k]
        enough = np.isfinite(np.take_along_axis(distance, nearest, axis=1)).all(axis=1)
        shares[rows] = np.where(enough, np.mean(labels[nearest] == labels[rows, None], axis=1), np.nan)
    return shares


def neighbour_agreement(points: np.ndarray, labels: np.ndarray, trajectory: np.ndarray, k: int = NEIGHBOURS) -> float:
    """Mean of `neighbour_shares`; NaN if no point has enough neighbours."""
    shares = neighbour_shares(points, labels, trajectory, k)
    return float(np.nanmean(shares)) if np.isfinite(shares).any() else float("nan")


def by_chance(labels: np.ndarray) -> float:
    """Agreement of neighbours drawn at random."""
    return float(sum(np.mean(labels == name) ** 2 for name in np.unique(labels)))


def between(s: np.ndarray, codes: np.ndarray, middle: str, ends: tuple[str, str]) -> dict[str, float] | None:
    """Where the centroid of `middle` lies relative to the line between those of `ends`.

    place: 0 at the first end, 1 at the second; aside: distance from the line in units of its
    length. None when one of the labels does not occur.
    """
    centroids = []
    for name in (ends[0], middle, ends[1]):
        chosen = codes == cna.LABELS.index(name)
        if not chosen.any():
            return None
        centroids.append(s[chosen].mean(axis=0))
    first, point, last = centroids
    line = last - first
    place = float((point - first) @ line / (line @ line))
    return {"place": place, "aside": float(np.linalg.norm(point - first - place * line) / np.linalg.norm(line))}


def alignment(a: np.ndarray, b: np.ndarray) -> dict[str, float]:
    """How far two charts a[n,d], b[n,d] of the same structures agree after the best shift, rotation,
    reflection and common scale (Procrustes).

    disparity: residual sum of squares of b by that of a about its mean (0: equal, 1: unrelated);
    r2 = 1 - disparity; neighbours: mean share of the 10 nearest neighbours that are the same ones.
    """
    from scipy.spatial import cKDTree, procrustes

    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if a.shape != b.shape or a.ndim != 2:
        raise ValueError(f"charts have shapes {a.shape} and {b.shape}, must be the same [n,d]")
    disparity = float(procrustes(a, b)[2])
    near = [cKDTree(c).query(c, k=min(NEIGHBOURS + 1, len(c)))[1][:, 1:] for c in (a, b)]
    same = float(np.mean([len(np.intersect1d(p, q)) / len(p) for p, q in zip(*near)]))
    return {"disparity": disparity, "r2": 1 - disparity, "neighbours": same}


def scaled_g(points: Points, chart: ChartCV) -> np.ndarray:
    """g[n,K] of the quenched structures, each point of the grid scaled to [0, 1] over them."""
    g = rdf(points.positions, chart.grid)[:, 0]
    low, width = g.min(axis=0), np.ptp(g, axis=0)
    return ((g - low) / np.maximum(width, 1e-3 * width.max())).astype(np.float32)


def pca(g: np.ndarray, components: int) -> np.ndarray:
    """Leading principal components [n,components] of g[n,K]."""
    from sklearn.decomposition import PCA

    return PCA(components, random_state=0).fit_transform(g)


def umap(g: np.ndarray, components: int, seed: int = 0) -> np.ndarray:
    """UMAP embedding [n,components] of g[n,K], 15 neighbours. ImportError without umap-learn."""
    try:
        from umap import UMAP
    except ImportError as e:
        raise ImportError('quality: UMAP needs umap-learn: pip install "nanochart[umap]", or leave --umap out') from e
    return UMAP(n_components=components, random_state=seed, n_jobs=1).fit_transform(g)


def report(model: str, data, *, others: tuple[str, ...] = (), with_umap: bool = False, sample: int = SAMPLE,
           seed: int = 0, progress: bool = False) -> dict[str, Any]:  # fmt: skip
    """All of it as a dictionary for a file: label agreement of 10 neighbours on the chart, and of
    PCA, UMAP (each of the chart's dimension) and of g itself (the upper bound), the order of motifs,
    and the alignment with `others`, models that may have been learned from another seed or half."""
    chart = ChartCV(model)
    points = load(chart, data, progress)
    part = points.sample(sample, seed)
    g = scaled_g(part, chart)
    agree = {"chart": part.s, f"pca{chart.dim}": pca(g, chart.dim), "g": g}
    if with_umap:
        agree[f"umap{chart.dim}"] = umap(g, chart.dim, seed)
    labels, trajectory = part.labels, part.replica
    shares = neighbour_shares(part.s, labels, trajectory)
    return {
        "model": chart.metadata["name"], "model_hash": chart.hash, "data": str(points.path.name),
        "structures": len(part), "trajectories": int(len(np.unique(trajectory))),
        "label_agreement_of_10_neighbours": {
            **{name: neighbour_agreement(p, labels, trajectory) for name, p in agree.items()},
            "chance": by_chance(labels),
        },
        "label_agreement_on_the_chart_by_label": {
            name: float(np.nanmean(shares[labels == name])) for name in cna.LABELS
            if np.isfinite(shares[labels == name]).any()},
        "twin_between_fcc_and_dh": between(part.s, part.codes, "Twin", ("Fcc", "Dh")),
        "alignment": {name: alignment(part.s, ChartCV(name).evaluate(part.positions)) for name in others},
    }  # fmt: skip
