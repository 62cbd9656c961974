"""Common neighbour analysis (CNA) of free clusters: bonds, atoms, and labels of whole clusters.

Two atoms nearer than the cutoff are bonded. The signature (i, j, k) of a bond: its two atoms share i
neighbours, j bonds join these i, and k of the j make up their largest connected piece.
J. D. Honeycutt and H. C. Andersen, J. Phys. Chem. 91, 4950 (1987), doi:10.1021/j100303a014;
D. Faken and H. Jonsson, Comput. Mater. Sci. 2, 279 (1994), doi:10.1016/0927-0256(94)90109-0.

Labels are meant for quenched clusters (local minima): thermal noise breaks signatures.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nanochart import _core

# Atom classes, by the signatures of an atom's bonds; a code is an index into this table.
CLASSES = (
    "other",  # surface or disorder: anything not below
    "fcc",  # 12 x 421
    "hcp",  # 6 x 421 and 6 x 422
    "fivefold",  # 2 x 555 and 10 x 422: on an axis where five twin planes meet
    "icosahedral",  # at least 6 x 555 (12 x 555 in a perfect core)
)

# Cluster labels; a code is an index into this table. The order is that of the charting papers.
LABELS = ("Dh", "Ih", "Twin", "Fcc", "Mix", "Amorphous")

# ---- The scheme: thresholds, and rules in order of precedence (the first that holds wins). ------
# Ours, derived from the published one (D. Schebarchov, F. Baletto, D. J. Wales, Nanoscale 10, 2004
# (2018), doi:10.1039/C7NR07123J; M. Settem, R. Ferrando, A. Giacomello, Nanoscale 14, 939 (2022),
# arXiv:2112.12922). `s` holds the columns of `summary`; docs/cna.md shows what it was
# checked on and where labels are unsure.
CUTOFF = (1 + np.sqrt(2)) / 2  # nearest-neighbour distances: midway between fcc's two first shells
ORDERED = 0.40  # least share of ordered among interior atoms
AXES = 5  # of an icosahedron's 12: five take in at least 14 of its 20 tetrahedra
AXIS = 2  # fewest interior atoms on the axis of a decahedron
STRAY = 0.1  # largest share of hcp among ordered atoms of a cluster called Fcc
PARALLEL = 0.8  # least share of hcp atoms in planes of one orientation
RULES = (
    ("Amorphous", lambda s: s.ordered < ORDERED * np.maximum(s.interior, 1)),
    ("Ih", lambda s: (s.perfect > 0) | (s.axes >= AXES)),
    ("Dh", lambda s: (s.icosahedral == 0) & (s.axes == 1) & (s.fivefold >= AXIS)),
    ("Mix", lambda s: s.icosahedral + s.fivefold > 0),
    ("Fcc", lambda s: s.hcp <= STRAY * s.ordered),
    ("Twin", lambda s: s.hcp_parallel >= PARALLEL * s.hcp),
    ("Mix", lambda s: np.full(s.hcp.shape, True)),
)


def nearest_neighbour(element: str | Sequence[str]) -> float:
    """Nearest-neighbour distance (A) of the fcc crystal, from ASE's table of lattice constants.

    a/sqrt(2): Au 2.885, Ag 2.892, Cu 2.553. Of several elements (a symbol for each atom, or for
    each kind) the mean. Raises ValueError for an element that is unknown or not fcc.
    """
    from ase.data import atomic_numbers, reference_states

    symbols = [element] if isinstance(element, str) else list(element)
    if not symbols:
        raise _core.Error("cna: element is empty, must be a chemical symbol; or give cutoff")
    distances = []
    for symbol in symbols:
        state = reference_states[atomic_numbers[symbol]] if symbol in atomic_numbers else None
        if not state or state.get("symmetry") != "fcc":
            raise _core.Error(f"cna: element is {symbol!r}, must be a metal that is fcc at room "
                              "temperature; for others give cutoff (angstrom)")
        distances.append(state["a"] / np.sqrt(2))
    return float(np.mean(distances))


def default_cutoff(element: str | Sequence[str]) -> float:
    """1.2071 nearest-neighbour distances of `element` (A): Au 3.482, Ag 3.491, Cu 3.081."""
    return float(CUTOFF * nearest_neighbour(element))


def signatures(x, cutoff: float) -> tuple[np.ndarray, np.ndarray]:
    """Bonded pairs [b,2] (i < j, from 0, in order) and their signatures [b,3] of x[N,3].

    Raises ValueError: shape, coordinates that are not finite, two atoms at one place, cutoff <= 0.
    """
    return _core.cna_bonds(_positions(x, batch=False), _length(cutoff))


def atom_classes(x, cutoff: float, threads: int = 1) -> np.ndarray:
    """Codes into CLASSES [N] of x[N,3], or [n,N] of a batch [n,N,3]. Raises as `signatures`."""
    classes = _analyse(x, cutoff, threads)[1]
    return classes if np.ndim(x) == 3 else classes[0]


def summary(x, cutoff: float, threads: int = 1) -> np.recarray:
    """What the labels are made from, one row a cluster of x[N,3] or a batch [n,N,3].

    Columns count atoms unless said otherwise: interior (at least 12 neighbours), fcc, hcp,
    fivefold, icosahedral, their sum `ordered`, perfect (12 x 555), axes (number of fivefold axes:
    rows of fivefold atoms joined by 555 bonds), hcp_parallel (hcp atoms whose close-packed plane
    has the commonest orientation). Raises as `signatures`.
    """
    counted = _analyse(x, cutoff, threads)[0]
    names = counted.dtype.names
    rows = np.empty(len(counted), dtype=[(name, np.int32) for name in (*names, "ordered")])
    for name in names:
        rows[name] = counted[name]
    rows["ordered"] = sum(counted[name] for name in CLASSES[1:])
    return rows.view(np.recarray)


def label_codes(x, element: str | Sequence[str] | None = None, cutoff: float | None = None,
                threads: int = 1) -> np.ndarray:
    """Codes into LABELS, int8 [n], of a batch x[n,N,3]; see `label`."""
    if (element is None) == (cutoff is None):
        raise _core.Error("cna: give either element (for its cutoff) or cutoff (angstrom)")
    rows = summary(x, default_cutoff(element) if cutoff is None else cutoff, threads)
    conditions = [rule(rows) for _, rule in RULES]
    return np.select(conditions, [LABELS.index(name) for name, _ in RULES]).astype(np.int8)


def labels_or_none(x: np.ndarray, valid: np.ndarray, element: str | Sequence[str], threads: int = 1) -> np.ndarray:
    """Codes into LABELS, int8 [n], of x[n,N,3] where valid[n] holds, -1 elsewhere."""
    codes = np.full(len(x), -1, dtype=np.int8)
    if valid.any():
        codes[valid] = label_codes(x[valid].astype(float), element, threads=threads)
    return codes


def label(x, element: str | Sequence[str] | None = None, cutoff: float | None = None,
          threads: int = 1) -> str | np.ndarray:
    """Structural label of a quenched cluster: Dh, Ih, Twin, Fcc, Mix or Amorphous.

    Parameters
    ----------
    x : positions [N,3], or a batch [n,N,3]; angstrom. Periodic images are not taken.
    element : symbol, or one for each atom; sets the cutoff, see `default_cutoff`.
    cutoff : angstrom, instead of `element`.
    threads : over the clusters of a batch; 0 takes all cores.

    Returns
    -------
    A name for one cluster, an array of names [n] for a batch.

    Raises
    ------
    ValueError : as `signatures`; an element that is unknown or not fcc; neither or both of element
        and cutoff.
    """
    names = np.array(LABELS)[label_codes(x, element, cutoff, threads)]
    return names if np.ndim(x) == 3 else str(names[0])


def _analyse(x, cutoff: float, threads: int) -> tuple[np.ndarray, np.ndarray]:
    if threads != int(threads) or threads < 0:
        raise _core.Error(f"cna: threads is {threads}, must be an integer >= 0 (0: all cores)")
    x = _positions(x, batch=True)
    return _core.cna_batch(x if x.ndim == 3 else x[None], _length(cutoff), int(threads))


def _positions(x, batch: bool) -> np.ndarray:
    x = np.asarray(x)
    if x.dtype.kind not in "fiu":
        raise _core.Error(f"cna: positions have dtype {x.dtype}, must be real numbers")
    if x.ndim not in ((2, 3) if batch else (2,)) or x.shape[-1] != 3 or x.shape[-2] < 1:
        raise _core.Error(f"cna: positions have shape {x.shape}, must be [N,3]"
                          + (" or a batch [n,N,3]" if batch else "") + " with N >= 1")
    return np.ascontiguousarray(x, dtype=float)


def _length(cutoff: float) -> float:
    if isinstance(cutoff, str) or np.ndim(cutoff) != 0:
        raise _core.Error(f"cna: cutoff is {cutoff!r}, must be one number in angstrom")
    return float(cutoff)
