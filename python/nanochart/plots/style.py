"""What all pictures share: a backend without a window, and one colour for one thing."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (after the backend is chosen)
import numpy as np  # noqa: E402
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter  # noqa: E402

# Labels in the order of landscape.cna.LABELS.
LABEL_COLOURS = {"Dh": "#2f6db3", "Ih": "#d98a00", "Twin": "#2e8b57", "Fcc": "#c0392b", "Mix": "#7b4bb3",
                 "Amorphous": "#d46fa8"}  # fmt: skip
OTHER_COLOUR = "#9a9a9a"
RUN_COLOURS = {**LABEL_COLOURS, "melt": "#b05a9a", "held": "#222222"}


def family_colours(n: int) -> list[str]:
    """n colours that differ from their neighbours in the list: hues a golden angle apart, two depths."""
    from matplotlib.colors import hsv_to_rgb, to_hex

    hues = (0.58 + 0.381966 * np.arange(n)) % 1
    return [to_hex(hsv_to_rgb((h, 0.75 if i % 2 else 0.5, 0.65 if i % 2 else 0.85))) for i, h in enumerate(hues)]


def plain_numbers(*scales) -> None:
    """Numbers instead of powers of ten along logarithmic scales (axis.xaxis, axis.yaxis)."""
    for scale in scales:
        scale.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
        scale.set_major_formatter(StrMethodFormatter("{x:g}"))
        scale.set_minor_formatter(NullFormatter())


def save(figure, path, dpi: int = 140) -> None:
    figure.savefig(path, dpi=dpi)
    plt.close(figure)
