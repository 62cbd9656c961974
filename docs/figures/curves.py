"""Free energies along one coordinate from several sources in one picture, in kT and from their lowest points.

    python docs/figures/curves.py OUT.png KELVIN "title=fes.dat" ..
"""

import sys
from pathlib import Path

import numpy as np
from ase.units import kB

from nanochart.plots.style import plt, save


def main() -> None:
    output, kelvin, *sources = sys.argv[1:]
    figure, axis = plt.subplots(figsize=(6.5, 4), layout="constrained")
    for source in sources:
        title, file = source.split("=", 1)
        x, f, *_, error = np.loadtxt(file, ndmin=2).T
        known = np.isfinite(f)
        f = (f - f[known].min()) / (kB * float(kelvin))
        error = np.nan_to_num(error / (kB * float(kelvin)))
        (line,) = axis.plot(x, np.where(known, f, np.nan), label=title)
        axis.fill_between(x, f - error, f + error, color=line.get_color(), alpha=0.2, lw=0)
    name = next(line for line in Path(file).read_text().splitlines() if line.startswith("#! FIELDS")).split()[2]
    axis.set(xlabel=name, ylabel="F (kT)")
    axis.legend(frameon=False)
    save(figure, Path(output))


if __name__ == "__main__":
    main()
