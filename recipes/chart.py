"""From a data set to a chart that is shipped: train, then export.

    python recipes/Au147.py --out Au147.h5      # the data, about 25 minutes
    python recipes/chart.py Au147.h5 --name Au147

The networks and the loss are the paper's (doi:10.1021/acsnano.3c05653); smaller batches and a rate
that falls earlier, because these data sets hold a tenth of its structures: with batches of 32 the
loss after one epoch was a quarter of that with 128. An interrupted run continues when started
again.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from nanochart.chart.export import export_run
from nanochart.chart.training import Settings, train_dataset

SETTINGS = Settings(batch=32, epochs=44, milestones=(20, 30, 38))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path, help="HDF5 data set")
    parser.add_argument("--name", required=True, help="name in the model file, e.g. Au147")
    parser.add_argument("--run", type=Path, help="folder of checkpoints (default: NAME-run)")
    parser.add_argument("--out", type=Path, help="model file (default: NAME.pt)")
    options = parser.parse_args()
    run = options.run or Path(f"{options.name}-run")
    losses = train_dataset(options.data, run, SETTINGS, resume=True)
    print(json.dumps(losses, indent=1))
    print(f"model file: {export_run(run, options.out or Path(f'{options.name}.pt'), options.name)}")


if __name__ == "__main__":
    main()
