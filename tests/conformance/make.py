"""Makes the conformance files of this folder: `python tests/conformance/make.py`.

Everything that is a result - g, s, ds/dx, V, forces, virial - is plain numpy and PyTorch in float64 below, from the
formulas, without nanochart; only the format of the model files and of HILLS is nanochart's and PLUMED's.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import torch
from ase.cluster import Icosahedron
from torch import nn

torch.set_default_dtype(torch.float64)
HERE = Path(__file__).parent
GRID = dict(start=1.5, step=0.15, bins=80, bandwidth=0.2)
POINTS = torch.tensor(GRID["start"] + GRID["step"] * np.arange(GRID["bins"]))
CELLS = {
    "free": None,
    "orthogonal": [[27.0, 0, 0], [0, 28.5, 0], [0, 0, 26.0]],
    "triclinic": [[27.0, 0, 0], [6.0, 28.5, 0], [-5.0, 4.0, 26.0]],
}
SIGMA, TEMPERATURE = [0.4, 0.3], 400.0  # hills on s1 and s2


# ---- models ---------------------------------------------------------------------------------------------------


class Network(nn.Module):
    """A small trained-like network: g -> 16 -> 16 -> 3, float32, with a scaling of its input inside."""

    def __init__(self, channels: int):
        super().__init__()
        torch.manual_seed(7)
        size = channels * GRID["bins"]
        self.layers = nn.Sequential(nn.Linear(size, 16), nn.SiLU(), nn.Linear(16, 16), nn.SiLU(), nn.Linear(16, 3))

    def forward(self, g: torch.Tensor) -> torch.Tensor:
        return self.layers(20.0 * torch.flatten(g, 1))


def write_models() -> None:
    from nanochart import RdfGrid
    from nanochart.chart.export import export
    from nanochart.chart.linear import write_linear_model

    rng = np.random.default_rng(5)
    grid = RdfGrid(**GRID)
    for system, elements in (("Cu55", ["Cu"]), ("Ag13Cu42", ["Ag", "Cu"])):
        channels = len(elements) * (len(elements) + 1) // 2
        waves = [np.cos(rng.uniform(1, 3) * POINTS.numpy() + rng.uniform(0, 6)) for _ in range(3 * channels)]
        weights = 4 * np.reshape(waves, (3, -1))
        about = dict(elements=elements, atoms=55)
        write_linear_model(HERE / f"linear-{system}.pt", weights, grid, name=f"linear-{system}", **about)
        structures = [cluster(seed, noise) for seed in range(20) for noise in (0.05, 0.15, 0.3)]
        inputs = np.array([density(torch.tensor(x), species(elements), None)[0].numpy() for x in structures])
        export(Network(channels).float(), HERE / f"network-{system}.pt", name=f"network-{system}", grid=grid, inputs=inputs,
               **about)  # fmt: skip


def load(model: str) -> nn.Module:
    return torch.jit.load(str(HERE / model)).to(torch.float64).eval()


# ---- structures -----------------------------------------------------------------------------------------------


def cluster(seed: int, noise: float = 0.12) -> np.ndarray:
    """A shaken icosahedron of 55 atoms, copper distances; the first 13 are its inside."""
    x = Icosahedron("Cu", 3).positions
    x = x[np.argsort(np.linalg.norm(x - x.mean(0), axis=1), kind="stable")]
    return x - x.mean(0) + np.random.default_rng(seed).normal(size=x.shape) * noise


def species(elements: list[str]) -> list[int]:
    return [0] * 55 if len(elements) == 1 else [0] * 13 + [1] * 42


# ---- the formulas ---------------------------------------------------------------------------------------------


def density(x: torch.Tensor, kinds: list[int], cell: torch.Tensor | None, strain=None) -> torch.Tensor:
    """g[1,C,K]; of all images of a pair the nearest counts."""
    i, j = np.triu_indices(len(x), 1)
    difference = x[j] - x[i]
    if cell is not None:
        shifts = torch.tensor(list(itertools.product((-1.0, 0.0, 1.0), repeat=3))) @ cell
        images = difference[:, None] + shifts
        nearest = images.detach().norm(dim=-1).argmin(1)
        difference = images[torch.arange(len(i)), nearest]
    if strain is not None:
        difference = difference @ (torch.eye(3) + strain).T
    r = difference.norm(dim=-1)
    w = GRID["bandwidth"]
    peaks = torch.exp(-((POINTS - r[:, None]) ** 2) / (2 * w**2)) / (w * (2 * np.pi) ** 0.5)
    n = max(kinds) + 1
    channel_of = {pair: c for c, pair in enumerate(itertools.combinations_with_replacement(range(n), 2))}
    channel = np.array([channel_of[tuple(sorted((kinds[a], kinds[b])))] for a, b in zip(i, j)])
    return torch.stack([peaks[channel == c].sum(0) for c in range(len(channel_of))])[None] / len(i)


def hill(s: torch.Tensor, center, height: float) -> torch.Tensor:
    u = 0.5 * sum(((s[i] - c) / w) ** 2 for i, (c, w) in enumerate(zip(center, SIGMA)))
    a = 1 / (1 - np.exp(-6.25))
    return height * a * (torch.exp(-u) - np.exp(-6.25)) if u < 6.25 else 0 * s[0]


def energy(bias: dict, s: torch.Tensor) -> torch.Tensor:
    """V in eV."""
    if bias["type"] == "metadynamics":
        return sum(hill(s, center, height) for center, height in zip(bias["centers"], bias["heights"]))
    if bias["type"] == "wall":
        beyond = (s[bias["component"]] - bias["at"]) * (1 if bias["side"] == "upper" else -1)
        return bias["kappa"] * torch.clamp(beyond, min=0) ** bias["exp"]
    at = torch.tensor(bias["at"] if bias["type"] == "restraint" else place(bias))
    return (0.5 * torch.tensor(bias["kappa"]) * (s - at) ** 2).sum()


def place(bias: dict) -> np.ndarray:
    """Centre of a moving restraint with one leg at its step."""
    done = (bias["step"] - bias["first"]) / (bias["last"] - bias["first"])
    return (1 - done) * np.array(bias["start"]) + done * np.array(bias["to"])


def biases_near(s: np.ndarray) -> dict[str, dict]:
    """One of each kind, all of them felt at s."""
    near = lambda *shifts: [round(float(v + d), 2) for v, d in zip(s, shifts)]  # noqa: E731
    return {
        "hold": dict(type="restraint", at=near(0.3, -0.2, 0.5), kappa=[2.0, 0.5, 1.0]),
        "pull": dict(type="moving_restraint", start=near(0.6, 0.1, 0.0), to=near(-0.4, 0.3, 0.2), first=0, last=200,
                     kappa=[1.0, 1.5, 0.0], step=50),
        "low": dict(type="wall", side="lower", component=0, at=near(0.2)[0], kappa=3.0, exp=2.0),
        "high": dict(type="wall", side="upper", component=1, at=round(float(s[1] - 0.3), 2), kappa=5.0, exp=4.0),
        "meta": dict(type="metadynamics", sigma=SIGMA, centers=[near(0.1, 0.1), near(-0.5, 0.2), near(3.0, 3.0)],
                     heights=[0.1, 0.07, 0.05]),
    }  # fmt: skip


# ---- the files ------------------------------------------------------------------------------------------------


def case(name: str, model: str, elements: list[str], cell_name: str, seed: int) -> dict:
    x, cell, kinds = cluster(seed), CELLS[cell_name], species(elements)
    if cell is not None:  # astride a corner
        fractional = (x + [1.0, -2.0, 3.0]) @ np.linalg.inv(cell) % 1.0
        x = fractional @ np.array(cell)
    network = load(model)
    positions = torch.tensor(x, requires_grad=True)
    strain = torch.zeros(3, 3, requires_grad=True)
    g = density(positions, kinds, None if cell is None else torch.tensor(cell), strain)
    s = network(g)[0]
    gradients = [torch.autograd.grad(one, (positions, strain), retain_graph=True) for one in s]
    ds_dx, ds_dstrain = (torch.stack(part).numpy() for part in zip(*gradients))
    biases = biases_near(s.detach().numpy())
    total = np.zeros(3)
    for bias in biases.values():
        at = s.detach().clone().requires_grad_()
        v = energy(bias, at)
        slope = torch.autograd.grad(v, at)[0].numpy()
        bias.update(V=v.item(), dv_ds=slope.tolist())
        total += slope
    write_hills(HERE / f"{name}.HILLS", biases["meta"])
    return dict(
        model=model, elements=elements, symbols=[elements[k] for k in kinds], species=kinds,
        cell=cell, positions=x.tolist(), g=g.detach()[0].tolist(), s=s.tolist(), ds_dx=ds_dx.tolist(),
        ds_dstrain=ds_dstrain.tolist(), biases=biases, V=sum(bias["V"] for bias in biases.values()),
        forces=(-np.einsum("d,dna->na", total, ds_dx)).tolist(),
        virial=(-np.einsum("d,dab->ab", total, ds_dstrain)).tolist(),
    )  # fmt: skip


def write_hills(path: Path, meta: dict) -> None:
    names = ["chart.s1", "chart.s2"]
    lines = [f"#! FIELDS time {' '.join(names)} {' '.join('sigma_' + n for n in names)} height biasf"]
    lines += ["#! SET multivariate false", "#! SET kerneltype stretched-gaussian"]
    for time, (center, height) in enumerate(zip(meta["centers"], meta["heights"]), 1):
        lines.append(" ".join(repr(float(value)) for value in (time, *center, *meta["sigma"], height, -1)))
    path.write_text("\n".join(lines) + "\n")


def main() -> None:
    write_models()
    for number, (kind, system, elements, cell) in enumerate(
        [
            ("linear", "Cu55", ["Cu"], "free"),
            ("linear", "Cu55", ["Cu"], "orthogonal"),
            ("linear", "Cu55", ["Cu"], "triclinic"),
            ("linear", "Ag13Cu42", ["Ag", "Cu"], "free"),
            ("network", "Cu55", ["Cu"], "free"),
            ("network", "Ag13Cu42", ["Ag", "Cu"], "triclinic"),
        ]
    ):
        name = f"{kind}-{system}-{cell}"
        content = case(name, f"{kind}-{system}.pt", elements, cell, seed=number)
        (HERE / f"{name}.json").write_text(json.dumps(content) + "\n")
        print(name, "s =", np.round(content["s"], 3), "V =", round(content["V"], 4))


if __name__ == "__main__":
    main()
