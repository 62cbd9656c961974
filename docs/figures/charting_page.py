"""The card of a system's 2023 chart, docs/models/NAME-charting.md, from its model and the numbers beside it.

    python docs/figures/model_card.py Ag147-charting data/Ag147.h5 --basins Ag147.basins.npz --random Ag147-random
    python docs/figures/charting_page.py Ag147
"""

from __future__ import annotations

import json
import sys

from nanochart.landscape.cna import LABELS
from nanochart.landscape.composition import PAPER
from nanochart.landscape.dataset import Dataset

from card_page import METALS, MODELS, basins_text, loss_row, numbers, random_row, shipped


def schedule(training: dict) -> str:
    if training.get("schedule", "steps") == "steps":
        return f"halved at epochs {', '.join(map(str, training['milestones']))}"
    return "rising over the first tenth, then falling to zero as a cosine"


def how(training: dict) -> tuple[str, str]:
    """The optimiser in words, and what `nanochart train` must be told of it."""
    rate = f"{training['rate']:.0e}"
    if training.get("optimiser", "adam") == "adam":
        return f"Adam {rate}", ""
    return f"SOAP (arXiv:2409.11321) {rate}", f" --optimiser soap --rate {rate}"


def larger_set(name: str) -> tuple[str, str]:
    """File and description of a set that is not in the repository."""
    file, made = ("both.h5", f"of [{name}]({name}.md)") if name == "Au147" else (
        f"{name}.more.h5", "is one of the [larger sets](../landscapes.md#larger-sets-for-the-2023-networks)")  # fmt: skip
    return file, f"\n(`{file}` {made})"


def label_table(losses: dict, system: tuple[str, int]) -> str:
    """Of the held-out structures of each label, for runs that know the labels; and their mean with the
    paper's shares of unique structures."""
    if not (labels := losses.get("labels")):
        return ""
    rows = "".join(f"| {label} | {row['samples']:,} | {row['validation']:.4f} | {row['pca3_of_targets']:.4f} | "
                   f"{row['validation'] / row['pca3_of_targets']:.2f} |\n" for label, row in labels.items())  # fmt: skip
    share = dict(zip(LABELS, PAPER[system][1]))
    network, pca = (sum(share[label] * row[key] for label, row in labels.items()) for key in ("validation", "pca3_of_targets"))
    return f"""
By [label](../cna.md), of the held-out structures of the first line:

| label | structures | loss | 3 principal components | ratio |
|---|---|---|---|---|
{rows}
The ratio of a whole set follows from what it holds: with the paper's shares of unique structures the same losses give
{network / pca:.2f}.
"""


def page(name: str) -> str:
    model = f"{name}-charting"
    card, meta = json.loads((MODELS / f"{model}.json").read_text()), shipped(model)
    training, losses, atoms = meta["training"], meta["losses"], meta["atoms"]
    metal, heat, near = METALS[meta["elements"][0]], training["temperatures"], card["neighbours_of_same_label"]
    ratio, solid = losses["ratio_to_pca3"], card["of_ordered_frames"]
    rows = loss_row(model, "quenched to themselves", losses, training)
    if random := card.get("random_split"):
        rows += random_row(name, random, meta)
    noise = card["noise_to_distance"]
    optimiser, options = how(training)
    own = Dataset(f"data/{name}.h5").hash == training["data_hash"]  # else of another set, which the card of NAME describes
    data, of = (f"data/{name}.h5", "") if own else larger_set(name)
    short = "" if ratio < 0.6 else f" It should be below 0.6; epoch {losses['best_epoch'] + 1} was the best."
    return f"""# {model}

The 2023 chart (Telari et al., ACS Nano 17, 21287, doi:10.1021/acsnano.3c05653) of {atoms} {metal} atoms: the autoencoder of
inherent structures. It is for QUENCHED clusters, and for comparison; hot ones are read by [{name}]({name}.md).

![The chart {model}](../img/{model}.png)

*Held-out frames: above, their inherent structures; below, the same frames as they were, hot, which this chart has never
seen: they drift away from their basins. Colours are [common-neighbour labels](../cna.md) of the inherent structures.*

**System, data.** RGL (Gupta) potential as written by `nanochart potential {meta['elements'][0]}`; the quenched frames of
{training['structures']:,} pairs, {min(heat):.0f}-{max(heat):.0f} K, content hash `{training['data_hash'][:16]}..`{of}.

**Network and training.** The charting architecture with ReLU at {meta['grid']['bins']} points, {meta['latent']} coordinates, quenched frames to
themselves: {losses['training_samples']:,} to learn from, {losses['validation_samples']:,} held out. {losses['epochs']} epochs, batch {training['batch']},
{optimiser} {schedule(training)};
the best epoch is kept.

    nanochart train {data} -o run --architecture charting --inputs quenched --target self --split blocks \\
        --epochs {losses['epochs']} --patience 0 --batch {training['batch']} --schedule {training.get('schedule', 'steps')}{options}

**Losses** (mean squared error of g scaled to [0, 1] per bin; blocks: stretches of trajectory held out; random: single
structures, as in the paper):

| network, inputs | held out | loss | 3 principal components | ratio | |
|---|---|---|---|---|---|
{rows}| 2023 paper, quenched to themselves | random | {losses['paper']} | | | |
{label_table(losses, (meta['elements'][0], atoms))}
The ratio to principal components is {ratio:.2f} on stretches of trajectory not seen.{short}
The paper had {sum(PAPER[meta['elements'][0], atoms][1]):,} structures.

**Numbers**, {card['frames']:,} held-out frames (`python docs/figures/model_card.py`, kept in [{model}.json]({model}.json)); the columns are
s1, s2, ..:

| | |
|---|---|
| 10 nearest neighbours of other trajectories with the same label, quenched / by chance | {near['quenched']:.2f} / {near['by_chance']:.2f} |
| the same, fed with hot frames | {near['hot']:.2f} |
| correlation of s(hot) with s(its inherent structure) | {numbers(card['correlation'], 2)} |
| RMS difference of the two, in units of the spread of s | {numbers(card['rms_difference'], 2)} |
| both, of the frames that are not amorphous | {numbers(solid['correlation'], 2)}; {numbers(solid['rms_difference'], 2)} |
| noise within a basin against the distance between labels | {'-' if noise is None else f'{noise:.3f}'} |
| [`outside`](../outside.md) of hot frames, median | {card['outside_of_unseen_hot_frames']['50 %']:.1f} |

{basins_text(card)}**Limits.** Only {atoms} {metal} atoms with this potential, quenched: a hot frame is outside its training data, and `outside`
says so. The network has ReLU activations: s is continuous, its derivative jumps where a unit switches. Not for MD.
"""


def main(name: str) -> None:
    (MODELS / f"{name}-charting.md").write_text(page(name))
    print(f"wrote {MODELS / f'{name}-charting.md'}")


if __name__ == "__main__":
    main(sys.argv[1])
