"""How well a student reproduces its teacher, on structures that neither learned from."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import torch
from tqdm.auto import tqdm

from nanochart.descriptor import RdfGrid, rdf, rdf_pullback

BATCH = 256


def values_and_gradients(module: Callable, g: np.ndarray, progress: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    """s[n,d] and ds/dg [n,d,C*K] (float32) of g[n,C,K]."""
    s, gradients = [], []
    for at in tqdm(range(0, len(g), BATCH), desc="teacher", unit="batch", disable=None if progress else True):
        x = torch.as_tensor(g[at : at + BATCH], dtype=torch.float32).requires_grad_(True)
        y = module(x)
        parts = [torch.autograd.grad(y[:, i].sum(), x, retain_graph=True)[0].flatten(1) for i in range(y.shape[1])]
        s.append(y.detach())
        gradients.append(torch.stack(parts, dim=1))
    return torch.cat(s), torch.cat(gradients)


def cosines(one: Callable, other: Callable, x: np.ndarray, grid: RdfGrid) -> np.ndarray:
    """Cosine [n,d] between ds_i/dx (3N-vectors) of two networks at structures x[n,N,3]."""
    g = rdf(x, grid).astype(np.float32)
    result = []
    for frame, *slopes in zip(x, *(values_and_gradients(f, g)[1].double().numpy() for f in (one, other))):
        a, b = (np.stack([rdf_pullback(frame, grid, row[None]).ravel() for row in rows]) for rows in slopes)
        result.append((a * b).sum(axis=1) / np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1)))
    return np.array(result)


def agreement(teacher: Callable, student: Callable, x: np.ndarray, kind: np.ndarray, grid: RdfGrid,
              slopes: int = 200) -> dict[str, Any]:  # fmt: skip
    """R^2 of each s_i over structures x[n,N,3], and mean and lowest percent of the cosine between the
    two ds_i/dx, over all and for each kind[n] of structure; gradients at up to `slopes` of a kind.

    Returns lists of d numbers: r2, cosine, cosine_lowest_percent, r2_KIND, cosine_KIND, .. and
    `unseen_structures`.
    """
    g = torch.as_tensor(rdf(x, grid).astype(np.float32))
    with torch.no_grad():
        s = [torch.cat([f(part) for part in g.split(512)]).double().numpy() for f in (teacher, student)]
    rows = {str(name): np.flatnonzero(kind == name) for name in np.unique(kind)}
    slope = {name: cosines(teacher, student, x[of[:slopes]], grid) for name, of in rows.items()}
    result: dict[str, Any] = {}
    for suffix, of, cosine in [("", np.arange(len(x)), np.concatenate(list(slope.values()))),
                               *((f"_{name}", rows[name], slope[name]) for name in rows)]:  # fmt: skip
        a, b = s[0][of], s[1][of]
        result[f"r2{suffix}"] = _rounded(1 - ((a - b) ** 2).mean(axis=0) / a.var(axis=0))
        result[f"cosine{suffix}"] = _rounded(cosine.mean(axis=0))
        result[f"cosine_lowest_percent{suffix}"] = _rounded(np.percentile(cosine, 1, axis=0))
    return result | {"unseen_structures": len(x)}


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(value), 5) for value in values]
