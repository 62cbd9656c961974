"""Frames of a file one by one, in any format that ASE reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def _is_dump(path: Path) -> bool:
    from ase.io.formats import filetype

    return filetype(str(path)) == "lammps-dump-text"


def images(path: Path) -> Iterator:
    """Images of ASE one by one; of a LAMMPS dump, which its `iread` would read whole, by what that calls."""
    from ase.io import iread, lammpsrun
    from ase.io.formats import open_with_compression

    dump = getattr(lammpsrun, "iread_lammps_dump_text", None)
    if dump is None or not _is_dump(path):
        yield from iread(path, index=":")
        return
    with open_with_compression(str(path)) as file:
        yield from dump(file, index=slice(None))


def names_elements(path: Path) -> bool:
    """False for a LAMMPS dump without `element`: ASE takes its atom types for atomic numbers."""
    from ase.io.formats import open_with_compression

    if not _is_dump(path):
        return True
    with open_with_compression(str(path)) as file:
        columns = next((line for line in file if line.startswith("ITEM: ATOMS")), "element")
    return "element" in columns.split()
