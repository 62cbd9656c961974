"""One HTML page to walk through a chart: it needs no network and no server."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .clusters import CLASS_COLOURS
from .style import LABEL_COLOURS, OTHER_COLOUR, family_colours

TEMPLATE = Path(__file__).with_name("atlas.html")


def atlas(path: Path, *, title: str, s: np.ndarray, labels: Sequence[str], codes: np.ndarray, families: Sequence[str],
          family: np.ndarray, energy: np.ndarray, temperature: np.ndarray, row: np.ndarray, positions: np.ndarray,
          classes: np.ndarray, element: str, radius: float) -> None:  # fmt: skip
    """Write the page: the chart to turn and click at, and the structure of the point that was clicked.

    s[n,d]; codes[n] into the names `labels`, family[n] into `families` (-1: none); energy[n] (eV);
    temperature[n] (K); row[n] in the data set; positions[n,N,3] (A), turned as they are first
    seen; classes[n,N] of the atoms (landscape.cna.CLASSES); radius (A) of a drawn atom.
    """
    from plotly.offline import get_plotlyjs

    reach = float(np.abs(positions).max()) or 1.0
    data = {
        "title": title, "element": element, "radius": radius, "atoms": int(positions.shape[1]),
        "s": np.round(s.T, 4).tolist(), "label": _numbers(codes), "family": _numbers(family),
        "energy": _numbers(energy, 4), "temperature": _numbers(temperature, 2), "row": _numbers(row),
        "labels": list(labels), "label_colours": [LABEL_COLOURS.get(name, OTHER_COLOUR) for name in labels],
        "families": list(families), "family_colours": family_colours(len(families)),
        "classes": list(CLASS_COLOURS), "class_colours": list(CLASS_COLOURS.values()),
        "unit": reach / 32767,  # A; positions are 16-bit integers
        "positions": _base64(np.round(positions * (32767 / reach)).astype("<i2")),
        "atom_classes": _base64(classes.astype("u1")),
    }  # fmt: skip
    text = TEMPLATE.read_text()
    for mark, value in (("@TITLE@", _text(title)), ("@DATA@", _embedded(data)), ("@PLOTLY@", get_plotlyjs())):
        text = text.replace(mark, value)
    path.write_text(text, encoding="utf-8")


def _numbers(values: np.ndarray, digits: int | None = None) -> list:
    values = np.asarray(values)
    if digits is None:
        return values.tolist()
    return [round(float(v), digits) if np.isfinite(v) else None for v in values]


def _base64(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()


def _embedded(data: Any) -> str:
    """JSON that can stand inside <script>."""
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def _text(title: str) -> str:
    return title.replace("&", "&amp;").replace("<", "&lt;")
