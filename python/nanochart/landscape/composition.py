"""Composition of a data set: frames and unique structures per label and temperature."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from . import cna

# Frames and unique structures in the order of cna.LABELS, from the charting paper.
PAPER_SOURCE = "doi:10.1021/acsnano.3c05653"
PAPER = {
    ("Au", 90): ((15520, 789, 83471, 142286, 406164, 273370), (1431, 766, 5946, 495, 19946, 20432)),
    ("Au", 147): ((278405, 28911, 29553, 19248, 69641, 188114), (11873, 10935, 8839, 2689, 26615, 26099)),
    ("Ag", 147): ((1170, 117844, 671, 1, 5871, 53643), (712, 3065, 614, 1, 5249, 20764)),
    ("Cu", 147): ((579, 180260, 734, 1, 6422, 36004), (467, 2409, 691, 1, 5670, 18619)),
}


@dataclass
class Composition:
    """Counts [.., 6] per label of cna.LABELS; `unique` of a temperature: structures seen at it."""

    element: str
    atoms: int
    failed: int
    frames: np.ndarray  # [6]
    unique: np.ndarray  # [6]
    temperatures: np.ndarray  # [t], K
    frames_at: np.ndarray  # [t,6]
    unique_at: np.ndarray  # [t,6]

    def to_json(self) -> str:
        """The text that `nanochart dataset` keeps as the attribute `composition` of its file."""
        return json.dumps({k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in asdict(self).items()})

    @classmethod
    def from_json(cls, text: str) -> Composition:
        return cls(**{k: np.array(v) if isinstance(v, list) else v for k, v in json.loads(text).items()})

    def __str__(self) -> str:
        lines = [f"{self.element}{self.atoms:<20}" + "".join(f"{x:>16}" for x in cna.LABELS) + f"{'total':>9}",
                 _row("frames", self.frames), _row("unique", self.unique)]
        if paper := PAPER.get((self.element, self.atoms)):
            lines += [_row("paper: frames", paper[0]), _row("paper: unique", paper[1]), f"(paper: {PAPER_SOURCE})"]
        lines += [f"frames / unique structures seen at each temperature; {self.failed} frames failed and are left out"]
        for t, frames, unique in zip(self.temperatures, self.frames_at, self.unique_at):
            pairs = (f"{f} / {u}" for f, u in zip(frames, unique))
            lines.append(f"{f'{t:.6g} K':22}" + "".join(f"{p:>16}" for p in pairs)
                         + f"{f'{frames.sum()} / {unique.sum()}':>18}")
        return "\n".join(lines)


def _row(name: str, counts: Sequence[int]) -> str:
    total = sum(counts)
    shares = (f"{c} ({c / max(total, 1):.0%})" for c in counts)
    return f"{name:22}" + "".join(f"{text:>16}" for text in shares) + f"{total:>9}"


def compose(element: str, atoms: int, failed: int, codes: np.ndarray, temperatures: np.ndarray, kept: np.ndarray,
            stands: np.ndarray) -> Composition:  # fmt: skip
    """Composition of frames with labels codes[n] at temperatures[n] (K), of which the rows kept[k]
    are unique structures and kept[stands[n]] stands for row n."""
    def count(rows):
        return np.bincount(codes[rows], minlength=len(cna.LABELS))

    at = np.unique(temperatures)  # one NaN for all frames without a temperature
    rows_at = [np.flatnonzero(np.isnan(temperatures) if np.isnan(t) else temperatures == t) for t in at]
    return Composition(
        element, atoms, failed, count(slice(None)), count(kept), at, np.array([count(rows) for rows in rows_at]),
        np.array([count(kept[np.unique(stands[rows])]) for rows in rows_at]),
    )  # fmt: skip
