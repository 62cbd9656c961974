"""Families on made-up charts whose answer is known, and the file they are kept in."""

import json

import numpy as np
import pytest

from nanochart.chart import families as fam
from nanochart.chart import family_table
from nanochart.chart.families import Families
from nanochart.landscape import cna
from nanochart.landscape.motifs import start

CENTRES = np.array([[0, 0, 0], [4, 0, 0], [0, 4, 0], [0, 0, 4], [4, 4, 0], [4, 0, 4], [0, 4, 4]], dtype=float)
SIZES = (210, 180, 150, 120, 90, 60, 30)


def blobs(seed=0, width=0.3):
    rng = np.random.default_rng(seed)
    member = np.repeat(np.arange(len(CENTRES)), SIZES)
    order = rng.permutation(len(member))
    return (CENTRES[member] + width * rng.normal(size=(len(member), 3)))[order], member[order]


def test_blobs_are_found_largest_first():
    s, member = blobs()
    search = fam.find(s, "hash")
    assert len(search.families) == 7
    first, last = search.plateau
    assert first <= np.flatnonzero(search.bandwidths == search.families.bandwidth)[0] <= last
    assert set(search.counts[first : last + 1]) <= {6, 7, 8}
    assert f"taken {search.families.bandwidth:.2f}; scan: {search.counts[0]} at" in search.plateau_text()
    assert np.abs(search.families.centroids - CENTRES).max() < 0.1
    assert np.mean(search.families.assign(s) == member) > 0.999


def test_a_subset_gives_the_same_families():
    s, member = blobs()
    centroids = fam.modes(s, 1.0, subset=420, seed=3)
    found = Families(centroids, 1.0, tuple("abcdefg"), "hash")
    # Families of nearly one size may change places: compare centres, not numbers.
    distance = np.linalg.norm(found.centroids[found.assign(s)] - CENTRES[member], axis=1)
    assert np.mean(distance < 0.3) > 0.999


def test_stragglers_are_no_family():
    s, _ = blobs()
    with_stray = np.concatenate([s, [[20.0, 20, 20], [-20, 0, 0]]])
    assert len(fam.modes(with_stray, 1.0)) == 7
    assert len(fam.modes(with_stray, 1.0, smallest=0)) == 9


@pytest.mark.parametrize("counts, expected", [
    ([60, 40, 30, 22, 22, 21, 22, 15, 10, 8, 6, 3, 1], (3, 6)),
    ([9, 9, 7, 6, 3], (0, 1)),  # of two stretches as long, the flatter
    ([40, 28, 24, 23, 19, 12, 9, 8, 8, 8, 6], (1, 3)),  # finer than labels, though 9 to 8 is longer
    ([60, 40, 25, 14, 8, 7, 7, 7, 3], (4, 7)),  # nothing finer spans three bandwidths
    ([50, 48, 46, 35, 7, 6, 2, 2, 2, 2, 2], (0, 2)),  # fewer than 6 do not count, however long
    ([100, 95, 91, 70, 30, 29, 20, 11, 2], (4, 5)),  # nor do more than 50
])  # fmt: skip
def test_plateau(counts, expected):
    assert fam.plateau(counts) == expected


def test_no_plateau_and_the_user_s_number():
    with pytest.raises(ValueError, match=r"no bandwidth gives 6 to 50 families \(found: 5, 3\); name one with"):
        fam.plateau([5, 3])
    counts = [30, 22, 22, 22, 9]
    assert fam.choose(counts, 22) == 2
    assert fam.choose(counts, 25) == 2 and fam.choose(counts, 27) == 0
    assert fam.choose(counts) == 2


def test_one_bandwidth_needs_no_scan():
    s, _ = blobs()
    one = fam.find(s, "hash", bandwidth=1.0)
    assert one.families.bandwidth == 1.0 and len(one.counts) == 1 and one.plateau is None


def test_merging_joins_neighbours_of_like_make_up_only():
    s, member = blobs()
    found = Families(CENTRES, 3.0, tuple("abcdefg"), "hash")  # edges of 4 are 1.33 bandwidths, diagonals 1.9
    makeup = np.eye(6)[[0, 0, 1, 2, 1, 3, 4]].astype(float)
    merged, new = fam.merge(found, s, makeup)
    assert new[0] == new[1] and new[2] == new[4]  # alike and near
    assert len(merged) == 5 and len(set(new)) == 5
    # The largest first, each at the mean of its members.
    sizes = np.bincount(new[member])
    assert (np.diff(sizes) <= 0).all()
    k = new[0]
    assert np.allclose(merged.centroids[k], s[(member == 0) | (member == 1)].mean(axis=0), atol=1e-6)
    apart, same = fam.merge(Families(CENTRES, 1.0, tuple("abcdefg"), "hash"), s, makeup)
    assert len(apart) == 7 and len(set(same)) == 7


