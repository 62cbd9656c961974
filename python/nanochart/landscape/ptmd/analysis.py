"""What a parallel-tempering run tells: exchange statistics, heat capacity, lost atoms.

The heat capacity is by MBAR (M. R. Shirts, J. D. Chodera, J. Chem. Phys. 129, 124105, 2008,
doi:10.1063/1.2978177). All rungs share one Hamiltonian, so its equations depend on the potential
energy alone and are solved on a fine energy histogram (then known as WHAM), which takes 10^6
samples as easily as 10^3.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from ase.units import kB
from scipy.special import logsumexp
from tqdm import tqdm

from .log import cluster_pieces
from .record import Record

BLOCKS = 10
LEAST_SWAPS = 100  # swap periods that a summary needs


class TooShort(ValueError):
    """A run has too few swap periods for a summary yet."""


def acceptance(record: Record) -> tuple[np.ndarray, np.ndarray]:
    """Swaps tried and accepted [rungs - 1] between each rung and the next above it."""
    rungs = record.settings.replicas
    tried, accepted = np.zeros((2, rungs - 1), int)
    for before, after in record.swap_moves():
        for parity in (0, 1):
            old, new = before[parity::2], after[parity::2]
            tried[parity::2] += len(old)
            moved, replica = np.nonzero(new == old + 1)
            accepted += np.bincount(old[moved, replica], minlength=rungs)[:-1]
    return tried, accepted


def round_trips(order: np.ndarray) -> np.ndarray:
    """Times that each replica went from the lowest rung to the highest and back; order[n, replicas]."""
    trips = np.zeros(order.shape[1], int)
    for replica, rungs in enumerate(order.T):
        ends = rungs[(rungs == 0) | (rungs == order.shape[1] - 1)]
        visits = ends[np.flatnonzero(np.diff(ends, prepend=-1))]  # each stay at an end counts once
        trips[replica] = max((np.count_nonzero(visits == 0) - 1), 0)
    return trips


def gaps(energies: np.ndarray) -> np.ndarray:
    """Rungs k after which all energies of energies[n, rungs] lie above all those of the rungs up to k.

    MBAR has a solution there too, but how much the two sides weigh against each other is then not
    measured by any sample.
    """
    highest = np.maximum.accumulate(energies.max(0))[:-1]
    lowest = np.minimum.accumulate(energies.min(0)[::-1])[::-1][1:]
    return np.flatnonzero(highest < lowest)


def density_of_states(energies: np.ndarray, temperatures: np.ndarray,
                      width: float = 0.01) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Energies [m] (eV) and log of the density of states [m], up to a constant.

    energies[n, rungs] are sampled at temperatures[rungs] (K). MBAR on bins of `width` eV:
    Omega_m = H_m / sum_k N_k exp(f_k - E_m/kT_k), exp(-f_k) = sum_m Omega_m exp(-E_m/kT_k).
    The bins' width adds width^2/12 to a variance of energy, 1e-5 eV^2 where a cluster of 100 atoms
    at 300 K has 0.1. Raises ValueError if the rungs' energies do not overlap.
    """
    low = energies.min()
    bins = ((energies - low) / width).astype(int)
    counts = np.stack([np.bincount(b, minlength=bins.max() + 1) for b in bins.T])
    if len(gaps(energies)):
        raise ValueError("ptmd: energies of neighbouring rungs do not overlap; use more temperatures")
    used = counts.sum(0) > 0
    e = low + (np.flatnonzero(used) + 0.5) * width
    beta_e = np.outer(1 / (kB * np.asarray(temperatures)), e - low)
    h, n = counts.sum(0)[used], len(energies)

    def convex(f):  # its minimum solves the equations; f_0 = 0
        f = np.concatenate([[0.0], f])
        log_p = f[:, None] - beta_e
        log_sum = logsumexp(log_p, axis=0)
        p = np.exp(log_p - log_sum)
        gradient = p @ h - n
        hessian = np.diag(p @ h) - (p * h) @ p.T
        return (h @ log_sum - n * f.sum()) / n, gradient[1:] / n, hessian[1:, 1:] / n

    # df/dbeta = <E>: thermodynamic integration is a start from which Newton needs few steps
    beta, mean = beta_e[:, -1] / (e[-1] - low), energies.mean(0) - low
    f = np.cumsum(np.diff(beta) * (mean[1:] + mean[:-1]) / 2)
    for _ in range(100):
        value, gradient, hessian = convex(f)
        if np.max(np.abs(gradient)) < 1e-9:
            f = np.concatenate([[0.0], f])
            return e, np.log(h / n) - logsumexp(f[:, None] - beta_e, axis=0)
        step = -np.linalg.solve(hessian, gradient)
        scale = 1.0
        while convex(f + scale * step)[0] > value + 1e-12 and scale > 1e-6:
            scale /= 2
        f = f + scale * step
    raise RuntimeError("ptmd: free energies of the rungs did not converge")


