"""The descriptor of PyTorch tensors, on the CPU or a GPU, with its gradient."""

from __future__ import annotations

import functools

import torch

from nanochart import _core
from nanochart.descriptor import RdfGrid, _rdf


def rdf(x: torch.Tensor, grid: RdfGrid, species: torch.Tensor | None = None) -> torch.Tensor:
    """g[C,K] of positions x[N,3], or g[n,C,K] of a batch [n,N,3], as `nanochart.rdf`.

    Differentiable once in x: the pull-back is the exact derivative of g, but is itself not
    differentiable. Nothing here needs more, since networks are trained on g, not through it.

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
        x = x.detach().contiguous()
        ctx.save_for_backward(x)
        ctx.where = grid, kinds, species
        return _value(x, grid, kinds, species)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, dv_dg):
        (x,) = ctx.saved_tensors
        return _pullback(x, *ctx.where, dv_dg.contiguous()), None, None, None


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
