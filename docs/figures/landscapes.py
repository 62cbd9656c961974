"""Pages of the four data sets: composition beside the paper's, motifs and heat capacity by temperature.

    python docs/figures/landscapes.py FOLDER        # where recipes/landscapes.py has put them

Writes docs/data/NAME.json, NAME.png, NAME.convergence.png and docs/data/README.md from the data sets NAME.h5, all
tempered and quenched frames NAME.quenched.h5, NAME.convergence.json, NAME.superposition.json and the runs'
summary.json.
"""

import json
import sys
from pathlib import Path

import numpy as np

from nanochart.landscape import cna
from nanochart.landscape.composition import PAPER, PAPER_SOURCE, Composition
from nanochart.landscape.convergence import Comparison
from nanochart.landscape.dataset import summary
from nanochart.landscape.dataset_file import read_attributes, slabs
from nanochart.landscape.unique import reduce
from nanochart.plots import populations
from nanochart.plots.style import LABEL_COLOURS, plt, save

OUT = Path(__file__).parent.parent / "data"
SYSTEMS = ("Au147", "Ag147", "Cu147", "Au90")


def melting(run: dict) -> dict:
    """Where the heat capacity is highest, and where it is above half of its rise (K)."""
    at, c = np.array(run["heat_capacity_at"]), np.array(run["heat_capacity"])
    high = at[c > (c.min() + c.max()) / 2]
    return {"highest": float(at[c.argmax()]), "from": float(high[0]), "to": float(high[-1]), "k_B": float(c.max())}


def half_amorphous(comparison: Comparison) -> dict[str, float | None]:
    """Temperature (K) at which half of a run's frames are amorphous, linear between rungs; None: at no rung."""
    found = {}
    for run, shares in zip(comparison.runs, comparison.populations[..., cna.LABELS.index("Amorphous")]):
        above = np.flatnonzero(shares >= 0.5)
        k = int(above[0]) if len(above) else 0
        between = slice(k - 1, k + 1)
        found[run] = float(np.interp(0.5, shares[between], comparison.temperatures[between])) if k else None
    return found


def results(folder: Path, name: str) -> tuple[dict, Comparison, Composition, dict[str, dict]]:
    made = summary(folder / f"{name}.h5")
    composition = reduce([folder / f"{name}.quenched.h5"])[0]  # of tempering alone, whatever else NAME.h5 holds
    kept = sum(np.count_nonzero(rows["count"]) for rows in slabs(folder / f"{name}.h5", ["count"]))
    saved = json.loads((folder / f"{name}.convergence.json").read_text())
    arrays = {k: np.array(saved[k]) for k in ("temperatures", "frames", "populations", "errors")}
    comparison = Comparison(saved["system"], tuple(saved["runs"]), **arrays)
    sources = json.loads(read_attributes(folder / f"{name}.quenched.h5")["quench"])["sources"]
    runs = {run: json.loads((folder / run / "summary.json").read_text()) for run in (Path(s).name for s in sources)}
    superposition = json.loads((folder / f"{name}.superposition.json").read_text())
    return {
        "frames": dict(zip(cna.LABELS, composition.frames.tolist())), "failed": composition.failed,
        "unique": dict(zip(cna.LABELS, composition.unique.tolist())),
        "file": {"rows": made["rows"], "structures": int(kept), "hash": made["hash"],
                 "megabytes": round((folder / f"{name}.h5").stat().st_size / 1e6, 1)},
        "runs": {run: {"nanoseconds": s["nanoseconds"], "round_trips": sum(s["round_trips"]),
                       "swaps_accepted_least": round(min(s["acceptance"]), 3), "heat_capacity": melting(s)}
                 for run, s in runs.items()},
        "half_amorphous_at": half_amorphous(comparison),
        "motifs": [{"kelvin": float(t), "most_frequent": [cna.LABELS[k] for k in p.argmax(axis=1)],
                    "shares": p.round(3).tolist(), "agree": bool(a)}
                   for t, p, a in zip(comparison.temperatures, comparison.populations.swapaxes(0, 1),
                                      comparison.agree)],
        "compared": comparison.runs, "verdict": comparison.verdict(), "superposition": superposition,
    }, comparison, composition, runs  # fmt: skip


