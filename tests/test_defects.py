"""Defects that were made on purpose."""

import numpy as np
import pytest

from nanochart.landscape import cna
from nanochart.landscape.defects import defects
from nanochart.landscape.motifs import start
from nanochart.landscape.orientation import facing
from nanochart.landscape.quench import Quencher


def radii(x):
    return np.linalg.norm(x - x.mean(axis=0), axis=1)


def relaxed(x):
    quencher = Quencher("Au", len(x))
    try:
        return quencher(x).positions
    finally:
        quencher.close()


@pytest.fixture(scope="module")
def icosahedron():
    return start("Ih", "Au", 147, 0).positions


def test_perfect_clusters(icosahedron):
    counts = defects(relaxed(icosahedron))
    assert (counts.vertices, counts.inner_vacancies, counts.missing_vertices, counts.rosettes) == (12, 0, 0, 0)
    for motif, vertices in (("Dh", 2), ("Fcc", 0), ("Twin", 0)):
        counts = defects(start(motif, "Au", 147, 0).positions)
        assert (counts.vertices, counts.inner_vacancies, counts.rosettes) == (vertices, 0, 0), motif


def test_central_vacancy_which_labels_cannot_name(icosahedron):
    x = relaxed(np.delete(icosahedron, radii(icosahedron).argmin(), axis=0))
    counts = defects(x)
    assert (counts.central_vacancy, counts.inner_vacancies, counts.vertices) == (1, 1, 12)
    assert cna.summary(x, cna.default_cutoff("Au")).perfect[0] == 0


def test_other_vacancies(icosahedron):
    order = np.argsort(radii(icosahedron))
    second = defects(relaxed(np.delete(icosahedron, order[5], axis=0)))
    assert (second.central_vacancy, second.inner_vacancies) == (0, 1)
    vertex = defects(relaxed(np.delete(icosahedron, order[-1], axis=0)))
    assert (vertex.vertices, vertex.missing_vertices, vertex.inner_vacancies) == (11, 1, 0)


def test_rosette(icosahedron):
    """The vertex atom and one more stand in the ring, now of six, around the emptied place."""
    x = icosahedron - icosahedron.mean(axis=0)
    top = radii(x).argmax()
    axis = x[top] / np.linalg.norm(x[top])
    d = np.sort(np.linalg.norm(x - x[top], axis=1))[1]
    ring = np.flatnonzero((np.linalg.norm(x - x[top], axis=1) < 1.2 * d) & (radii(x) > 0.8 * radii(x).max()))
    ring = ring[ring != top]
    assert len(ring) == 5
    height, width = np.mean(x[ring] @ axis), np.mean(np.linalg.norm(x[ring] - np.outer(x[ring] @ axis, axis), axis=1))
    e1 = x[ring[0]] - (x[ring[0]] @ axis) * axis
    e1 /= np.linalg.norm(e1)
    e2 = np.cross(axis, e1)
    for k, atom in enumerate([*ring, top]):
        x[atom] = height * axis + 1.1 * width * (np.cos(k * np.pi / 3) * e1 + np.sin(k * np.pi / 3) * e2)
    counts = defects(x)
    assert (counts.rosettes, counts.vertices, counts.missing_vertices) == (1, 11, 0)


def test_adatom(icosahedron):
    x = icosahedron - icosahedron.mean(axis=0)
    r = radii(x)
    d = np.sort(np.linalg.norm(x - x[r.argmin()], axis=1))[1]
    # On the middle of a facet: above three surface atoms that touch each other.
    surface = np.flatnonzero(r > 0.75 * r.max())
    first = surface[r[surface].argmin()]
    near = [j for j in np.argsort(np.linalg.norm(x - x[first], axis=1))[1:9] if r[j] > 0.75 * r.max()]
    pair = next((a, b) for a in near for b in near if a < b and np.linalg.norm(x[a] - x[b]) < 1.2 * d)
    middle = x[[first, *pair]].mean(axis=0)
    normal = np.cross(x[pair[0]] - x[first], x[pair[1]] - x[first])
    normal *= np.sign(normal @ middle) / np.linalg.norm(normal)
    counts = defects(np.vstack([x, middle + 0.82 * d * normal]))
    assert counts.adatoms == 1 and counts.vertices == 12


def test_invariance(icosahedron):
    x = relaxed(np.delete(icosahedron, radii(icosahedron).argmin(), axis=0))
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    assert defects(1.3 * (x @ turn)[rng.permutation(len(x))] + 7) == defects(x)


@pytest.mark.parametrize("x, message", [
    (np.zeros((5, 3)), r"shape \(5, 3\), must be \[N,3\] with N >= 13"),
    (np.full((20, 3), np.nan), "not finite"),
    (np.zeros((20, 3)), "at one place"),
])  # fmt: skip
def test_bad_input(x, message):
    with pytest.raises(ValueError, match=message):
        defects(x)


def test_facing():
    """Decahedra are seen along their axis, twins with their planes edge-on; distances stay."""
    cutoff = cna.default_cutoff("Au")
    for motif in ("Dh", "Twin", "Fcc", "Ih"):
        x = start(motif, "Au", 147, 0).positions
        classes = cna.atom_classes(x, cutoff)
        turned = facing(x, classes)
        assert np.allclose(np.linalg.norm(turned[:20, None] - turned, axis=2), np.linalg.norm(x[:20, None] - x, axis=2))
        if motif == "Dh":
            axis = turned[classes == cna.CLASSES.index("fivefold")]
            assert np.ptp(axis[:, :2], axis=0).max() < 0.1 and np.ptp(axis[:, 2]) > 2
        if motif == "Twin":
            hcp = turned[classes == cna.CLASSES.index("hcp")]
            assert len(hcp) > 10 and np.ptp(hcp[:, 1]) < 3  # one plane or two, normal to y
