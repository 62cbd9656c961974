"""The sum over all pairs of Gaussians, at each point of a grid, made of PLUMED's own actions; LENGTH=A, 147 atoms."""

from __future__ import annotations

from nanochart import RdfGrid

DISTANCES = "d: DISTANCES GROUP=1-147 NOPBC\n"


def gaussians(grid: RdfGrid) -> tuple[list[str], str]:
    """For each point, the Gaussians of all distances and their sum: what one would write first."""
    lines, w = [], grid.bandwidth
    for i, r in enumerate(grid.points):
        lines.append(f"k{i}: CUSTOM ARG=d FUNC=exp(-0.5*((x-{r:.12g})/{w:.12g})^2)/({w:.12g}*sqrt(2*pi)) PERIODIC=NO\n")
        lines.append(f"g{i}: SUM ARG=k{i} PERIODIC=NO\n")
    return [f"g{i}" for i in range(grid.bins)], DISTANCES + "".join(lines)


def density(grid: RdfGrid) -> tuple[list[str], str]:
    """PLUMED's kernel density on a grid, which leaves out what is far from a point, here beyond 5 w.

    PYTORCH_MODEL takes scalars, and the one action that makes a scalar of a grid and passes forces back is a sum
    over it: so the density is multiplied by a grid that is 1 at one point, for each point. The grid reaches beyond
    the points on both sides, for the Gaussians of distances there.
    """
    below, above = round(grid.start / grid.step), 20  # the first point is a multiple of the step
    bins = below + grid.bins - 1 + above
    where = f"GRID_MIN=0 GRID_MAX={bins * grid.step:.15g} GRID_BIN={bins}"
    lines = [f"h: KDE ARG=d {where} BANDWIDTH={grid.bandwidth:.12g} CUTOFF=12.5 IGNORE_IF_OUT_OF_RANGE\n"]
    for i, r in enumerate(grid.points):
        one = f"step(x-{r - grid.step / 2:.12g})*step({r + grid.step / 2:.12g}-x)"
        lines.append(f"x{i}: REFERENCE_GRID {where} PERIODIC=NO FUNC={one}\n")
        lines.append(f"y{i}: CUSTOM ARG=h,x{i} FUNC=x*y PERIODIC=NO\n")
        lines.append(f"g{i}: SUM_GRID ARG=y{i} PERIODIC=NO\n")
    return [f"g{i}" for i in range(grid.bins)], DISTANCES + "".join(lines)


# Name, input, few and many steps. The network is that of Au147: of networks with convolutions, as Au147-charting,
# PYTORCH_MODEL of PLUMED 2.10 gives no derivatives, since it prepares all with torch.jit.optimize_for_inference.
MODEL = "Au147"
WAYS = (("KDE and 340 SUM_GRID", density, 2, 102), ("340 CUSTOM and SUM", gaussians, 1, 3))
