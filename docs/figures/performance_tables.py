"""The tables of README.md and docs/performance.md that stand between <!-- NAME --> and <!-- end -->, from
benchmarks/results/NAME.json. NAME.PROCESSOR.json are results kept of other processors, <!-- processors --> their steps.

    python benchmarks/run.py rdf encoder step scaling peers
    python docs/figures/performance_tables.py
"""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGES = (ROOT / "README.md", ROOT / "docs" / "performance.md")
PROCESSORS = {
    "": "Emerald Rapids",
    ".epyc": "Zen 4, two rounds older",
    ".xeon": "Xeon with 480 MB, one older",
    ".sapphire-rapids": "Sapphire Rapids, first charts",
    ".cascade-lake": "Cascade Lake, first charts",
}
DESCRIPTOR = "descriptor alone, value + pull-back"
STEPS = ("plain MD", "log every 100", "metadynamics in 3D every 5", "metadynamics in 3D every 1", DESCRIPTOR,
         "charting network, restraint every 1")  # fmt: skip
# Table: columns as (key in the rows, title)
COLUMNS = {
    "step": [("variant", ""), ("ms a step", "ms a step"), ("times plain MD", "times plain MD"),
             ("error", "standard error")],
    "rdf": [("N", "N"), ("points", "points"), ("value_ms", "value, ms"), ("pullback_ms", "pull-back, ms"),
            ("step_ms", "both in one pass, ms"), ("kernel_density_ms", "KernelDensity value, ms"),
            ("autograd_ms", "PyTorch autograd value + pull-back, ms")],
    "encoder": [("what", "what"), ("GFLOP/s", "GFLOP/s"), ("value ms", "value ms"),
                ("value + pull-back ms", "value + pull-back ms"), ("of matrix product", "of matrix product")],
    "peers": [("what", "what"), ("how", "how"), ("ms", "ms"), ("ratio", "times nanochart")],
    "scaling": [("N", "N"), ("value + pull-back ms", "value + pull-back, ms"), ("exponent", "exponent"),
                ("step with 1 rank, ms", "step with 1 rank, ms"), ("step with 2 ranks, ms", "step with 2 ranks, ms")],
}  # fmt: skip


def cell(value) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) and value >= 10_000 else str(value)


def rows_of(name: str) -> list[dict]:
    return json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text())["rows"]


def table(name: str) -> str:
    if name == "processors":
        return steps_of_processors()
    rows, kind = rows_of(name), name.split(".")[0]
    columns = [(key, title) for key, title in COLUMNS[kind] if any(key in row for row in rows)]
    if kind == "scaling":  # kernel and steps of one size in one row
        rows = [dict(pair for row in rows if row["N"] == n for pair in row.items()) for n in dict.fromkeys(r["N"] for r in rows)]
    shown = [row for row in rows if all(key in row for key, _ in columns[:2])]
    lines = [[title for _, title in columns], ["---"] * len(columns)]
    lines += [[cell(row.get(key, "")) for key, _ in columns] for row in shown]
    return text_of(lines)


def text_of(lines: list[list[str]]) -> str:
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def steps_of(processor: str) -> dict[str, dict]:
    """Rows by title. Where the descriptor did not take turns with the steps: its time of the other benchmark."""
    found = {row["variant"]: row for row in rows_of(f"step{processor}")}
    if DESCRIPTOR in found:
        return found
    try:
        alone = [row["step_ms"] for row in rows_of(f"rdf{processor}") if row.get("points") == 170]
    except FileNotFoundError:
        alone = []
    return found | {DESCRIPTOR: {"times plain MD": alone[0] / found["plain MD"]["ms a step"] if alone else ""}}


def steps_of_processors() -> str:
    """ms of plain MD, and the others in units of it."""
    found = [steps_of(name) for name in PROCESSORS]
    lines = [["", *PROCESSORS.values()], ["---"] * (len(PROCESSORS) + 1)]
    for title in STEPS:
        key, unit = ("ms a step", " ms") if title == STEPS[0] else ("times plain MD", "")
        lines.append([title, *(cell(rows[title][key]) + unit for rows in found)])
    return text_of(lines)


def main() -> None:
    for page in PAGES:
        text = page.read_text()
        page.write_text(re.sub(r"<!-- ([\w.-]+) -->\n.*?<!-- end -->",
                               lambda found: f"<!-- {found[1]} -->\n{table(found[1])}<!-- end -->", text, flags=re.S))
        print(f"wrote {page}")


if __name__ == "__main__":
    main()
