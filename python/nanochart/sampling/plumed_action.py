"""Where PLUMED finds the action NANOCHART."""

from __future__ import annotations

from pathlib import Path

import nanochart


def library() -> Path:
    """The file for PLUMED's `LOAD FILE=`; it exists if nanochart was built with a `plumed` at hand."""
    return Path(nanochart.__file__).parent / "libnanochart_plumed.so"
