"""The chart in three dimensions, and what lies on it against temperature and distance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .style import LABEL_COLOURS, family_colours, plain_numbers, plt, save

MANY = 20_000  # points in a picture; more are thinned out


def chart(s: np.ndarray, labels: np.ndarray, family: np.ndarray, families: Sequence[str], energy: np.ndarray,
          temperature: np.ndarray, path: Path, title: str = "") -> None:  # fmt: skip
    """The chart four times: coloured by label, family, energy and temperature.

    s[n,d], labels[n] (names), family[n] (numbers, -1: none), families (their names), energy[n]
    (eV), temperature[n] (K). The first three components are drawn (two if d is 2).
    """
    keep = np.random.default_rng(0).permutation(len(s))[:MANY]  # also the order of drawing
    s, labels, family, energy, temperature = (a[keep] for a in (s, labels, family, energy, temperature))
    solid = s.shape[1] >= 3
    figure = plt.figure(figsize=(12, 10.5), layout="constrained")
    axes = [figure.add_subplot(2, 2, i + 1, projection="3d" if solid else None) for i in range(4)]
    size = np.clip(6e4 / len(s), 0.8, 10)
    columns = s.T[:3] if s.shape[1] > 1 else np.array([s[:, 0], energy])

    _groups(axes[0], columns, [(name, colour, labels == name) for name, colour in LABEL_COLOURS.items()], size)
    axes[0].set_title("label")
    colours = family_colours(len(families))
    _groups(axes[1], columns, [(None, colour, family == k) for k, colour in enumerate(colours)], size)
    for k in range(len(families)):
        if (family == k).any():
            axes[1].text(*np.median(columns[:, family == k], axis=1), str(k), fontsize=8, weight="bold", ha="center")
    axes[1].set_title(f"family ({len(families)})")
    for axis, values, name in ((axes[2], energy - energy.min(), "energy above the lowest (eV)"),
                               (axes[3], temperature, "temperature (K)")):  # fmt: skip
        good = np.isfinite(values)
        top = np.quantile(values[good], 0.995) if good.any() else 1.0
        points = axis.scatter(*columns[:, good], c=values[good], s=size, lw=0, cmap="viridis", vmax=top)
        figure.colorbar(points, ax=axis, shrink=0.6, pad=0.1 if solid else 0.02)
        axis.set_title(name)
    for axis in axes:
        axis.set_xlabel("$s_1$")
        axis.set_ylabel("$s_2$" if s.shape[1] > 1 else "energy (eV)")
        if solid:
            axis.set_zlabel("$s_3$")
            axis.set_box_aspect(None, zoom=0.97)  # room for the labels
    axes[0].legend(loc="upper left", markerscale=8 / size**0.5, frameon=False, fontsize=9)
    figure.suptitle(title)
    save(figure, path, dpi=120)


def _groups(axis, columns: np.ndarray, groups, size: float) -> None:
    """All points in one call, so that what is drawn last does not hide the rest; and a legend."""
    colour = np.full(columns.shape[1], "#d0d0d0", dtype=object)
    for name, shade, chosen in groups:
        colour[chosen] = shade
        if name and chosen.any():
            axis.scatter(*([np.nan] for _ in columns), s=size, color=shade, label=name)
    axis.scatter(*columns, c=list(colour), s=size, lw=0)


def rdf_bands(g: np.ndarray, distances: np.ndarray, labels: np.ndarray, path: Path, title: str = "") -> None:
    """Per label the band that holds 90 % of its g[n,K] at each distance [K] (A), and its median."""
    names = [name for name in LABEL_COLOURS if (labels == name).any()]
    figure, axes = plt.subplots(len(names), 1, figsize=(7.5, 1.35 * len(names) + 0.8), sharex=True, sharey=True,
                                layout="constrained", squeeze=False)  # fmt: skip
    for axis, name in zip(axes[:, 0], names):
        low, middle, high = np.quantile(g[labels == name], (0.05, 0.5, 0.95), axis=0)
        axis.fill_between(distances, low, high, color=LABEL_COLOURS[name], alpha=0.35, lw=0)
        axis.plot(distances, middle, color=LABEL_COLOURS[name], lw=1)
        axis.text(0.99, 0.85, f"{name}  {np.count_nonzero(labels == name):,}", transform=axis.transAxes, ha="right", va="top")
        axis.margins(x=0)
    axes[0, 0].set_ylim(bottom=0)
    axes[-1, 0].set_xlabel(r"distance ($\mathrm{\AA}$)")
    figure.supylabel(r"g ($\mathrm{\AA}^{-1}$)", fontsize=10)
    figure.suptitle(title)
    save(figure, path)


def fractions(temperatures: np.ndarray, by_label: np.ndarray, labels: Sequence[str], by_family: np.ndarray,
              families: Sequence[str], path: Path, title: str = "") -> None:  # fmt: skip
    """Shares of families [t,F] (above) and labels [t,L] (below) against temperature [t] (K), stacked."""
    figure, axes = plt.subplots(2, 1, figsize=(8, 9), sharex=True, layout="constrained", height_ratios=[1.3, 1])
    for axis, shares, colours, names in (
        (axes[0], by_family, family_colours(len(families)), families),
        (axes[1], by_label, [LABEL_COLOURS[name] for name in labels], labels),
    ):
        axis.stackplot(temperatures, shares.T, colors=colours, labels=names, edgecolor="white", lw=0.3)
        shown = np.argsort(-shares.max(axis=0))[:24]  # a legend that can be read
        handles, texts = axis.get_legend_handles_labels()
        axis.legend([handles[i] for i in sorted(shown)], [texts[i] for i in sorted(shown)], loc="center left",
                    bbox_to_anchor=(1.01, 0.5), fontsize=8, frameon=False)  # fmt: skip
        axis.set(ylim=(0, 1), xlim=(temperatures.min(), temperatures.max()), ylabel="share")
    axes[1].set_xlabel("temperature (K)")
    figure.suptitle(title)
    save(figure, path)


def bandwidths(widths: np.ndarray, counts: np.ndarray, plateau: tuple[int, int] | None, chosen: float, path: Path) -> None:
    """Number of families against bandwidth [m], the plateau (places first..last) and the one taken."""
    figure, axis = plt.subplots(figsize=(6, 3.6), layout="constrained")
    if plateau:
        axis.axvspan(widths[plateau[0]], widths[plateau[1]], color="#c0392b", alpha=0.15, lw=0, label="plateau")
    axis.plot(widths, counts, "o-", ms=4, lw=1, color="#2f6db3")
    axis.axvline(chosen, color="#222222", ls=":", label="taken")
    axis.set(xscale="log", yscale="log", xlabel="bandwidth in s", ylabel="families")
    plain_numbers(axis.xaxis, axis.yaxis)
    axis.legend(frameon=False)
    save(figure, path)