def heat_capacity(energies: np.ndarray, temperatures: np.ndarray, at: np.ndarray, degrees: int) -> np.ndarray:
    """Heat capacity [len(at)] in k_B at the temperatures `at` (K), with the kinetic part degrees/2.

    Rungs on either side of a gap in energy (see `gaps`) are taken by themselves, and between them, as
    for a rung with a gap on both sides, the result is NaN.
    """
    at, found = np.asarray(at), np.full(len(at), np.nan)
    for rungs in np.split(np.arange(energies.shape[1]), gaps(energies) + 1):
        if len(rungs) == 1:
            continue
        t = np.asarray(temperatures)[rungs]
        inside = (at >= t[0]) | (rungs[0] == 0)
        inside &= (at <= t[-1]) | (rungs[-1] == energies.shape[1] - 1)
        e, log_omega = density_of_states(energies[:, rungs], t)
        log_weight = log_omega - (e - e[0]) / (kB * at[inside, None])
        weight = np.exp(log_weight - logsumexp(log_weight, axis=1, keepdims=True))
        mean = weight @ e
        found[inside] = (weight @ e**2 - mean**2) / (kB * at[inside]) ** 2 + degrees / 2
    return found


def block_error(values: np.ndarray, blocks: int = BLOCKS) -> np.ndarray:
    """Standard error of the mean over the first axis, from means of `blocks` stretches of time."""
    means = np.stack([part.mean(axis=0) for part in np.array_split(values, blocks)])
    return means.std(axis=0, ddof=1) / np.sqrt(blocks)


@dataclass(frozen=True)
class Summary:
    """Per rung unless said otherwise; energies in eV, temperatures in K, heat capacity in k_B.

    Energies, temperatures and heat capacity leave out the first fifth of the run. Between the two
    temperatures of each of `gaps` no energy was met: the heat capacity there, or its error, is NaN.
    """

    steps: int
    nanoseconds: float
    frames: int
    temperatures: list[float]
    kinetic_temperatures: list[float]
    kinetic_errors: list[float]
    energies: list[float]
    energy_errors: list[float]
    acceptance: list[float]
    round_trips: list[int]  # per replica
    heat_capacity_at: list[float]
    heat_capacity: list[float]
    heat_capacity_errors: list[float]
    lost_atoms: list[dict]  # of each replica's first frame in several pieces
    gaps: list[list[float]] = field(default_factory=list)

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")


def lost_atoms(record: Record) -> list[dict]:
    """First frame of each replica that is not in one piece, as {replica, step, temperature, pieces}."""
    found: dict[int, dict] = {}
    expected = record.last // record.settings.frame * record.settings.replicas
    for frame in tqdm(record.frames(), total=expected, desc="frames in one piece?", unit="frame", mininterval=1):
        if frame.replica not in found and (n := cluster_pieces(frame.positions)) > 1:
            found[frame.replica] = dict(replica=frame.replica, step=frame.step,
                                        temperature=frame.temperature, pieces=n)  # fmt: skip
    return list(found.values())


