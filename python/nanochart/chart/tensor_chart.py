"""A chart of PyTorch tensors, on the CPU or a GPU: kernel, network and their pull-backs as one CUDA graph."""

from __future__ import annotations

import torch

from nanochart.chart.chart_cv import ChartCV
from nanochart.chart.torch_rdf import _Rdf


class TensorChart:
    """s[d] and ds/dx[d,N,3] of one cluster after another, as molecular dynamics on a GPU needs them.

    On a CUDA device everything from positions to ds/dx is captured once and launched as one graph on the current
    stream; nothing waits for it. dV/dx = sum_i dV/ds_i ds_i/dx is then one small product.

    Parameters
    ----------
    model : as for `ChartCV`.
    device : torch device of positions and results.
    species : indices [N] into the model's elements; not needed for one element.

    Raises
    ------
    ValueError : as `ChartCV`; a CUDA device where nanochart or torch cannot use a GPU.
    """

    def __init__(self, model, device: str | torch.device = "cpu", species=None):
        chart = ChartCV(model)
        self.device, self.grid, self.dim = torch.device(device), chart.grid, chart.dim
        if self.device.type not in ("cpu", "cuda"):
            raise ValueError(f"device is {device}, must be cpu or cuda")
        if self.device.type == "cuda" and not torch.cuda.is_available():
            raise ValueError(f"device is {device}, but torch {torch.__version__} finds no GPU: give device cpu")
        self.kinds = len(chart.metadata["elements"])
        atoms = chart.metadata["atoms"]
        if (species is None) != (self.kinds == 1) or (species is not None and len(species) != atoms):
            raise ValueError(f"species must be {atoms} indices for a model of {chart.metadata['elements']}")
        self.species = None if species is None else torch.as_tensor(species, dtype=torch.int32).to(self.device)
        self.dtype = getattr(torch, chart.metadata["dtype"])
        self.encoder = torch.jit.load(chart.path, map_location=self.device).eval()
        for parameter in self.encoder.parameters():
            parameter.requires_grad_(False)
        self.x = torch.randn((atoms, 3), dtype=torch.float64, generator=torch.Generator().manual_seed(0)).to(self.device)
        self.graph = self._capture() if self.device.type == "cuda" else None

    def evaluate(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """s[d] and ds/dx[d,N,3], 1/angstrom, float64, at x[N,3] (float64); on a GPU overwritten by the next call."""
        if x.shape != self.x.shape or x.dtype != self.x.dtype or x.device.type != self.device.type:
            raise ValueError(f"x is {tuple(x.shape)} of {x.dtype} on {x.device}, must be {tuple(self.x.shape)} of "
                             f"{self.x.dtype} on {self.device}")  # fmt: skip
        self.x.copy_(x)
        if self.graph is None:
            return self._compute()
        self.graph.replay()
        return self.results

    def _compute(self) -> tuple[torch.Tensor, torch.Tensor]:
        # A copy for each s_i: one pull-back of the batch gives all ds_i/dx.
        copies = self.x.detach().expand(self.dim, -1, -1).contiguous().requires_grad_()
        g = _Rdf.apply(copies, self.grid, self.kinds, self.species)
        with torch.jit.optimized_execution(False):
            s = self.encoder(g.to(self.dtype)).double()
        (ds_dx,) = torch.autograd.grad(s.diagonal().sum(), copies)
        return s[0].detach(), ds_dx

    def _capture(self) -> torch.cuda.CUDAGraph:
        graph, stream = torch.cuda.CUDAGraph(), torch.cuda.Stream(self.device)
        with torch.cuda.stream(stream):
            for _ in range(3):  # first calls allocate
                self._compute()
            stream.synchronize()
            with torch.cuda.graph(graph, stream=stream):
                self.results = self._compute()
        return graph
