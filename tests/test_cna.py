"""Common neighbour analysis: closed-form counts, OVITO, labels of known structures, errors."""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from ase.cluster import Decahedron, Icosahedron, Octahedron

from nanochart.landscape import cna, lattices, motifs

AU = cna.default_cutoff("Au")
FCC, HCP, FIVEFOLD, ICOSAHEDRAL = 1, 2, 3, 4


@pytest.fixture(scope="module")
def quenched():
    file = np.load(Path(__file__).parent / "data" / "quenched_Au147.npz")
    columns = dict(file)
    columns["x"] = columns["positions"] * float(columns["unit"])
    return columns


def counts(x, cutoff=AU) -> Counter:
    """How many bonds of each signature."""
    return Counter(map(tuple, cna.signatures(x, cutoff)[1].tolist()))


def census(x, cutoff=AU) -> list[int]:
    """How many atoms of each class."""
    return np.bincount(cna.atom_classes(x, cutoff), minlength=5).tolist()


# ---- closed forms -------------------------------------------------------------------------------
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6])
def test_mackay_icosahedron(n):
    """Twenty tetrahedra of edge n share 30 triangles and 12 axes."""
    x = Icosahedron("Au", n + 1, 4.08).positions
    expected = {
        (5, 5, 5): 12 * n,  # the axes
        (4, 2, 2): 45 * n * (n - 1),  # inside the triangles
        (4, 2, 1): 20 * n * (n - 1) * (n - 2),  # inside the tetrahedra
        (3, 2, 2): 30 * n,  # edges of the surface
        (3, 1, 1): 30 * n * (n - 1),  # faces of the surface
    }
    assert counts(x) == {signature: number for signature, number in expected.items() if number}
    m = n - 1  # shells under the surface
    fcc, hcp = 20 * m * (m - 1) * (m - 2) // 6, 30 * m * (m - 1) // 2
    assert census(x)[1:] == [fcc, hcp, 12 * m, 1]
    (row,) = cna.summary(x, AU)
    assert (row.perfect, row.axes) == (1, 12 if n > 1 else 0)
    assert cna.label(x, "Au") == "Ih"


@pytest.mark.parametrize("p,q,r", [(4, 1, 0), (5, 5, 0), (2, 2, 2), (3, 2, 1), (4, 3, 1)])
def test_decahedra(p, q, r):
    """Bipyramid, Ino and Marks decahedra: L atoms on the axis have L - 1 bonds 555."""
    x = Decahedron("Au", p, q, r, 4.08).positions
    length = np.sum(np.linalg.norm(x[:, :2] - x[:, :2].mean(axis=0), axis=1) < 0.1)
    assert counts(x)[5, 5, 5] == length - 1
    (row,) = cna.summary(x, AU)
    assert (row.fivefold, row.axes, row.icosahedral) == (length - 2, 1, 0)
    assert row.ordered == row.interior
    assert cna.label(x, "Au") == "Dh"


@pytest.mark.parametrize("stacking,kind,bonds", [
    ("ABCABCABC", FCC, {(4, 2, 1): 12}),
    ("ABABABABA", HCP, {(4, 2, 1): 6, (4, 2, 2): 6}),
])  # fmt: skip
def test_bulk(stacking, kind, bonds):
    """The atom at the middle of a close-packed crystal."""
    x = lattices.stacked_sites(60, 4.08, stacking)
    x = x[np.linalg.norm(x, axis=1) < 3.2 * 2.885]
    centre = int(np.argmin(np.linalg.norm(x, axis=1)))
    pairs, signatures = cna.signatures(x, AU)
    of_centre = signatures[(pairs == centre).any(axis=1)]
    assert Counter(map(tuple, of_centre.tolist())) == bonds
    assert cna.atom_classes(x, AU)[centre] == kind
    assert census(x)[kind] > 30


def test_parallel_planes():
    """Two twin planes of one orientation, and of two."""
    for motif in ("Twin", "Fault"):
        (row,) = cna.summary(motifs.start(motif, "Au", 147, seed=3).positions, AU)
        assert row.hcp_parallel == row.hcp > 15
    deca = Decahedron("Au", 5, 5, 0, 4.08).positions
    (row,) = cna.summary(deca, AU)
    assert row.hcp_parallel * 5 == row.hcp


# ---- somebody else's code -----------------------------------------------------------------------
def test_equal_to_stored_ovito(quenched):
    """Every bond and every atom of 60 quenched clusters, as OVITO 3.17 analysed them."""
    start = 0
    for x, types, bonds in zip(quenched["x"], quenched["types"], quenched["bonds"]):
        pairs, signatures = cna.signatures(x, float(quenched["cutoff"]))
        np.testing.assert_array_equal(pairs, quenched["pairs"][start : start + bonds])
        np.testing.assert_array_equal(signatures, quenched["signatures"][start : start + bonds])
        start += bonds
        classes = cna.atom_classes(x, float(quenched["cutoff"]))
        np.testing.assert_array_equal(classes == FCC, types == 1)
        np.testing.assert_array_equal(classes == HCP, types == 2)
        assert np.all(classes[types == 4] == ICOSAHEDRAL)
    assert start == len(quenched["pairs"]) > 30_000


