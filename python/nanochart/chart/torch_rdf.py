"""The descriptor of PyTorch tensors, on the CPU or a GPU, with its gradient."""

from __future__ import annotations

import functools

import torch

from nanochart import _core
from nanochart.descriptor import RdfGrid, _rdf


def rdf(x: torch.Tensor, grid: RdfGrid, species: torch.Tensor | None = None) -> torch.Tensor:
    """g[C,K] of positions x[N,3], or g[n,C,K] of a batch [n,N,3], as `nanochart.rdf`.

    Differentiable twice in x: the pull-back is the kernel's, the exact derivative of g. What is behind it
    (a loss on forces, say) takes torch operations on all pairs: O(n N^2) memory, only when it is asked for.

    Parameters
    ----------
    x : float64, on the CPU or on a CUDA device, where it stays: g is there too, and work is queued
        on the current stream without waiting for it.
    species : int32 indices 0..S-1 of each atom [N], on x's device; None: one element.

    Raises
    ------
    ValueError : wrong shapes or types; a CUDA tensor where nanochart cannot use a GPU. On the CPU
        also coordinates that are not finite and two atoms at one place: on a GPU, which nobody
        waits for, such a frame's g is NaN.
    """
    if x.dtype != torch.float64 or x.ndim not in (2, 3) or x.shape[-1] != 3 or x.shape[-2] < 2:
        raise ValueError(f"x is {tuple(x.shape)} of {x.dtype}, must be [N,3] or [n,N,3] of torch.float64, N >= 2")
    kinds = 1
    if species is not None:
        if species.dtype != torch.int32 or species.shape != x.shape[-2:-1] or species.device != x.device:
            raise ValueError(
                f"species is {tuple(species.shape)} of {species.dtype} on {species.device}, must be "
                f"({x.shape[-2]},) of torch.int32 on {x.device}"
            )
        if int(species.min()) < 0:
            raise ValueError("species has negative indices, must be 0, 1, ..")
        kinds = int(species.max()) + 1
    g = _Rdf.apply(x if x.ndim == 3 else x[None], grid, kinds, species)
    return g if x.ndim == 3 else g[0]


class _Rdf(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, grid, kinds, species):
        ctx.save_for_backward(x)
        ctx.where = grid, kinds, species
        return _value(x.detach().contiguous(), grid, kinds, species)

    @staticmethod
    def backward(ctx, dv_dg):
        (x,) = ctx.saved_tensors
        return _Pullback.apply(x, dv_dg, *ctx.where), None, None, None


class _Pullback(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, dv_dg, grid, kinds, species):
        ctx.save_for_backward(x, dv_dg)
        ctx.where = grid, kinds, species
        return _pullback(x.detach().contiguous(), grid, kinds, species, dv_dg.detach().contiguous())

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, along):
        x, dv_dg = (tensor.detach().requires_grad_() for tensor in ctx.saved_tensors)
        with torch.enable_grad():
            (dv_dx,) = torch.autograd.grad(_by_operations(x, *ctx.where), x, dv_dg, create_graph=True)
            return *torch.autograd.grad(dv_dx, (x, dv_dg), along), None, None, None


def _by_operations(x, grid, kinds, species):
    """g[n,C,K] by torch operations, for derivatives of higher order: the same spline, so the same g."""
    lattice, taps = _core.rdf_lattice(grid.start, grid.step, grid.bins, grid.bandwidth)
    n, atoms = x.shape[:2]
    i, j = torch.triu_indices(atoms, atoms, 1, device=x.device)
    x = x * lattice["scale"]
    r2 = (x[:, j] - x[:, i]).square().sum(-1).clamp(lattice["lowest2"], lattice["farthest2"])
    u = r2.sqrt() + lattice["shift"]
    cell = u.detach().round()
    t = u - cell
    powers = torch.stack([torch.ones_like(t), t, t**2, t**3], -1)
    weights = powers @ torch.tensor(_core.spline_coefficients(), dtype=x.dtype, device=x.device).T  # [n,pairs,4]
    channel = torch.zeros_like(i)
    if species is not None:
        low, high = torch.minimum(species[i], species[j]).long(), torch.maximum(species[i], species[j]).long()
        channel = low * kinds - low * (low - 1) // 2 + high - low
    channels, beyond = kinds * (kinds + 1) // 2, 4  # nodes that no grid point sees, at both ends
    width = lattice["nodes"] + 2 * beyond
    first = (torch.arange(n, device=x.device)[:, None] * channels + channel) * width + cell.long() - 4 + beyond
    nodes = first[..., None] + torch.arange(4, device=x.device)
    rho = x.new_zeros(n * channels * width).index_add(0, nodes.flatten(), weights.flatten())
    rho = rho.view(n * channels, 1, width)[..., beyond:-beyond]
    taps = torch.tensor(taps, dtype=x.dtype, device=x.device)
    g = torch.nn.functional.conv1d(rho, taps[None, None], stride=lattice["refine"])
    return g.view(n, channels, grid.bins) / len(i)


def _value(x, grid, kinds, species):
    if x.device.type == "cpu":
        of = None if species is None else species.numpy()
        return torch.from_numpy(_rdf(grid, kinds).value(x.numpy(), of, torch.get_num_threads()))
    kernel, parts = _on_gpu(x, grid, kinds)
    g = torch.empty((len(x), kernel.channels, grid.bins), dtype=x.dtype, device=x.device)
    for part in parts:
        kernel.value(len(x[part]), x.shape[1], x[part].data_ptr(), _address(species), g[part].data_ptr(), _stream(x))
    return g


def _pullback(x, grid, kinds, species, dv_dg):
    if x.device.type == "cpu":
        of = None if species is None else species.numpy()
        return torch.from_numpy(_rdf(grid, kinds).pullback(x.numpy(), of, dv_dg.numpy(), torch.get_num_threads())[0])
    kernel, parts = _on_gpu(x, grid, kinds)
    dv_dx = torch.empty_like(x)
    for part in parts:
        kernel.pullback(
            len(x[part]), x.shape[1], x[part].data_ptr(), _address(species), dv_dg[part].data_ptr(),
            dv_dx[part].data_ptr(), _stream(x),
        )  # fmt: skip
    return dv_dx


FRAMES = 4096  # in one part of a batch: workspace of 16 bytes a lattice node each


def _on_gpu(x, grid, kinds):
    if x.device.type != "cuda":
        raise ValueError(f"x is on {x.device}, must be on the CPU or a CUDA device")
    with torch.cuda.device(x.device):
        kernel = _cuda_kernel(grid, kinds, min(FRAMES, len(x)), x.device, _stream(x))
    return kernel, [slice(i, i + FRAMES) for i in range(0, len(x), FRAMES)]


@functools.lru_cache(maxsize=8)
def _cuda_kernel(grid, kinds, frames, device, stream):
    """A workspace of its own for each stream, since calls on two streams may overlap."""
    return _core.RdfCuda(grid.start, grid.step, grid.bins, grid.bandwidth, kinds, frames)


def _address(tensor: torch.Tensor | None) -> int:
    return 0 if tensor is None else tensor.data_ptr()


def _stream(x: torch.Tensor) -> int:
    return torch.cuda.current_stream(x.device).cuda_stream
