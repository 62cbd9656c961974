"""What a cluster is made of: formulas, and `symbols`, which is one for all atoms or one for each."""

from __future__ import annotations

from collections.abc import Sequence

from ase.data import atomic_numbers
from ase.formula import Formula


def counts_of(text: str, atoms: int | None = None) -> dict[str, int]:
    """Atoms of each element, in alphabetical order: of an element and `atoms`, or of a formula alone.

    Raises ValueError for an unknown element, a formula that is none, or a number of atoms that is
    missing or stands beside a formula that has its own.
    """
    try:
        counts = Formula(text).count()
    except ValueError:
        counts = {}
    if not counts or any(e not in atomic_numbers for e in counts) or min(counts.values()) < 1:
        raise ValueError(f"ptmd: element or formula is {text!r}, must be one such as Au (with the number of atoms "
                         "after it) or Ag27Cu7")
    if atoms is None:
        if text in atomic_numbers:
            raise ValueError(f"ptmd: N is missing, must be the number of atoms: nanochart ptmd {text} N")
        return dict(sorted(counts.items()))
    if text not in atomic_numbers:
        raise ValueError(f"ptmd: {text} says how many atoms it has; leave out the number {atoms} after it")
    return {text: atoms}


def formula(symbols: str | Sequence[str], atoms: int) -> str:
    """Au147, Ag27Cu7: of `symbols`, which is one for all atoms or one for each."""
    if isinstance(symbols, str):
        return f"{symbols}{atoms}"
    return "".join(f"{e}{list(symbols).count(e)}" for e in sorted(set(symbols)))


def one_or_each(symbols: Sequence[str]) -> str | tuple[str, ...]:
    """The symbols of all atoms as one symbol if they are of one element."""
    return str(symbols[0]) if len(set(symbols)) == 1 else tuple(str(s) for s in symbols)


def elements_of(symbols: str | Sequence[str]) -> list[str]:
    """Elements in alphabetical order, which is that of atom types in LAMMPS."""
    return [symbols] if isinstance(symbols, str) else sorted(set(symbols))
