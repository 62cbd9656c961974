"""What the commands `families` and `chart` write: tables, structures, pictures, the atlas."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from nanochart import ChartCV, plots
from nanochart.chart import families as fam
from nanochart.chart import family_table
from nanochart.chart.families import Families
from nanochart.chart.points import Points, load
from nanochart.descriptor import rdf
from nanochart.landscape import cna
from nanochart.landscape.orientation import facing
from nanochart.plots.atlas import atlas

ATLAS_POINTS = 3000
BANDS = 20_000  # structures behind the bands of g


def find_families(points: Points, output: Path, *, bandwidth: float | None = None, families: int | None = None,
                  merge: float | None = None, progress: bool = False) -> tuple[Families, str]:  # fmt: skip
    """Families of a data set and the files that tell of them; returns them and the printed table.

    merge: overlap of make-up from which neighbouring families are joined (families.merge).
    """
    output.mkdir(parents=True, exist_ok=True)
    search = fam.find(points.s, points.model, bandwidth=bandwidth, families=families, progress=progress)
    found = search.families
    if len(search.bandwidths) > 1:
        plots.bandwidths(search.bandwidths, search.counts, search.plateau, found.bandwidth, output / "bandwidths.png")
    if merge is not None:
        makeup = family_table.makeup(found.assign(points.s), points.codes, len(found))
        found, joined = fam.merge(found, points.s, makeup, overlap=merge)
        search_note = {"before_merging": len(joined), "joined": joined.tolist()}
    else:
        search_note = {}
    rows = family_table.table(found, points.s, points.codes, points.energy, points.temperature, points.positions,
                              points.element)  # fmt: skip
    names = family_table.names(rows)
    found = replace(found, names=names)
    rows = [replace(row, name=name) for row, name in zip(rows, names)]
    found.save(output / "families.json")
    text = family_table.as_text(rows, (points.element, points.atoms))
    if search.plateau:
        text += "\n" + search.plateau_text()
    (output / "families.txt").write_text(text + "\n")
    (output / "table.json").write_text(json.dumps({
        "data": points.path.name, "structures": len(points), "bandwidth": found.bandwidth,
        "scan": {"bandwidths": search.bandwidths.tolist(), "families": search.counts.tolist(), "plateau": search.plateau},
        **search_note, "families": [family_table.as_json(row) for row in rows],
    }, indent=1) + "\n")  # fmt: skip
    columns = {"label": points.labels, "energy": points.energy, "temperature": points.temperature,
               "data_row": points.row}  # fmt: skip
    family_table.write_structures(rows, points.positions, points.element, columns, output / "structures")
    picture_families(points, rows, output / "families.png")
    return found, text


def picture_families(points: Points, rows, path: Path) -> None:
    """The structure nearest to each centroid that has the family's commonest label."""
    cutoff = cna.default_cutoff(points.element)
    sheet = []
    for row in rows:
        if not len(row.rows):
            continue
        commonest = int(np.argmax(row.labels))
        typical = next((r for r in row.rows if points.codes[r] == commonest), row.rows[0])
        x = points.positions[typical].astype(float)
        classes = cna.atom_classes(x, cutoff)
        sheet.append((facing(x, classes), classes, f"{row.number}: {row.name}\n{row.share:.1%}, {row.energy:.1f} eV"))
    plots.families(sheet, 0.5 * cna.nearest_neighbour(points.element), path,
                   f"{points.element}{points.atoms}: families of the chart")  # fmt: skip


def write(model: str, data: Path, output: Path, *, frames: Path | None = None, families: Path | None = None,
          sample: int = ATLAS_POINTS, progress: bool = False, say: Callable[[str], None] = print) -> None:  # fmt: skip
    """All pictures of a data set on a chart, and atlas.html, into a folder.

    frames : data set of all frames, for the populations, where `data` holds unique structures.
    families : file of `nanochart families`; default: the one beside the model file, else they are
        looked for here.
    """
    output.mkdir(parents=True, exist_ok=True)
    chart = ChartCV(model)
    points = load(chart, data, progress)
    of = f"{points.element}{points.atoms}"
    known = families or fam.beside(chart.path)
    if families or known.exists():
        found = Families.load(known, chart.hash)
        rows = family_table.table(found, points.s, points.codes, points.energy, points.temperature, points.positions,
                                  points.element)  # fmt: skip
        picture_families(points, rows, output / "families.png")
        (output / "families.txt").write_text(family_table.as_text(rows, (points.element, points.atoms)) + "\n")
    else:
        found, text = find_families(points, output, progress=progress)
        say(text)
    member = found.assign(points.s)
    title = f"{of} on {chart.metadata['name']}: {len(points):,} structures"
    plots.chart(points.s, points.labels, member, found.names, points.energy, points.temperature, output / "chart.png", title)
    some = points.sample(BANDS)
    plots.rdf_bands(rdf(some.positions, chart.grid)[:, 0], chart.grid.points, some.labels, output / "rdf.png",
                    f"{of}: g of {len(some):,} quenched structures")  # fmt: skip
    populations(chart, points if frames is None else load(chart, frames, progress, keep_positions=False), found,
                output / "fractions.png", say)  # fmt: skip
    write_atlas(points, found, member, sample, output / "atlas.html", title)
    say(f"wrote chart.png, rdf.png, fractions.png, families.png, families.txt and atlas.html to {output}")


def populations(chart: ChartCV, frames: Points, found: Families, path: Path, say: Callable[[str], None]) -> None:
    """Shares of labels and families at each temperature, if there are two or more."""
    at = np.unique(frames.temperature[np.isfinite(frames.temperature)])
    if len(at) < 2:
        say(f"no picture of populations: {frames.path.name} names {len(at)} temperatures, must be two or more")
        return
    member, by_label, by_family = found.assign(frames.s), [], []
    for t in at:
        here = frames.temperature == t
        by_label.append(np.bincount(frames.codes[here], minlength=len(cna.LABELS)) / here.sum())
        by_family.append(np.bincount(member[here], minlength=len(found)) / here.sum())
    what = "shares of unique structures, not populations" if frames.unique else f"{len(frames):,} frames"
    plots.fractions(at, np.array(by_label), cna.LABELS, np.array(by_family), found.names, path,
                    f"{frames.element}{frames.atoms}: {what}")  # fmt: skip
    if frames.unique:
        say(f"fractions.png shows unique structures: {frames.path.name} holds no populations; give --frames")


def write_atlas(points: Points, found: Families, member: np.ndarray, sample: int, path: Path, title: str) -> None:
    """The page with a random sample of the structures and the lowest in energy of each family."""
    drawn = np.random.default_rng(0).permutation(len(points))[:sample]
    lowest = [rows[np.argmin(points.energy[rows])] for k in range(len(found)) if len(rows := np.flatnonzero(member == k))]
    rows = np.unique(np.concatenate([drawn, np.array(lowest, dtype=int)]))
    part = points.take(rows)
    classes = cna.atom_classes(part.positions, cna.default_cutoff(part.element))
    turned = np.array([facing(x, c) for x, c in zip(part.positions, classes)])
    atlas(
        path, title=title, s=part.s, labels=cna.LABELS, codes=part.codes, families=found.names, family=member[rows],
        energy=part.energy, temperature=part.temperature, row=part.row, positions=turned, classes=classes,
        element=part.element, radius=0.5 * cna.nearest_neighbour(part.element),
    )  # fmt: skip