def test_equal_to_ovito_here(quenched):
    try:
        import ovito  # noqa: F401
    except ImportError:
        if "ovito" in os.environ.get("NANOCHART_REQUIRE", ""):
            raise
        pytest.skip("ovito is not installed (pip install ovito)")
    from cna_against_ovito import compare

    counted = compare(quenched["x"][::5], float(quenched["cutoff"]))
    assert counted["bonds"] > 6_000 and counted["fcc"] > 50
    assert counted["bonds_differ"] == counted["atoms_differ"] == 0
    # An unphysical cutoff takes in bonds of all kinds.
    counted = compare(quenched["x"][:2], 4.4)
    assert counted["bonds_differ"] == counted["atoms_differ"] == 0


# ---- labels -------------------------------------------------------------------------------------
LABEL_OF = {"Ih": "Ih", "Dh": "Dh", "Marks": "Dh", "Ino": "Dh", "Fcc": "Fcc", "TO": "Fcc", "Twin": "Twin",
            "Fault": "Twin", "Hcp": "Twin"}  # fmt: skip


@pytest.mark.parametrize("element,atoms", [("Au", 147), ("Ag", 147), ("Cu", 147), ("Au", 90)])
@pytest.mark.parametrize("motif", LABEL_OF)
def test_labels_of_starts(motif, element, atoms):
    """At 0 K: as built, relaxed, and quenched again from noise of 0.052 nearest-neighbour distances.

    docs/cna.md has the table of more shapes, with the exceptions.
    """
    from nanochart.landscape.quench import Quencher

    rng = np.random.default_rng(1)
    quench = Quencher(element, atoms)
    noise = 0.052 * cna.nearest_neighbour(element)
    for seed in (0, 3):
        built = motifs.start(motif, element, atoms, seed).positions
        relaxed = quench(built).positions
        assert cna.label(built, element) == cna.label(relaxed, element) == LABEL_OF[motif]
        noisy = quench(relaxed + noise * rng.normal(size=relaxed.shape)).positions
        assert cna.label(noisy, element) == LABEL_OF[motif]
    quench.close()


def test_labels_of_other_shapes():
    assert cna.label(Octahedron("Au", 7, 2, 4.08).positions, "Au") == "Fcc"  # truncated octahedron
    assert cna.label(Octahedron("Au", 9, 4, 4.08).positions, "Au") == "Fcc"  # cuboctahedron
    hcp = lattices.stacked_sites(147, 4.08, "ABABABABABABA")
    hcp = hcp[np.argsort(np.linalg.norm(hcp - 0.1, axis=1))[:147]]
    assert cna.label(hcp, "Au") == "Twin"
    assert cna.label(hcp[:1], "Au") == "Amorphous"


def test_icosahedron_without_its_centre():
    """CNA does not see the vacancy: the twelve axes remain."""
    x = Icosahedron("Au", 4, 4.08).positions
    x = np.delete(x, np.argmin(np.linalg.norm(x - x.mean(axis=0), axis=1)), axis=0)
    (row,) = cna.summary(x, AU)
    assert (row.icosahedral, row.axes) == (0, 12)
    assert cna.label(x, "Au") == "Ih"


def test_random_packings_are_amorphous():
    """Atoms thrown into a sphere at least 2.2 A apart, then quenched."""
    from nanochart.landscape.quench import Quencher

    rng = np.random.default_rng(0)
    quench = Quencher("Au", 147)
    labels = []
    for _ in range(5):
        thrown = np.empty((0, 3))
        while len(thrown) < 147:
            point = rng.uniform(-10.0, 10.0, 3)
            if point @ point < 100 and np.all(np.linalg.norm(thrown - point, axis=1) > 2.2):
                thrown = np.vstack([thrown, point])
        packed = quench(thrown)
        assert packed.converged
        labels.append(cna.label(packed.positions, "Au"))
    quench.close()
    assert labels == ["Amorphous"] * 5


def test_every_label_occurs_in_quenched_data(quenched):
    labels = cna.label(quenched["x"], "Au")
    assert set(labels) == set(cna.LABELS)
    codes = cna.label_codes(quenched["x"], cutoff=AU)
    assert codes.dtype == np.int8
    np.testing.assert_array_equal(np.array(cna.LABELS)[codes], labels)


