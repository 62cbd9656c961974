"""From a data set to the three charts that are shipped of a system: train, export, distil.

    python recipes/Au147.py --out Au147.h5      # the data, about 25 minutes
    python recipes/chart.py Au147.h5 --name Au147

writes NAME-inherent.pt (reads hot clusters; smooth), NAME.pt (distilled from it, for MD) and
NAME-charting.pt (the 2023 network on quenched structures). The networks and the loss are the
papers' (doi:10.1021/acsnano.3c05653, arXiv:2407.17924); smaller batches and a rate that falls
earlier, because these data sets hold a tenth of the paper's structures: with batches of 32 the loss
after one epoch was a quarter of that with 128. An interrupted run continues when started again.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from nanochart.chart.distil import StudentSettings, distil
from nanochart.chart.export import export_run
from nanochart.chart.training import Settings, train_dataset

INHERENT = Settings("inherent", activation="silu", batch=64, rate=2e-3, epochs=24, milestones=(9, 14, 18, 21))
CHARTING = Settings("charting", batch=32, epochs=24, milestones=(10, 15, 18, 21))
STUDENT = StudentSettings()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path, help="HDF5 data set")
    parser.add_argument("--name", required=True, help="name in the model files, e.g. Au147")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder of the runs and models")
    parser.add_argument("--without-charting", action="store_true", help="leave out the 2023 network, the dearest")
    options = parser.parse_args()
    name, out = options.name, options.out

    losses = train_dataset(options.data, out / f"{name}-inherent", INHERENT, resume=True)
    print(json.dumps(losses, indent=1))
    teacher = export_run(out / f"{name}-inherent", out / f"{name}-inherent.pt", f"{name}-inherent")
    if not (out / f"{name}.pt").exists():
        agreement = distil(teacher.resolve(), options.data, out / f"{name}.pt", name, STUDENT)
        print(json.dumps(agreement, indent=1))
    if not options.without_charting:
        run = out / f"{name}-charting"
        losses = train_dataset(options.data, run, CHARTING, inputs="quenched", target="self", resume=True)
        print(json.dumps(losses, indent=1))
        export_run(run, out / f"{name}-charting.pt", f"{name}-charting")


if __name__ == "__main__":
    main()