def summarise(record: Record) -> Summary:
    """All figures of a run so far. Raises TooShort for fewer than 100 swap periods."""
    s = record.settings
    if len(record.steps) < LEAST_SWAPS:
        raise TooShort(f"ptmd: {record.folder} has {len(record.steps)} swap periods so far, needs {LEAST_SWAPS} for a "
                       "summary")
    skip = len(record.steps) // 5
    potential, kinetic = (record.by_rung(e)[skip:] for e in record.energies)
    t = np.array(s.temperatures)
    kelvin = 2 * kinetic / (s.degrees * kB)
    grid = np.linspace(t[0], t[-1], 141)
    parts = np.array_split(np.arange(len(potential)), BLOCKS)
    # NaN, so without an error, where rungs on either side of melting overlap in a single stretch
    blocks = np.stack([heat_capacity(np.delete(potential, part, axis=0), t, grid, s.degrees) for part in parts])
    jackknife = np.sqrt((BLOCKS - 1) * blocks.var(axis=0))
    tried, accepted = acceptance(record)
    return Summary(
        steps=record.last,
        nanoseconds=record.last * s.timestep / 1000,
        frames=record.last // s.frame * s.replicas,
        temperatures=t.tolist(),
        kinetic_temperatures=kelvin.mean(0).tolist(),
        kinetic_errors=block_error(kelvin).tolist(),
        energies=potential.mean(0).tolist(),
        energy_errors=block_error(potential).tolist(),
        acceptance=(accepted / np.maximum(tried, 1)).tolist(),
        round_trips=round_trips(record.order).tolist(),
        heat_capacity_at=grid.tolist(),
        heat_capacity=heat_capacity(potential, t, grid, s.degrees).tolist(),
        heat_capacity_errors=jackknife.tolist(),
        lost_atoms=lost_atoms(record),
        gaps=[[float(t[k]), float(t[k + 1])] for k in gaps(potential)],
    )


def table(summary: Summary) -> str:
    """The summary as text, one line a rung."""
    lines = ["rung   T (K)  kinetic T (K)       energy (eV)        swaps up"]
    for k, t in enumerate(summary.temperatures):
        up = f"{summary.acceptance[k]:8.0%}" if k < len(summary.acceptance) else ""
        lines.append(
            f"{k:4d} {t:7.2f}  {summary.kinetic_temperatures[k]:7.2f} +- {summary.kinetic_errors[k]:4.2f}  "
            f"{summary.energies[k]:10.3f} +- {summary.energy_errors[k]:5.3f}  {up}"
        )
    c = np.array(summary.heat_capacity)
    highest = "no heat capacity"
    if np.isfinite(c).any():
        k = int(np.nanargmax(c))
        highest = f"heat capacity highest, {c[k]:.0f} k_B, at {summary.heat_capacity_at[k]:.0f} K"
    lines.append(
        f"{summary.nanoseconds:.3f} ns a replica, {summary.frames} frames, {sum(summary.round_trips)} round trips; "
        f"{highest}"
    )
    for low, high in summary.gaps:
        lines.append(
            f"WARNING: energies at {low:g} K and below lie apart from those at {high:g} K and above: no heat capacity "
            f"between them; give more temperatures there (--ladder, in a new run), or a longer run"
        )
    without = np.array(summary.heat_capacity_at)[np.isfinite(c) & np.isnan(summary.heat_capacity_errors)]
    if len(without):
        lines.append(
            f"WARNING: heat capacity between {without[0]:.0f} and {without[-1]:.0f} K is without error: it rests on a "
            "single stretch of the run, in which the rungs' energies overlap; give more temperatures there, or a "
            "longer run"
        )
    for lost in summary.lost_atoms:
        lines.append(
            f"LOST ATOMS: replica {lost['replica']} is in {lost['pieces']} pieces at step {lost['step']} "
            f"({lost['temperature']:g} K); lower the ladder, or keep atoms near with --wall"
        )
    return "\n".join(lines)
