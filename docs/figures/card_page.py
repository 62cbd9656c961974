"""The card of a system's shipped charts, docs/models/NAME.md, from its models and the numbers beside it.

    python docs/figures/model_card.py Ag147 data/Ag147.h5 --against Ag147-charting --basins Ag147.basins.npz
    nanochart quality Ag147 data/Ag147.h5 --sample 5000 --against Ag147-inherent -o docs/models/Ag147.quality.json
    python docs/figures/card_page.py Ag147

What the page says of the data and of limits beyond the numbers stands in docs/models/NAME.notes.md.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from nanochart import _core
from nanochart.chart.export import read_metadata

MODELS = Path(__file__).parent.parent / "models"
METALS = {"Au": "gold", "Ag": "silver", "Cu": "copper"}
WEAK = 0.8  # correlation of s(hot) with s(quench) below which a coordinate is not worth a bias


def numbers(values, digits: int) -> str:
    return ", ".join(f"{value:.{digits}f}" for value in values)


def shipped(name: str) -> dict | None:
    try:
        return read_metadata(_core.find_model(name))
    except (RuntimeError, ValueError, FileNotFoundError):
        return None


def loss_row(name: str, what: str, losses: dict, training: dict, key: str = "validation") -> str:
    ratio = losses[key] / losses["pca3_of_targets"]
    rate, optimiser = training.get("schedule", "steps"), training.get("optimiser", "adam")
    network = name if " " in name else f"`{name}`"
    return (f"| {network}, {what} | {training['split']} | {losses[key]:.4f} | {losses['pca3_of_targets']:.4f} | "
            f"{ratio:.2f} | {losses['epochs']} epochs, batch {training['batch']}, {optimiser}, {rate} |\n")  # fmt: skip


def random_row(name: str, random: dict, charting: dict) -> str:
    same = random.get("data_hash") == charting["training"]["data_hash"]
    what = f"trained anew from {random['training_samples']:,}" + ("" if same else f" of `data/{name}.h5`")
    return loss_row("the same network", what, random, {"split": "random"} | random)


def loss_table(name: str, card: dict, teacher: dict, charting: dict | None) -> str:
    text = ("| network, inputs | held out | loss | 3 principal components | ratio | |\n|---|---|---|---|---|---|\n")
    for key, what in (("validation", "all inputs"), ("validation_quenched", "quenched inputs"),
                      ("validation_thermal", "thermal inputs")):  # fmt: skip
        text += loss_row(f"{name}-inherent", what, teacher["losses"], teacher["training"], key)
    if charting:
        text += loss_row(f"{name}-charting", "quenched to themselves", charting["losses"], charting["training"])
        path = MODELS / f"{name}-charting.json"
        if random := path.exists() and json.loads(path.read_text()).get("random_split"):
            text += random_row(name, random, charting)
    paper = teacher["losses"].get("paper")
    return text + f"| 2023 paper, quenched to themselves | random | {paper} | | | |\n" if paper else text


def hot_table(name: str, card: dict) -> str:
    columns = {name: card} | card.get("against", {})
    noise = ["-" if c["noise_to_distance"] is None else f"{c['noise_to_distance']:.3f}" for c in columns.values()]
    near = [c["neighbours_of_same_label"] for c in columns.values()]
    rows = [
        ("correlation of s(hot) with s(its inherent structure)", [numbers(c["correlation"], 2) for c in columns.values()]),
        ("RMS difference of the two, in units of the spread of s", [numbers(c["rms_difference"], 2) for c in columns.values()]),
        ("both, of the frames that are not amorphous",
         [f"{numbers(c['of_ordered_frames']['correlation'], 2)}; {numbers(c['of_ordered_frames']['rms_difference'], 2)}"
          for c in columns.values()]),
        ("noise within a basin against the distance between labels", noise),
        ("10 nearest neighbours of other trajectories with the same label, hot / quenched / by chance",
         [f"{n['hot']:.2f} / {n['quenched']:.2f} / {n['by_chance']:.2f}" for n in near]),
    ]  # fmt: skip
    text = "| | " + " | ".join(k + ("" if k == name else ", fed with hot frames") for k in columns) + " |\n"
    return text + "|---" * (len(columns) + 1) + "|\n" + "".join(f"| {what} | {' | '.join(v)} |\n" for what, v in rows)


def basins_text(card: dict) -> str:
    """Of which basins the noise is, where they were made for the purpose (basin_frames.py)."""
    of = card.get("basins")
    if not of:
        return ""
    labels = ", ".join(f"{count} {name}" for name, count in of["labels"].items())
    low, middle, high = of["temperatures"]
    return (f"The noise is of {of['frames']:,} hot frames of {of['lasting']} minima ({labels}), which short runs at the temperature\n"
            f"of each ({low:.0f}-{high:.0f} K, half below {middle:.0f} K) did not leave; {of['tried']} held-out ones were tried, and of the others "
            "fewer than five\nframes of ten in a picosecond had their minimum still (`python docs/figures/basin_frames.py`).\n\n")  # fmt: skip


def quality_text(name: str) -> str:
    path = MODELS / f"{name}.quality.json"
    if not path.exists():
        return ""
    quality = json.loads(path.read_text())
    where = {"chart": "on the chart", "g": "on the whole of g", "chance": "by chance"} | {
        f"{key}{d}": f"on {text.format(d)}" for d in range(1, 9)
        for key, text in (("pca", "{} principal components"), ("umap", "UMAP in {} dimensions"))}  # fmt: skip
    shares = ", ".join(f"{where[what]} {v:.2f}" for what, v in quality["label_agreement_of_10_neighbours"].items())
    twin = quality["twin_between_fcc_and_dh"]
    order = "" if twin is None else (f"\nThe centroid of twins lies at {twin['place']:.2f} of the way from fcc (0) to "
                                     f"decahedra (1), {twin['aside']:.2f} of it aside.")  # fmt: skip
    aligned = "".join(f"\nAligned with `{other}` (Procrustes): r2 {a['r2']:.2f}, {a['neighbours']:.0%} of the 10 nearest "
                      "neighbours the same." for other, a in quality["alignment"].items())  # fmt: skip
    return (f"**The chart of quenched structures**, {quality['structures']:,} of the data (`nanochart quality`, kept in\n"
            f"[{path.name}]({path.name})). Ten nearest neighbours of other\ntrajectories with the same label: {shares}.{order}{aligned}\n\n")


def families_text(name: str) -> str:
    path = MODELS / f"{name}.families.txt"
    if not path.exists():
        return ""
    number, plateau = path.read_text().strip().split("\n")[-2:]
    return (f"**Families**: {number}; {plateau.split('; scan')[0]} ([table]({path.name}),\n"
            "[what they are](../families.md)).\n\n")  # fmt: skip


def page(name: str) -> str:
    card = json.loads((MODELS / f"{name}.json").read_text())
    student, teacher, charting = shipped(name), shipped(f"{name}-inherent"), shipped(f"{name}-charting")
    metal, atoms, bins = METALS[student["elements"][0]], student["atoms"], teacher["grid"]["bins"]
    losses, training, advice = student["losses"], student["training"], card["metadynamics"]
    widths = " - ".join(map(str, (student["grid"]["bins"], *training["widths"], student["latent"])))
    other = "" if training["data_hash"] == teacher["training"]["data_hash"] else (
        f" It learned from `data/{name}.h5` as it is now ({training['structures']:,} pairs, content hash\n"
        f"`{training['data_hash'][:16]}..`): frames held out of that set are new to it, not surely to its teacher.")  # fmt: skip
    heat = teacher["training"]["temperatures"]
    notes = (MODELS / f"{name}.notes.md").read_text().strip()
    weak = "".join(f"s{i + 1} of a hot cluster says little (correlation {c:.2f}): leave it free. "
                   for i, c in enumerate(card["correlation"]) if c < WEAK)  # fmt: skip
    third = (f"[`{name}-charting`]({name}-charting.md) is the 2023 network of quenched\nclusters, for those and "
             "for comparison.") if charting else ""  # fmt: skip
    if charting and charting["training"]["data_hash"] != training["data_hash"]:
        third += " It learned from a larger set, with structures that are held out here."
    return f"""# {name}, {name}-inherent

