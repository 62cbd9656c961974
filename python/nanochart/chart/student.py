"""The student of a distillation: a small smooth network that learns the s of an encoder, and its gradients.

The loss has two parts, both relative and averaged over the CVs: the squared error of s, and, as in
Sobolev training (Czarnecki et al. 2017, arXiv:1706.04859), that of ds/dx. With dg = J dx the latter
is |J^T e|^2 = e^T (J J^T) e for an error e of ds/dg, so the metric J J^T, averaged over structures,
says which directions of g atoms can move in, and with what weight; only its leading directions are
compared. J itself is not needed in the loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

import numpy as np
import torch
from tqdm.auto import tqdm

from nanochart.chart.agreement import values_and_gradients
from nanochart.chart.dense import DenseNetwork
from nanochart.chart.optimisers import optimiser_of
from nanochart.chart.student_inputs import mixtures, structures
from nanochart.descriptor import RdfGrid, rdf, rdf_pullback

METRIC_STRUCTURES = 24
METRIC_SHARE = 0.9995  # of the trace of J J^T that the compared directions carry
WHITENING_FLOOR = 1e-3  # of the largest variance
KEPT_VARIANCE = 1e-7  # of the largest: g is smooth, so that a quarter of its directions hold all that varies
COARSEST_STEP = 0.55  # bandwidths: the spectrum of g ends there, points between can be told from these


@dataclass(frozen=True)
class StudentSettings:
    """The student and how it learns: SOAP, whose rate falls to zero as a cosine."""

    widths: tuple[int, ...] = (160, 96)
    activation: str = "silu"
    epochs: int = 100
    batch: int = 256
    rate: float = 1e-2
    gradient_weight: float = 3.0
    inputs: int = 48000
    seed: int = 0

    def __post_init__(self):
        if self.epochs < 1 or self.batch < 2 or self.inputs < 50:
            raise ValueError(f"epochs {self.epochs}, batch {self.batch} and inputs {self.inputs} must be at least "
                             "1, 2 and 50")  # fmt: skip
        if self.gradient_weight < 0:
            raise ValueError(f"gradient_weight is {self.gradient_weight}, must be >= 0")


def stride(grid: RdfGrid) -> int:
    """Points of the teacher's grid from one of the student's to the next: half a bandwidth, where the
    spectrum of g is down to exp(-2 pi^2) = 3e-9."""
    return max(1, int(COARSEST_STEP * grid.bandwidth / grid.step))


def student_grid(grid: RdfGrid) -> RdfGrid:
    """Every `stride`-th point of the teacher's grid."""
    step = stride(grid)
    return RdfGrid(grid.start, step * grid.step, -(-grid.bins // step), grid.bandwidth)


def metric(x: np.ndarray, grid: RdfGrid) -> np.ndarray:
    """J J^T [K,K] for one element, averaged over structures x[n,N,3]; J = dg/dx, 1/angstrom^2."""
    total = np.zeros((grid.bins, grid.bins))
    for frame in x:
        rows = np.stack([rdf_pullback(frame, grid, unit[None]).ravel() for unit in np.eye(grid.bins)])
        total += rows @ rows.T
    return total / len(x)


def train_student(
    teacher: Callable, hot: np.ndarray, cold: np.ndarray, grid: RdfGrid,
    settings: StudentSettings = StudentSettings(), progress: bool = True,
) -> tuple[DenseNetwork, list[float]]:  # fmt: skip
    """A DenseNetwork that reproduces teacher(g[B,C,K]) -> s[B,d] from every `stride`-th point of g, and
    its loss in each epoch.

    hot, cold : positions [n,N,3] (angstrom) of training structures and of their inherent ones.
    """
    step = stride(grid)
    x, _ = structures(hot, cold, settings.inputs, settings.seed)
    g = rdf(x, grid).astype(np.float32)
    g = np.concatenate([g, mixtures(g, settings.inputs // 8, settings.seed)])
    directions = leading_directions(metric(x[:METRIC_STRUCTURES], grid))
    s, gradients = values_and_gradients(teacher, g, progress)
    targets = gradients @ directions  # [n,d,r]
    if not (torch.isfinite(s).all() and torch.isfinite(targets).all()):
        raise ValueError("the teacher gives values or gradients that are not finite on its training data")
    del x, gradients

    # The student learns in whitened coordinates z of g, where all directions are alike, and which are few.
    g, directions = g[:, :, ::step], directions.view(g.shape[1], grid.bins, -1)[:, ::step].flatten(0, 1)
    mean, basis = whitening(g)
    z = (torch.as_tensor(g).flatten(1) - mean) @ basis
    to_directions = basis.T @ directions  # ds/dz [r'] -> ds along directions, since ds/dg = basis ds/dz
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        student = DenseNetwork(np.zeros(z.shape[1]), np.ones(z.shape[1]), settings.widths, s.shape[1],
                               settings.activation)  # fmt: skip
    history = _learn(student, z, s, targets, to_directions, settings, progress)
    return _fold(student, mean, basis, g), history


def leading_directions(metric: np.ndarray) -> torch.Tensor:
    """[K,r]: eigenvectors of the metric times the roots of their eigenvalues."""
    values, vectors = np.linalg.eigh(metric)
    values, vectors = values[::-1], vectors[:, ::-1]
    r = int(np.searchsorted(np.cumsum(values) / values.sum(), METRIC_SHARE)) + 1
    return torch.as_tensor(vectors[:, :r] * np.sqrt(values[:r]), dtype=torch.float32)


def whitening(g: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """mean [C*K] and basis [C*K,r]: (g - mean) @ basis has variances of at most about one."""
    flat = g.reshape(len(g), -1).astype(float)
    values, vectors = np.linalg.eigh(np.cov(flat, rowvar=False))
    kept = values > KEPT_VARIANCE * values[-1]
    basis = vectors[:, kept] / np.sqrt(values[kept] + WHITENING_FLOOR * values[-1])
    return torch.as_tensor(flat.mean(axis=0), dtype=torch.float32), torch.as_tensor(basis, dtype=torch.float32)


def _learn(student, z, s, targets, to_directions, settings, progress) -> list[float]:
    value_unit = s.var(dim=0)
    slope_unit = (targets**2).sum(dim=2).mean(dim=0)
    optimiser = optimiser_of("soap", student.parameters(), settings.rate)
    batches = -(-len(z) // settings.batch)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, settings.epochs * batches)
    rng, history = np.random.default_rng(settings.seed), []
    bar = tqdm(total=settings.epochs, unit="epoch", desc="student", disable=None if progress else True)
    for _ in range(settings.epochs):
        total = 0.0
        for rows in torch.as_tensor(rng.permutation(len(z))).split(settings.batch):
            x = z[rows].requires_grad_(True)
            y = student(x)
            loss = (((y - s[rows]) ** 2).mean(dim=0) / value_unit).mean()
            if settings.gradient_weight:
                slopes = [torch.autograd.grad(y[:, i].sum(), x, create_graph=True)[0] for i in range(y.shape[1])]
                error = torch.stack(slopes, dim=1) @ to_directions - targets[rows]
                loss = loss + settings.gradient_weight * ((error**2).sum(dim=2).mean(dim=0) / slope_unit).mean()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item() * len(rows)
        history.append(total / len(z))
        bar.update()
        bar.set_postfix(loss=f"{history[-1]:.2e}")
    bar.close()
    return history


def _fold(student: DenseNetwork, mean: torch.Tensor, basis: torch.Tensor, g: np.ndarray) -> DenseNetwork:
    """The same network on raw g: the whitening goes into the first layer."""
    scale = 1 / np.maximum(g.reshape(len(g), -1).std(axis=0), 1e-4 * g.std())
    widths = tuple(layer.out_features for layer in student.layers[:-1])
    activation = student.description()["activation"]
    folded = DenseNetwork(mean.numpy(), scale, widths, student.layers[-1].out_features, activation)
    first = student.layers[0].weight.detach().double() @ basis.double().T
    with torch.no_grad():
        for mine, theirs in zip(folded.layers, student.layers):
            mine.bias.copy_(theirs.bias)
        for mine, theirs in zip(folded.layers[1:], student.layers[1:]):
            mine.weight.copy_(theirs.weight)
        folded.layers[0].weight.copy_(first / torch.as_tensor(scale, dtype=torch.float64))
    return folded.eval()