def picture(name: str, comparison: Comparison, composition: Composition, runs: dict[str, dict], path: Path) -> None:
    figure, (bars, shares, heat) = plt.subplots(1, 3, figsize=(14, 4.2), layout="constrained")
    rows = {"frames": composition.frames, "unique": composition.unique}
    paper = PAPER[composition.element, composition.atoms]
    rows |= {"paper:\nframes": np.array(paper[0]), "paper:\nunique": np.array(paper[1])}
    left = np.zeros(len(rows))
    for k, (label, colour) in enumerate(LABEL_COLOURS.items()):
        part = np.array([counts[k] / counts.sum() for counts in rows.values()])
        bars.barh(list(rows), part, left=left, color=colour, label=label)
        left += part
    bars.invert_yaxis()
    bars.set(xlim=(0, 1), xlabel="share")
    t, mean = comparison.temperatures, comparison.populations.mean(axis=0)
    shares.stackplot(t, mean.T, colors=LABEL_COLOURS.values())
    shares.set(xlim=(t[0], t[-1]), ylim=(0, 1), xlabel="temperature (K)", ylabel="share of the quenched frames")
    for (name_of, run), style in zip(runs.items(), ("-", "--", ":")):
        at, c, e = (np.array(run[k]) for k in ("heat_capacity_at", "heat_capacity", "heat_capacity_errors"))
        heat.plot(at, c, style, color="#333333", label=name_of)
        heat.fill_between(at, c - e, c + e, color="#333333", alpha=0.15, lw=0)
    heat.set(xlim=(t[0], t[-1]), xlabel="temperature (K)", ylabel="heat capacity ($k_B$)")
    heat.legend(frameon=False)
    figure.legend(*bars.get_legend_handles_labels(), loc="outside lower center", ncols=6, frameon=False)
    figure.suptitle(f"{name}: composition, mean of the two runs compared, by temperature, heat capacity")
    save(figure, path, dpi=100)


def section(name: str, found: dict, composition: Composition) -> str:
    """The part of the page about one system."""
    paper = PAPER[composition.element, composition.atoms]
    lines = [f"## {name}", f"![{name}]({name}.png)", "",
             "| | " + " | ".join(cna.LABELS) + " | total |", "|---" * 8 + "|"]  # fmt: skip
    for title, counts in (("frames", composition.frames), ("paper: frames", paper[0]), ("unique", composition.unique),
                          ("paper: unique", paper[1])):  # fmt: skip
        total = sum(counts)
        lines.append(f"| {title} | " + " | ".join(f"{c:,} ({c / total:.1%})" for c in counts) + f" | {total:,} |")
    lines += ["", "| run | ns a replica | round trips | swaps accepted, at least | heat capacity highest at "
              "| above half of its rise | half amorphous at |", "|---" * 7 + "|"]  # fmt: skip
    for run, r in found["runs"].items():
        h, half = r["heat_capacity"], found["half_amorphous_at"].get(run)
        lines.append(f"| {run} | {r['nanoseconds']:.2f} | {r['round_trips']} | {r['swaps_accepted_least']:.0%} | "
                     f"{h['highest']:.0f} K | {h['from']:.0f}-{h['to']:.0f} K | {f'{half:.0f} K' if half else '-'} |")
    lines += ["", f"**Convergence.** {found['verdict']}.", f"![convergence]({name}.convergence.png)", "",
              "| T (K) | most frequent label in " + " | in ".join(found["compared"]) + " | | by superposition |",
              "|---" * 5 + "|"]  # fmt: skip
    solid = min((half for half in found["half_amorphous_at"].values() if half), default=np.inf)
    for m, stable in zip(found["motifs"], found["superposition"]["populations"]):
        labels = [f"{label} {max(shares):.0%}" for label, shares in zip(m["most_frequent"], m["shares"])]
        labels += ["" if m["agree"] else "differ"]
        labels += [f"{cna.LABELS[int(np.argmax(stable))]} {max(stable):.0%}" if m["kelvin"] < solid else ""]
        lines.append(f"| {m['kelvin']:.0f} | {' | '.join(labels)} |")
    lowest = zip(cna.LABELS, found["superposition"]["lowest"])
    lines += ["", "Lowest minimum of each label (eV): " + ", ".join(f"{k} {e:.3f}" for k, e in lowest if e) + "."]
    file = found["file"]
    lines += ["", f"`data/{name}.h5`: {file['structures']:,} unique structures, {file['rows']:,} frames, "
              f"{file['megabytes']} MB, content hash `{file['hash'][:16]}`.", ""]  # fmt: skip
    return "\n".join(lines)


def main(folder: Path) -> None:
    OUT.mkdir(exist_ok=True)
    page = ["# The four data sets", "",
            "Made by `python recipes/landscapes.py`; this page by `python docs/figures/landscapes.py`. "
            f"Numbers called the paper's are from {PAPER_SOURCE}. How such sets are made, and what these ones are good "
            "for: [landscapes](../landscapes.md). The last column of the tables by temperature is the most frequent "
            "label at equilibrium, below melting, by [harmonic superposition](../commands/superposition.md) of the "
            "minima found.", ""]  # fmt: skip
    for name in SYSTEMS:
        if not (folder / f"{name}.convergence.json").exists():
            print(f"{name}: not there")
            continue
        found, comparison, composition, runs = results(folder, name)
        (OUT / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
        picture(name, comparison, composition, runs, OUT / f"{name}.png")
        populations(comparison, OUT / f"{name}.convergence.png")
        page.append(section(name, found, composition))
        print(f"{name}: {found['verdict']}")
    (OUT / "README.md").write_text("\n".join(page))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
