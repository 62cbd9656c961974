"""Umbrella sampling: a series of runs, each held at another place on the chart, combined by MBAR."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase.units import kB

from .colvar import FIELDS, columns, read_colvar
from .ensemble import BLOCKS, Ensemble, blocks_of
from .mbar import combine
from .reweighting import bias_of_frames

AT, KAPPA = "at_", "kappa_"


@dataclass(frozen=True)
class Window:
    """One run: its COLVAR columns, and the restraint kappa/2 (s - at)^2 on the CVs `names`."""

    path: Path
    table: dict[str, np.ndarray]
    names: tuple[str, ...]
    at: np.ndarray
    kappa: np.ndarray  # eV

    def energy(self, s: np.ndarray) -> np.ndarray:
        """V [n] (eV) of this window's restraint at s[n, d]."""
        return 0.5 * ((s - self.at) ** 2) @ self.kappa


def read_windows(path: str | os.PathLike, skip: float = 0.0) -> list[Window]:
    """The windows that a text file lists, without the frames before `skip` ps.

    Its first line is `#! FIELDS file at_CV .. kappa_CV ..`, each further line names a COLVAR file
    (relative to the list) and its restraint. Columns ID.bias of the COLVAR must hold that
    restraint; walls that all windows share may be among them.

    Raises ValueError for a list or file that does not fit, and for a restraint that is more than
    the bias of its COLVAR file.
    """
    lines = [line.split() for line in Path(path).read_text().splitlines() if line.strip()]
    header = " ".join(lines[0][:3]) if lines else ""
    if header != f"{FIELDS} file":
        raise ValueError(f"{path}: the first line must be `{FIELDS} file at_CV .. kappa_CV ..`")
    fields = lines[0][3:]
    names = tuple(f.removeprefix(AT) for f in fields if f.startswith(AT))
    if not names or fields != [AT + n for n in names] + [KAPPA + n for n in names]:
        raise ValueError(f"{path}: columns are {' '.join(fields)}, must be at_CV for each CV, then kappa_CV for each")
    windows = []
    for words in (line for line in lines[1:] if not line[0].startswith("#")):
        try:
            numbers = np.array(words[1:], float)
        except ValueError:
            numbers = np.empty(0)
        if len(numbers) != 2 * len(names) or np.any(numbers[len(names) :] < 0):
            raise ValueError(f"{path}: line `{' '.join(words)}` must be a file and {2 * len(names)} numbers, kappa >= 0")
        file = Path(path).parent / words[0]
        table = read_colvar(file)
        late = table["time"] >= skip
        if not late.any():
            raise ValueError(f"{file}: no frame is later than {skip:g} ps")
        table = {name: column[late] for name, column in table.items()}
        windows.append(Window(file, table, names, *np.split(numbers, 2)))
    if not windows:
        raise ValueError(f"{path}: lists no window")
    return windows


def umbrella(windows: list[Window], temperature: float, blocks: int = BLOCKS) -> tuple[Ensemble, dict[str, np.ndarray]]:
    """The unbiased ensemble at the windows' temperature (K), and the columns of all their frames."""
    if not temperature > 0:
        raise ValueError(f"temperature is {temperature}, must be > 0 K")
    names = list(windows[0].names)
    kt = kB * temperature
    s, shared, state, block = [], [], [], []
    for k, window in enumerate(windows):
        here = columns(window.table, names, window.path)
        total, own = bias_of_frames(window.table, window.path), window.energy(here)
        rest = total - own
        if rest.min() < -1e-5 * max(1.0, own.max()):
            raise ValueError(f"{window.path}: its bias is {total[rest.argmin()]:g} eV where the restraint at "
                             f"{window.at} kappa {window.kappa} is {own[rest.argmin()]:g}: not this window's")  # fmt: skip
        s.append(here)
        shared.append(np.maximum(rest, 0) / kt)
        state.append(np.full(len(here), k))
        block.append(blocks_of(len(here), blocks))
    s, shared = np.concatenate(s), np.concatenate(shared)
    reduced = np.stack([w.energy(s) / kt for w in windows]) + shared
    ensemble = combine(reduced, np.concatenate(state), np.zeros(len(s)), temperature, np.concatenate(block), blocks)
    common = set.intersection(*(set(w.table) for w in windows))
    table = {n: np.concatenate([w.table[n] for w in windows]) for n in windows[0].table if n in common}
    return ensemble, table
