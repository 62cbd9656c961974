"""Pictures of free energies: curves, maps, and the three-dimensional landscape as a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .style import family_colours, plt, save

UP_TO = 15.0  # kT; higher places are not shown


def free_energy(landscape, path: Path, title: str = "", before: Sequence = (), marks: dict | None = None) -> None:
    """F(s) in kT: one coordinate as a curve with its error, two as a map, three as maps of each pair.

    Parameters
    ----------
    landscape
        nanochart.sampling.free_energy.FreeEnergy of 1 to 3 coordinates.
    before
        (label, FreeEnergy) of one coordinate, drawn paler below the curve: how it came to be.
    marks
        name -> its place, one number for each coordinate: written on maps and curves.
    """
    from matplotlib.patheffects import withStroke

    names = landscape.names
    if len(names) == 1:
        figure, axis = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
        _curve(axis, landscape, before)
        for name, (place,) in (marks or {}).items():
            axis.axvline(place, color="0.6", lw=0.5, zorder=0)
            axis.annotate(name, (place, 1), xycoords=("data", "axes fraction"), rotation=90, fontsize=6, va="top")
    else:
        pairs = [(i, j) for i in range(len(names)) for j in range(i + 1, len(names))]
        figure, axes = plt.subplots(1, len(pairs), figsize=(5.2 * len(pairs), 4.4), layout="constrained", squeeze=False)
        for axis, (i, j) in zip(axes[0], pairs):
            shown = _map(axis, landscape.projected([names[i], names[j]]))
            for name, place in (marks or {}).items():
                axis.plot(place[i], place[j], "o", ms=3, mfc="w", mec="k", mew=0.6)
                axis.annotate(name, (place[i], place[j]), xytext=(3, 2), textcoords="offset points", fontsize=6,
                              path_effects=[withStroke(linewidth=1.2, foreground="w")])  # fmt: skip
        figure.colorbar(shown, ax=axes[0].tolist(), label="F (kT)")
    figure.suptitle(title)
    save(figure, path)


def _curve(axis, landscape, before) -> None:
    (s,), f = landscape.axes, landscape.values / landscape.kt
    for (label, old), shade in zip(before, np.linspace(0.85, 0.5, max(len(before), 1))):
        axis.plot(old.axes[0], np.where(old.values < UP_TO * old.kt, old.values / old.kt, np.nan),
                  color=str(shade), lw=0.9, label=label)  # fmt: skip
    f = np.where(f < UP_TO, f, np.nan)
    axis.plot(s, f, color="#2f6db3", label="all" if before else None)
    if landscape.errors is not None:
        error = landscape.errors / landscape.kt
        axis.fill_between(s, f - error, f + error, color="#2f6db3", alpha=0.25, lw=0)
    axis.set(xlabel=landscape.names[0], ylabel="F (kT)")
    if before:
        axis.legend(frameon=False)


def _map(axis, landscape):
    x, y = landscape.axes
    f = np.ma.masked_greater(landscape.values / landscape.kt, UP_TO)
    shown = axis.pcolormesh(x, y, f.T, cmap="viridis", vmin=0, vmax=UP_TO, shading="nearest")
    if min(f.shape) > 1:
        axis.contour(x, y, f.T, levels=np.arange(1, UP_TO, 2), colors="w", linewidths=0.4)
    axis.set(xlabel=landscape.names[0], ylabel=landscape.names[1])
    return shown


def landscape_page(landscape, path: Path, title: str = "", marks: dict | None = None) -> None:
    """F(s) of three coordinates as a page that turns in any browser, without the network.

    Surfaces of equal F from 1 kT to 10 kT; `marks` as in `free_energy`.
    """
    import plotly.graph_objects as go

    if len(landscape.names) != 3:
        raise ValueError(f"a landscape page shows 3 coordinates, not {len(landscape.names)}")
    places = np.meshgrid(*landscape.axes, indexing="ij")
    f = np.minimum(landscape.values / landscape.kt, 2 * UP_TO)
    top = min(10.0, float(f.max()))
    surfaces = go.Isosurface(
        **{axis: place.ravel() for axis, place in zip("xyz", places)}, value=f.ravel(), isomin=min(1.0, top / 2),
        isomax=top, surface_count=6, opacity=0.25, colorscale="Viridis", colorbar_title="F (kT)",
        caps=dict(x_show=False, y_show=False, z_show=False), hovertemplate="F = %{value:.1f} kT<extra></extra>",
    )  # fmt: skip
    figure = go.Figure(surfaces)
    for (name, place), colour in zip((marks or {}).items(), family_colours(len(marks or {}))):
        figure.add_scatter3d(x=[place[0]], y=[place[1]], z=[place[2]], mode="markers+text", text=[name],
                             marker=dict(size=5, color=colour), name=name)  # fmt: skip
    x, y, z = landscape.names
    figure.update_layout(title=title, scene=dict(xaxis_title=x, yaxis_title=y, zaxis_title=z), margin=dict(l=0, r=0, b=0))
    figure.write_html(path, include_plotlyjs=True, full_html=True)
