"""Tables of the RGL potential for LAMMPS: `setfl` for one metal, its `eam/fs` form for an alloy.

In embedded-atom form F(rho) = -sqrt(rho), phi(r) = 2 repulsion(r), and the density at an atom of
species a from a neighbour of species b is hopping_ab(r)^2. With one metal that is eam/alloy; with
several, xi of the mixed pair is its own parameter, so the density depends on both: eam/fs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .rgl import bonds, gupta

# Atoms with at least four neighbours agree with the closed formula to 1e-6 eV and 1e-5 eV/A with
# far fewer rows than these. The table in r is read all over, and MD of Au147 is 3.7 times slower
# with 10,000 rows than with 2,000, which stay in the cache; the table in rho is read locally, and
# its many rows help weakly bound atoms. RHO_RANGE (in xi^2) is over twice what a melt reaches.
ROWS_RHO = 20_000
ROWS_R = 2_000
RHO_RANGE = 40.0


def _checked(elements: str | Sequence[str]) -> list[str]:
    names = []
    for name in [elements] if isinstance(elements, str) else elements:  # AgCu is Ag Cu
        names += re.findall("[A-Z][a-z]?", name) if re.fullmatch("([A-Z][a-z]?)+", name) else [name]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"potential: elements are {' '.join(names) or 'none'}, must be one or several, each once")
    bonds(names)  # raises for what has no parameters
    return names


def file_name(elements: str | Sequence[str]) -> str:
    """Usual name of the file of `write_setfl`: Au.eam.alloy, AgCu.eam.fs."""
    names = _checked(elements)
    return f"{''.join(names)}.eam.{'alloy' if len(names) == 1 else 'fs'}"


def builtin_lines(elements: str | Sequence[str], path: str | os.PathLike | None = None) -> list[str]:
    """pair_style and pair_coeff lines for atom types that are `elements` in this order.

    path: the file of `write_setfl`; by default `file_name(elements)`. Raises as `write_setfl`.
    """
    names = _checked(elements)
    style = "eam/alloy" if len(names) == 1 else "eam/fs"
    return [f"pair_style {style}", f"pair_coeff * * {path or file_name(names)} {' '.join(names)}"]


def is_builtin(lines: Sequence[str], elements: Sequence[str]) -> bool:
    """Whether these lines are the built-in potential of these elements, under its usual file name, `/opt` or not."""
    try:
        return [line.replace("/opt", "") for line in lines] == builtin_lines(elements)
    except ValueError:
        return False


def write_setfl(path: str | os.PathLike, elements: str | Sequence[str]) -> Path:
    """Write the RGL potential of one metal for `pair_style eam/alloy`, of several for `eam/fs`.

    Atoms with four or more neighbours agree with the closed formula to 1e-6 eV and 1e-5 eV/A
    (measured: Au147 1e-10 and 2e-7, 147 atoms of AgCu and AgAu 5e-10 and 2e-6).

    Limits: F is singular at rho = 0, and the table keeps F(0) = 0. An atom held by nothing but one
    or two bonds stretched beyond 1.5 r0 (4.4 A for Au) is wrong by up to 0.02 eV and 1.4 eV/A (0.6
    for Au). No distance is below the tables, which begin at r = 0; a pair nearer than 0.56 r0
    (tens of eV) may leave the table of F, which LAMMPS goes on with as a straight line.

    Raises ValueError for an element without parameters, twice the same, or a pair of elements
    without a published mixed pair. The file appears whole or not at all.
    """
    names = _checked(elements)
    pairs = bonds(names)
    metals = [gupta(name) for name in names]
    cutoff = max(bond.cut_end for bond in pairs.values())
    drho = RHO_RANGE * max(bond.xi for bond in pairs.values()) ** 2 / (ROWS_RHO - 1)
    dr = cutoff / (ROWS_R - 1)
    r = dr * np.arange(ROWS_R)
    text = [*_comments(names), f"{len(names)} {' '.join(names)}",
            f"{ROWS_RHO} {drho:.17g} {ROWS_R} {dr:.17g} {cutoff:.17g}"]  # fmt: skip

    def add(table: np.ndarray) -> None:
        text.extend(f"{v:.17g}" for v in table)

    for metal in metals:
        text.append(f"{metal.number} {metal.mass} {metal.bulk()[0]:.10f} fcc")
        add(-np.sqrt(drho * np.arange(ROWS_RHO)))
        for other in names:
            add(pairs[metal.element, other].hopping(r)[0] ** 2)
    for i, a in enumerate(names):
        for b in names[: i + 1]:
            add(2 * r * pairs[a, b].repulsion(r)[0])
    path = Path(path)
    part = path.with_name(path.name + ".part")
    part.write_text("\n".join(text) + "\n")
    os.replace(part, path)
    return path


def _comments(names: list[str]) -> list[str]:
    """The three lines that the format leaves free."""
    shown = "; ".join(
        f"{a}-{b} r0 {g.r0} p {g.p} q {g.q} A {g.a} xi {g.xi} cutoff {g.cut_start} .. {g.cut_end}"
        for (a, b), g in bonds(names).items() if a <= b
    )  # fmt: skip
    return [
        f"RGL (Gupta) potential of {' '.join(names)}, doi:10.1103/PhysRevB.48.22; sources of the parameters in "
        "docs/commands/potential.md; written by nanochart",
        f"{shown}; quintic cutoff on both amplitudes",
        "within 1e-6 eV and 1e-5 eV/A of the formula for atoms with 4 or more neighbours; off by up to 0.02 eV and "
        "1.4 eV/A for atoms held only by one or two bonds longer than 1.5 r0",
    ]