Charts of {atoms} {metal} atoms. `{name}-inherent` is the inherent-structure encoder (Telari et al. 2025, arXiv:2407.17924), which
reads hot clusters; `{name}`, for MD, is a small smooth network distilled from it. {third}

![The chart {name}](../img/{name}.png)

*Held-out frames: above, their inherent structures; below, the same frames as they were, hot. Colours are
[common-neighbour labels](../cna.md) of the inherent structures.*

**System.** {name}, RGL (Gupta) potential as written by `nanochart potential {student['elements'][0]}`.

**Data.** {teacher['training']['structures']:,} (thermal, quenched) pairs, {min(heat):.0f}-{max(heat):.0f} K, content hash
`{teacher['training']['data_hash'][:16]}..`. {notes}

**Networks** (`recipes/chart.py`). `{name}-inherent`: the inherent architecture at {bins} points, {student['latent']} coordinates, SiLU and
average pooling; inputs are g of the thermal and of the quenched frame, the target is g of the quenched one. `{name}`: {widths},
SiLU, on every second point, from {training['inputs']:,} structures with values and gradients ([distil](../commands/distil.md)).{other}

**Losses** (mean squared error of g scaled to [0, 1] per bin; blocks: stretches of trajectory held out). Components are
those of quenched g, also where the network is given thermal frames.

{loss_table(name, card, teacher, charting)}
**`{name}` against `{name}-inherent`**, {losses['unseen_structures']:,} held-out structures (hot, quenched, between, displaced); columns are
s1, s2, ..:

| | |
|---|---|
| R^2 | {numbers(losses['r2'], 4)} |
| mean cosine of the two ds_i/dx | {numbers(losses['cosine'], 3)} |
| the lowest percent of it | {numbers(losses['cosine_lowest_percent'], 2)} |

**Reading hot clusters**, {card['frames']:,} held-out frames (`python docs/figures/model_card.py`, kept in [{name}.json]({name}.json)):

{hot_table(name, card)}
{basins_text(card)}{quality_text(name)}{families_text(name)}**Metadynamics.** `sigma {numbers(advice['sigma'], 2).replace(',', '')}` (half the thermal fluctuation of s about its inherent structure at
{advice['temperatures'][0]:.0f}-{advice['temperatures'][1]:.0f} K); `grid`
{', '.join(f'`{a} {b}`' for a, b in advice['grid'])} holds all held-out frames with 3 sigma to spare.

**Limits.** {weak}Only {atoms} {metal} atoms with this potential and these temperatures, and only structures of the kinds that the
data hold; others are read all the same, so watch [`outside`](../outside.md).
"""


def main(name: str) -> None:
    (MODELS / f"{name}.md").write_text(page(name))
    print(f"wrote {MODELS / f'{name}.md'}")


if __name__ == "__main__":
    main(sys.argv[1])
