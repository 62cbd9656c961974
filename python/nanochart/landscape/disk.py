"""Room on the disk, looked at before it is written to: what a full disk cuts off cannot be read again."""

from __future__ import annotations

import shutil
from pathlib import Path

SPARE = 100e6  # bytes that are left free


class DiskFull(OSError):
    """The disk has too little room for what is to be written."""


def check_room(folder: Path, size: float, what: str, advice: str) -> None:
    """DiskFull unless the disk of `folder` has room for `size` bytes more, and SPARE."""
    free = shutil.disk_usage(folder).free
    if free < size + SPARE:
        raise DiskFull(f"{folder} has {free / 1e9:.2f} GB free, must have {(size + SPARE) / 1e9:.2f} GB for {what}; {advice}")