def test_file(tmp_path):
    found = Families(CENTRES, 0.6, tuple("abcdefg"), "0123456789abcdef")
    path = fam.beside(tmp_path / "model.pt")
    assert path.name == "model.families.json"
    found.save(path)
    again = Families.load(path, "0123456789abcdef")
    assert np.array_equal(again.centroids, CENTRES) and again.names == found.names and again.bandwidth == 0.6
    assert list(again.assign([[4.1, 0, 0], [np.nan, 0, 0]])) == [1, -1]
    with pytest.raises(ValueError, match="found on model 0123456789ab.., not on ffff.*run nanochart families"):
        Families.load(path, "ffff")
    with pytest.raises(ValueError, match=r"s has shape \(2, 2\), must be \[n,3\]"):
        again.assign(np.zeros((2, 2)))
    for broken in ("not JSON", "[]", json.dumps({"schema": "other"}), path.read_text().replace('"a",', "")):
        path.write_text(broken)
        with pytest.raises(ValueError, match="families .*model.families.json"):
            Families.load(path)


@pytest.mark.parametrize("s, message", [
    (np.zeros((5, 3)), "all points of the chart are the same"),
    (np.array([[0.0, np.nan], [1, 1]]), "s of 1 structures is not finite"),
    (np.zeros(3), r"s has shape \(3,\), must be \[n,d\]"),
])  # fmt: skip
def test_bad_charts(s, message):
    with pytest.raises(ValueError, match=message):
        fam.find(s, "hash")


def test_bad_bandwidth():
    with pytest.raises(ValueError, match="bandwidth is -1.0, must be > 0"):
        fam.find(blobs()[0], "hash", bandwidth=-1.0)


def test_table(tmp_path):
    """Two families of perfect clusters: every column is known."""
    ih, dh = (start(m, "Au", 147, 0).positions for m in ("Ih", "Dh"))
    positions = np.array([ih] * 6 + [dh] * 4, dtype=np.float32)
    s = np.array([[0.0, 0.01 * k] for k in range(6)] + [[5.0, 0.01 * k] for k in range(4)])
    codes = cna.label_codes(positions, "Au")
    found = Families(np.array([[0.0, 0.05], [5.0, 0.0]]), 1.0, ("0", "1"), "hash")
    energy, temperature = np.arange(10.0), np.full(10, 300.0)
    rows = family_table.table(found, s, codes, energy, temperature, positions, "Au", k=3)
    assert [r.size for r in rows] == [6, 4] and rows[0].share == 0.6
    assert rows[0].labels[cna.LABELS.index("Ih")] == 1 and rows[1].labels[cna.LABELS.index("Dh")] == 1
    assert list(rows[0].rows) == [5, 4, 3]  # nearest first
    assert rows[0].energy == 2.5 and rows[1].lowest_energy == 6
    assert rows[0].axes == 12 and rows[1].axes == 1
    assert rows[0].defects["vertices"] == 12
    assert family_table.names(rows) == ("Ih-1", "Dh-1")
    text = family_table.as_text(rows, ("Au", 147))
    assert "2 families; the charting paper found 22" in text and "60.0%" in text

    from ase.io import read

    paths = family_table.write_structures(rows, positions, "Au", {"energy": energy}, tmp_path)
    frames = read(paths[0], index=":")
    assert len(frames) == 3 and frames[0].get_potential_energy() == 5.0
    assert frames[0].info["row"] == 5 and np.allclose(frames[0].positions, ih, atol=1e-5)


def test_shipped_families_are_of_the_shipped_models():
    """A model that is made anew needs its families anew: nanochart families MODEL DATA -o DIR --store."""
    from hashlib import sha256
    from pathlib import Path

    import nanochart

    found = list((Path(nanochart.__file__).parent / "models").glob("*.families.json"))
    assert found
    for path in found:
        model = path.with_name(path.name.replace(".families.json", ".pt"))
        families = Families.load(path, sha256(model.read_bytes()).hexdigest())
        assert len(families) > 5 and families.centroids.shape[1] == 3