def test_rules_in_order():
    """One row for each rule, and each rule above it beats it."""
    perfect_fcc = dict(interior=40, fcc=40, hcp=0, fivefold=0, icosahedral=0, perfect=0, axes=0,
                       hcp_parallel=0, ordered=40)  # fmt: skip

    def labelled(**changes):
        row = perfect_fcc | changes
        row["ordered"] = row["fcc"] + row["hcp"] + row["fivefold"] + row["icosahedral"]
        record = np.rec.array([tuple(row.values())], names=list(row))
        return next(name for name, rule in cna.RULES if rule(record)[0])

    assert labelled() == "Fcc"
    assert labelled(fcc=15) == "Amorphous"
    assert labelled(fcc=0, icosahedral=15, perfect=15, axes=12) == "Amorphous"
    assert labelled(icosahedral=1, perfect=1) == "Ih"
    assert labelled(fivefold=5, axes=5) == "Ih"
    assert labelled(fivefold=2, axes=1) == "Dh"
    assert labelled(fivefold=1, axes=1) == "Mix"
    assert labelled(fivefold=4, axes=2) == "Mix"
    assert labelled(fivefold=2, axes=1, icosahedral=1) == "Mix"
    assert labelled(fcc=36, hcp=4) == "Fcc"
    assert labelled(fcc=30, hcp=10, hcp_parallel=8) == "Twin"
    assert labelled(fcc=30, hcp=10, hcp_parallel=7) == "Mix"


# ---- invariance, batches ------------------------------------------------------------------------
def test_invariance_and_batches(quenched):
    x = quenched["x"]
    rng = np.random.default_rng(3)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    order = rng.permutation(x.shape[1])
    moved = (x @ rotation.T + [3.0, -80.0, 1.5])[:, order]
    before, after = cna.summary(x, AU), cna.summary(moved, AU)
    np.testing.assert_array_equal(before, after)
    classes = cna.atom_classes(x, AU)
    np.testing.assert_array_equal(classes[:, order], cna.atom_classes(moved, AU))
    np.testing.assert_array_equal(before, cna.summary(x, AU, threads=3))
    np.testing.assert_array_equal(classes[7], cna.atom_classes(x[7], AU))
    assert cna.label(x[7], "Au") == cna.label(x, "Au")[7]
    assert cna.label(x[:0], "Au").shape == (0,)


def test_cutoff_lies_between_two_shells():
    assert cna.nearest_neighbour("Au") == pytest.approx(4.08 / np.sqrt(2))
    assert cna.default_cutoff("Cu") == pytest.approx(3.61 / np.sqrt(2) * 1.20711, rel=1e-5)
    alloy = cna.nearest_neighbour(["Ag", "Cu", "Cu"])
    assert alloy == pytest.approx((4.09 + 2 * 3.61) / 3 / np.sqrt(2))


# ---- errors -------------------------------------------------------------------------------------
def test_errors(quenched):
    x = quenched["x"][:4].copy()
    for bad in (np.nan, np.inf):
        y = x.copy()
        y[2, 5, 1] = bad
        for threads in (1, 3):
            with pytest.raises(ValueError, match=f"frame 2: position: y of atom 6 is {bad}"):
                cna.label(y, "Au", threads=threads)
    y = x.copy()
    y[1, 3] = y[1, 9]
    with pytest.raises(ValueError, match="frame 1: position: atoms 4 and 10 are 0 A apart"):
        cna.atom_classes(y, AU)
    for shape in ((147,), (147, 2), (0, 3), (1, 2, 147, 3)):
        with pytest.raises(ValueError, match="positions have shape .* must be"):
            cna.label(np.zeros(shape), "Au")
    with pytest.raises(ValueError, match="dtype"):
        cna.label([["a", "b", "c"]], "Au")
    with pytest.raises(ValueError, match=r"must be \[N,3\] with"):
        cna.signatures(x, AU)
    for cutoff in (0, -1, np.nan, np.inf):
        with pytest.raises(ValueError, match="cutoff is .* must be a finite number > 0"):
            cna.signatures(x[0], cutoff)
    with pytest.raises(ValueError, match="cutoff is 'Au', must be one number"):
        cna.signatures(x[0], "Au")
    with pytest.raises(ValueError, match="cutoff 30.* common neighbours, must be <= 64"):
        cna.signatures(x[0], 30.0)
    for element in ("Xx", "Fe", "au"):
        with pytest.raises(ValueError, match=f"element is '{element}'.* give cutoff"):
            cna.label(x, element)
    with pytest.raises(ValueError, match="element is empty"):
        cna.label(x, [])
    with pytest.raises(ValueError, match="either element .* or cutoff"):
        cna.label(x)
    with pytest.raises(ValueError, match="either element .* or cutoff"):
        cna.label(x, "Au", cutoff=3.4)
    with pytest.raises(ValueError, match="threads is -1"):
        cna.label(x, "Au", threads=-1)
