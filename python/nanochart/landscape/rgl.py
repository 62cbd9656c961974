"""RGL (Gupta, SMA-TB) potential of noble metals and their alloys: parameters and closed formula.

Energy of atom i of species a, with a sum over its neighbours j of species b at distances r = r_ij:

    E_i = sum_j A_ab exp(-p_ab (r/r0_ab - 1)) - sqrt( sum_j [xi_ab exp(-q_ab (r/r0_ab - 1))]^2 )

Between r_c1 and r_c2 each of the two functions A exp(..) and xi exp(..) is replaced by a quintic
polynomial that joins it with slope and curvature at r_c1 and vanishes with them at r_c2. The
polynomial stands for the amplitude, which is then squared and summed.

Sources. Form: V. Rosato, M. Guillope, B. Legrand, Philos. Mag. A 59, 321 (1989),
doi:10.1080/01418618908205062; F. Cleri and V. Rosato, Phys. Rev. B 48, 22 (1993),
doi:10.1103/PhysRevB.48.22. Pure metals: parameters and cutoffs as in the LoDiS data base
(F. Baletto et al., Phys. Rev. Lett. 88, 075503, 2002). Mixed pairs: see MIXED.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Bond:
    """The two functions of distance of a pair of species; lengths in angstrom, energies in eV."""

    r0: float
    p: float
    q: float
    a: float
    xi: float
    cut_start: float
    cut_end: float

    def repulsion(self, r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A exp(-p(r/r0 - 1)) with its cutoff, and its derivative; eV and eV/A, shape of r."""
        return self._amplitude(r, self.a, self.p)

    def hopping(self, r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """xi exp(-q(r/r0 - 1)) with its cutoff, and its derivative; eV and eV/A, shape of r."""
        return self._amplitude(r, self.xi, self.q)

    def _amplitude(self, r, prefactor, decay):
        r = np.asarray(r, dtype=float)
        k = decay / self.r0
        inside = prefactor * np.exp(-k * (r - self.r0))
        # t^3 (c0 + c1 t + c2 t^2), t = r - r_c2, has a threefold zero at r_c2; three joins at r_c1.
        t1 = self.cut_start - self.cut_end
        joins = [[t1**n, n * t1 ** (n - 1), n * (n - 1) * t1 ** (n - 2)] for n in (3, 4, 5)]
        edge = prefactor * np.exp(-k * (self.cut_start - self.r0))
        c = np.linalg.solve(np.transpose(joins), edge * np.array([1.0, -k, k * k]))
        t = np.minimum(r - self.cut_end, 0.0)
        tail = t**3 * (c[0] + t * (c[1] + t * c[2]))
        slope = t**2 * (3 * c[0] + t * (4 * c[1] + t * 5 * c[2]))
        near = r <= self.cut_start
        return np.where(near, inside, tail), np.where(near, -k * inside, slope)


@dataclass(frozen=True)
class Gupta(Bond):
    """A metal: its bond, symbol, atomic number and mass (g/mol)."""

    element: str
    number: int
    mass: float

    def bulk(self) -> tuple[float, float]:
        """Lattice constant (A) and cohesive energy (eV/atom, negative) of the fcc crystal."""
        from scipy.optimize import minimize_scalar

        n = np.mgrid[-3:4, -3:4, -3:4].reshape(3, -1).T
        shells = np.linalg.norm(n[(n.sum(axis=1) % 2 == 0) & n.any(axis=1)], axis=1) / 2

        def energy(a):
            return np.sum(self.repulsion(a * shells)[0]) - np.sqrt(np.sum(self.hopping(a * shells)[0] ** 2))

        guess = np.sqrt(2) * self.r0
        best = minimize_scalar(energy, bounds=(0.9 * guess, 1.1 * guess), method="bounded", options={"xatol": 1e-10})
        return float(best.x), float(best.fun)


GUPTA = {
    g.element: g
    for g in (
        Gupta(2.885, 10.139, 4.033, 0.209570656, 1.8152764, 4.09004704, 5.00926414, "Au", 79, 196.96657),
        Gupta(2.89, 10.85, 3.18, 0.10308871, 1.18954349, 4.08707719, 5.00562683, "Ag", 47, 107.8682),
        Gupta(2.56, 10.55, 2.43, 0.08937635, 1.27988042, 3.62038672, 4.43405007, "Cu", 29, 63.546),
    )
}

# Mixed pairs that were published with (to their four digits) the parameters of the pure metals above.
# r0 is the mean of the two metals'. Cutoffs: from the larger of the two metals' cut_start to the
# smaller of their cut_end, as in LAMMPS's own AgCu example (examples/PACKAGES/smtbq); between
# metals of one size, where these two shells are those of both, the papers leave no other choice.
# The published Au-Cu pair belongs to other parameters of pure Au and Cu (doi:10.1063/1.1898223)
# and is left out: the three would not fit together.
MIXED = {
    # F. Baletto, C. Mottet, R. Ferrando, Phys. Rev. B 66, 155420 (2002), doi:10.1103/PhysRevB.66.155420
    frozenset(("Ag", "Cu")): Bond(2.725, 10.70, 2.805, 0.0977, 1.2275, 4.08707719, 4.43405007),
    # G. Rossi et al., J. Chem. Phys. 122, 194309 (2005), doi:10.1063/1.1898224
    frozenset(("Ag", "Au")): Bond(2.8875, 10.494, 3.607, 0.1488, 1.4874, 4.09004704, 5.00562683),
}


def gupta(element: str) -> Gupta:
    """Parameters of `element`; ValueError when there are none."""
    try:
        return GUPTA[element]
    except KeyError:
        raise ValueError(f"potential: element is {element!r}, must be one of {', '.join(sorted(GUPTA))}; for others "
                         "give LAMMPS lines of your own (--potential-lines)") from None


def bonds(elements: Iterable[str]) -> dict[tuple[str, str], Bond]:
    """Bond of every ordered pair of `elements`, (a, b) and (b, a) the same.

    Raises ValueError for an element without parameters, and for two without a mixed pair.
    """
    metals = {e: gupta(e) for e in elements}
    found: dict[tuple[str, str], Bond] = {}
    for a in metals:
        for b in metals:
            bond = metals[a] if a == b else MIXED.get(frozenset((a, b)))
            if bond is None:
                known = ", ".join(sorted("-".join(sorted(pair)) for pair in MIXED))
                raise ValueError(f"potential: {a}-{b} has no mixed pair that was published with these metals' "
                                 f"parameters, must be one of {known}; for others give LAMMPS lines of your own (--potential-lines)")
            found[a, b] = bond
    return found


def reach(symbols: str | Iterable[str]) -> float:
    """Distance (A) beyond which no two atoms of these species interact. Raises as `bonds`."""
    return max(bond.cut_end for bond in bonds([symbols] if isinstance(symbols, str) else sorted(set(symbols))).values())


def energies_forces(x: np.ndarray, symbols: str | Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Energy of each atom [N] (eV) and forces [N,3] (eV/A) of a free cluster x[N,3].

    symbols: one for all atoms, or one each. Closed formula over all pairs, O(N^2) memory: the
    reference that the tables are tested with. Raises as `bonds`.
    """
    x = np.asarray(x, dtype=float)
    species = np.full(len(x), symbols) if isinstance(symbols, str) else np.asarray(symbols)
    d = x[None, :, :] - x[:, None, :]
    r = np.linalg.norm(d, axis=2)
    np.fill_diagonal(r, np.inf)
    repulsion, repulsion_slope, hopping, hopping_slope = np.zeros((4, len(x), len(x)))
    for (a, b), bond in bonds(np.unique(species).tolist()).items():
        block = np.ix_(species == a, species == b)
        near = np.minimum(r[block], 2 * bond.cut_end)
        repulsion[block], repulsion_slope[block] = bond.repulsion(near)
        hopping[block], hopping_slope[block] = bond.hopping(near)
    band = np.sqrt(np.sum(hopping**2, axis=1))
    inverse = np.divide(1.0, band, out=np.zeros_like(band), where=band > 0)
    slope = 2 * repulsion_slope - (inverse[:, None] + inverse) * hopping * hopping_slope
    forces = np.einsum("ij,ijk->ik", slope / r, d)
    return np.sum(repulsion, axis=1) - band, forces
