"""MD of Au147 with metadynamics in 3D at every step, to be looked at with a sampling profiler:

    perf record -e cpu-clock -F 2000 -o step.perf python benchmarks/profile_step.py
    perf report -i step.perf --no-children --stdio
"""

import tempfile
from pathlib import Path

import step

from nanochart.demo import prepare

with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    prepare(folder)
    lmp = step.new_run(folder, step.VARIANTS["metadynamics in 3D every 1"][1])
    print(f"{1e3 * step.turn_of(lmp, 30000)():.3g} ms a step")
    lmp.close()
