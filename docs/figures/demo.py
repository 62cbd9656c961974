"""The README's picture: runs the demonstration and keeps its picture.

    python docs/figures/demo.py
"""

import shutil
import tempfile
from pathlib import Path

from nanochart.demo import run

with tempfile.TemporaryDirectory() as folder:
    run(Path(folder))
    shutil.copy(Path(folder) / "chart.png", Path(__file__).parent.parent / "img" / "demo.png")
