"""`nanochart dataset`: duplicates, composition, splits, and that it streams."""

import tracemalloc

import numpy as np
import pytest
from typer.testing import CliRunner

from nanochart.cli import app
from nanochart.landscape import cna, dataset_file
from nanochart.landscape.composition import PAPER, Composition
from nanochart.landscape.dataset import Dataset, add_block, create
from nanochart.landscape.motifs import start
from nanochart.landscape.dataset_file import NEITHER, TRAINING, VALIDATION
from nanochart.landscape.splits import block_split, random_split
from nanochart.landscape.unique import FINE, distinct, draw, make


def rows_of(x, energy, replica, step, temperature=300.0, converged=True):
    n = len(x)
    return {
        "positions_thermal": x + 0.1, "positions_quenched": x, "energy": energy, "force_norm": np.full(n, 1e-4),
        "converged": np.broadcast_to(converged, n), "temperature": np.broadcast_to(temperature, n).astype(float),
        "replica": np.broadcast_to(replica, n), "step": step, "cna": np.full(n, -1), "motif": np.full(n, -1),
    }  # fmt: skip


@pytest.fixture
def source(tmp_path):
    """40 frames of Au55: Ih and Fcc in turn, five energies 0.3 meV apart, two temperatures."""
    path = create(tmp_path / "all.h5", "Au", 55)
    shapes = np.array([start(m, "Au", 55, 0).positions for m in ("Ih", "Fcc")])
    at = np.arange(40)
    energy = -190 + 3e-4 * (at // 2 % 5) + 1e-6 * at
    rows = rows_of(shapes[at % 2], energy, at // 20, at % 20, np.where(at < 30, 300.0, 400.0), at != 7)
    add_block(path, "b", {k: v[20:] for k, v in rows.items()})  # not in the order of trajectories
    add_block(path, "c", {k: v[:20] for k, v in rows.items()})
    return path


def test_duplicates_labels_counts_and_splits(source, tmp_path):
    composition, made = make([source], tmp_path / "unique.h5", progress=False)
    data = Dataset(tmp_path / "unique.h5")
    labels = cna.label_codes(Dataset(source).positions_quenched.astype(float), "Au")
    kinds = len(set(labels))
    assert kinds == 2
    assert len(data) == made["rows"] == composition.unique.sum() == 5 * kinds
    assert composition.failed == 1 and composition.frames.sum() == 39 == data.count.sum()
    assert np.array_equal(data.cna, cna.label_codes(data.positions_quenched.astype(float), "Au"))
    for code in set(labels):
        assert np.diff(np.sort(data.energy[data.cna == code])).min() >= 1e-4
    assert made["hash"] == data.hash
    assert np.count_nonzero(data.split_random == VALIDATION) == 2
    assert set(data.split_blocks) <= {TRAINING, VALIDATION, NEITHER}
    assert list(composition.temperatures) == [300, 400] and composition.frames_at.sum(1).tolist() == [29, 10]
    assert composition.unique_at.sum(1).tolist() == [10, 10]
    kept = dataset_file.read_attributes(tmp_path / "unique.h5")["composition"]
    assert str(Composition.from_json(kept)) == str(composition)
    assert data.splits == ("random", "blocks")
    for name in data.splits:
        training, validation = data.split(name)
        side = getattr(data, f"split_{name}")
        assert set(side[training]) == {TRAINING} and set(side[validation]) == {VALIDATION}
        assert len(training) + len(validation) == np.count_nonzero(side != NEITHER)
    with pytest.raises(ValueError, match="unique.h5: split is 'halves', has only random and blocks"):
        data.split("halves")
    with pytest.raises(ValueError, match="all.h5: split is 'blocks', has none; `nanochart dataset` stores"):
        Dataset(source).split("blocks")
    with pytest.raises(FileExistsError, match="unique.h5 exists"):
        make([source], tmp_path / "unique.h5", progress=False)


def test_order_of_quenching_has_no_say(source, tmp_path):
    again = create(tmp_path / "again.h5", "Au", 55)
    whole = dataset_file.read_columns(source, list(dataset_file.REQUIRED))
    order = np.random.default_rng(0).permutation(40)
    add_block(again, "b", {k: v[order] for k, v in whole.items()})
    sets = []
    for path in (source, again):
        make([path], tmp_path / f"u-{path.name}", progress=False)
        sets.append(Dataset(tmp_path / f"u-{path.name}"))
    assert sets[0].hash == sets[1].hash
    for name in ("count", "split_random", "split_blocks", "cna"):
        assert np.array_equal(getattr(sets[0], name), getattr(sets[1], name)), name


def test_further_frames_of_a_structure(source, tmp_path):
    make([source], tmp_path / "one.h5", progress=False)
    composition, made = make([source], tmp_path / "three.h5", frames=3, progress=False)
    one, three = Dataset(tmp_path / "one.h5"), Dataset(tmp_path / "three.h5")
    first = three.count > 0
    assert np.array_equal(three.step[first], one.step) and np.array_equal(three.replica[first], one.replica)
    assert np.array_equal(three.count[first], one.count) and composition.unique.sum() == first.sum()
    assert made["rows"] == len(three) == sum(min(c, 3) for c in one.count)
    assert len(set(zip(three.replica, three.step))) == len(three)
    structure = {(c, e): i for i, (c, e) in enumerate(zip(one.cna, one.energy))}
    for i in np.flatnonzero(~first):  # on the side of its structure, or on none
        near = [k for (c, e), k in structure.items() if c == three.cna[i] and 0 <= three.energy[i] - e < 1e-4]
        assert len(near) == 1
        head = (three.replica == one.replica[near[0]]) & (three.step == one.step[near[0]])
        assert three.split_random[i] == three.split_random[head][0]
        assert three.split_blocks[i] in (NEITHER, three.split_blocks[head][0])
    with pytest.raises(ValueError, match="0 frames of each structure, must be >= 1"):
        make([source], tmp_path / "none.h5", frames=0, progress=False)


def test_compact_files_are_read_like_others(source, tmp_path):
    make([source], tmp_path / "full.h5", frames=9, progress=False)
    _, made = make([source], tmp_path / "compact.h5", frames=9, compact=True, progress=False)
    full, compact = Dataset(tmp_path / "full.h5"), Dataset(tmp_path / "compact.h5")
    for name in set(dataset_file.REQUIRED) - {"positions_thermal", "positions_quenched", "motif"}:
        assert np.array_equal(getattr(full, name), getattr(compact, name)), name
    centre = full.positions_thermal.mean(axis=1, keepdims=True)
    for name, places in dataset_file.DECIMALS.items():
        off = getattr(compact, name) - (getattr(full, name) - centre)
        assert 0 < np.abs(off).max() <= 0.5001 * 10**-places, name
    assert compact.hash == made["hash"] != full.hash
    # Writing it again, uncompressed, loses nothing and has the same content.
    columns = dataset_file.columns_of(tmp_path / "compact.h5")
    dataset_file.write(tmp_path / "again.h5", dataset_file.read_attributes(tmp_path / "compact.h5"),
                       dataset_file.slabs(tmp_path / "compact.h5", columns, 7),
                       optional=[c for c in columns if c in dataset_file.OPTIONAL])  # fmt: skip
    assert Dataset(tmp_path / "again.h5").hash == compact.hash


def test_compact_files_are_a_third_of_the_size(tmp_path):
    path = create(tmp_path / "all.h5", "Au", 147)
    shape = start("Ih", "Au", 147, 0).positions
    rng = np.random.default_rng(0)
    x = shape + 0.2 * rng.normal(size=(256, 147, 3))
    add_block(path, "b", rows_of(x, rng.random(256), 0, np.arange(256)))
    sizes = {}
    for compact in (False, True):
        make([path], tmp_path / f"{compact}.h5", compact=compact, progress=False)
        sizes[compact] = (tmp_path / f"{compact}.h5").stat().st_size / len(Dataset(tmp_path / f"{compact}.h5"))
    assert sizes[True] < 0.45 * sizes[False], sizes


def test_structures_drawn_by_chance(source, tmp_path):
    composition, _ = make([source], tmp_path / "whole.h5", frames=3, progress=False)
    some, made = make([source], tmp_path / "six.h5", frames=3, most=6, progress=False)
    assert str(some) == str(composition)  # of all frames
    whole, six = Dataset(tmp_path / "whole.h5"), Dataset(tmp_path / "six.h5")
    first = six.count > 0
    assert first.sum() == 6 and made["rows"] == len(six) > 6
    counts = dict(zip(zip(whole.replica, whole.step), whole.count))
    assert all(counts[r, t] == n for r, t, n in zip(six.replica[first], six.step[first], six.count[first]))
    assert len(six) == sum(min(n, 3) for n in six.count[first])
    for code, energy in zip(six.cna[~first], six.energy[~first]):
        assert np.any((six.cna[first] == code) & (np.abs(energy - six.energy[first]) < 1e-4))


def test_structures_drawn_of_each_label(source, tmp_path):
    """None of the rarer ones is lost, the more frequent are cut, and the draw of all comes after."""
    codes = np.repeat([5, 1, 4], [30, 3, 8])
    chosen = draw(codes, None, 6, seed=0)
    assert np.all(np.diff(chosen) > 0) and np.bincount(codes[chosen]).tolist() == [0, 3, 0, 0, 6, 6]
    assert len(draw(codes, 10, 6, seed=0)) == 10 and set(draw(codes, 10, 6, seed=0)) < set(chosen)
    _, made = make([source], tmp_path / "even.h5", frames=2, most_each=3, progress=False)
    assert made["structures"] == {"Dh": 0, "Ih": 3, "Twin": 0, "Fcc": 3, "Mix": 0, "Amorphous": 0}
    even = Dataset(tmp_path / "even.h5")
    assert np.bincount(even.cna[even.count > 0], minlength=6).tolist() == list(made["structures"].values())


def test_several_sources(source, tmp_path):
    """Two halves in two files give what the whole gives, but for the numbers of their trajectories."""
    whole = dataset_file.read_columns(source, list(dataset_file.REQUIRED))
    halves = [create(tmp_path / f"{half}.h5", "Au", 55) for half in (0, 1)]
    for half, path in enumerate(halves):
        rows = whole["replica"] == half
        add_block(path, "b", {k: v[rows] * 0 if k == "replica" else v[rows] for k, v in whole.items()})
    composition, _ = make(halves, tmp_path / "joined.h5", progress=False)
    assert str(composition) == str(make([source], tmp_path / "u.h5", progress=False)[0])
    assert Dataset(tmp_path / "joined.h5").hash == Dataset(tmp_path / "u.h5").hash
    other = create(tmp_path / "other.h5", "Ag", 55)
    with pytest.raises(ValueError, match="sources have elements Ag and Au, must be the same"):
        make([source, other], tmp_path / "no.h5", progress=False)


def test_rule_against_the_plain_loop():
    rng = np.random.default_rng(3)
    codes, energy = rng.integers(0, 3, 400), rng.random(400) * 0.01
    kept, stands = distinct(codes, energy)
    plain = []
    for i in np.lexsort((energy, codes)):
        if not any(codes[j] == codes[i] and abs(energy[j] - energy[i]) < 1e-4 for j in plain):
            plain.append(i)
    assert kept.tolist() == plain
    assert np.array_equal(codes[kept][stands], codes)
    assert np.all((energy - energy[kept][stands] >= 0) & (energy - energy[kept][stands] < 1e-4))


def test_merged_minima_are_told(tmp_path):
    """Fifty energies 0.02 meV apart: the paper's rule keeps every fifth, and the command says which rule keeps all."""
    path = create(tmp_path / "dense.h5", "Au", 55)
    x = np.repeat(start("Ih", "Au", 55, 0).positions[None], 50, axis=0)
    add_block(path, "a", rows_of(x, -190 + 2.001e-5 * np.arange(50), 0, np.arange(50)))
    _, made = make([path], tmp_path / "coarse.h5", progress=False)
    assert (made["unique"], made["unique_fine"], made["rows"]) == (10, 50, 10)
    _, made = make([path], tmp_path / "fine.h5", rule=FINE, progress=False)
    assert made["unique"] == made["unique_fine"] == made["rows"] == 50
    told = CliRunner().invoke(app, ["dataset", str(path), "-o", str(tmp_path / "told.h5")])
    assert told.exit_code == 0 and "0.1 meV merges different minima" in told.stdout
    assert "10 are left of 50. Frames quenched to 1e-3 eV/A or better can be told apart by --duplicates 0.01" in told.stdout
    silent = CliRunner().invoke(app, ["dataset", str(path), "-o", str(tmp_path / "silent.h5"), "--duplicates", "0.01"])
    assert silent.exit_code == 0 and "merges" not in silent.stdout


def test_table_has_the_paper_beside(source, tmp_path):
    composition, _ = make([source], tmp_path / "u.h5", progress=False)
    assert "paper" not in str(composition)  # none for Au55
    composition.atoms = 147
    text = str(composition)
    assert "278405 (45%)" in text and "613872" in text and "87050" in text
    totals = {("Au", 90): (921600, 49016), ("Au", 147): (613872, 87050), ("Ag", 147): (179200, 30405),
              ("Cu", 147): (224000, 27857)}  # fmt: skip
    assert {k: tuple(map(sum, v)) for k, v in PAPER.items()} == totals


def test_random_split():
    split = random_split(1000, seed=1)
    assert np.bincount(split).tolist() == [800, 200]
    assert not np.array_equal(split, random_split(1000, seed=2))


@pytest.mark.parametrize("trajectories, frames", [(1, 4000), (24, 400), (144, 60)])
def test_block_split_leaves_a_gap(trajectories, frames):
    replica = np.repeat(np.arange(trajectories), frames)
    step = np.tile(np.arange(frames) * 2000, trajectories)
    split = block_split(replica, step, seed=0)
    assert 0.17 < np.mean(split == VALIDATION) < 0.23
    assert np.mean(split == NEITHER) < 0.06
    for r in range(trajectories):
        row = split[replica == r]
        if trajectories == 144:
            assert len(set(row)) == 1  # whole trajectories
        change = np.flatnonzero(np.diff(row))
        pairs = {frozenset((row[i], row[i + 1])) for i in change}
        assert frozenset((TRAINING, VALIDATION)) not in pairs  # never neighbours


def test_never_all_frames_in_memory(tmp_path):
    path = create(tmp_path / "all.h5", "Au", 38)
    n, blocks = 2048, 10
    rng = np.random.default_rng(0)
    shape = start("Fcc", "Au", 38, 0).positions.astype("f4")
    x = np.broadcast_to(shape, (n, 38, 3))
    for b in range(blocks):
        add_block(path, f"b{b}", rows_of(x, rng.random(n), b, np.arange(n)))
    whole = 2 * n * blocks * 38 * 12
    tracemalloc.start()
    _, made = make([path], tmp_path / "u.h5", progress=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert made["rows"] > 5000
    assert peak < 0.6 * whole, (peak, whole)


def test_nothing_to_keep(tmp_path):
    path = create(tmp_path / "all.h5", "Au", 13)
    with pytest.raises(ValueError, match="has no converged frame"):
        make([path], tmp_path / "u.h5", progress=False)
    assert not (tmp_path / "u.h5").exists()


@pytest.mark.parametrize("rule", [0.0, -1e-4, float("nan")])
def test_rule_must_be_positive(source, tmp_path, rule):
    with pytest.raises(ValueError, match=r"duplicates is (0|-0.1|nan) meV, must be > 0"):
        make([source], tmp_path / "no.h5", rule=rule, progress=False)
    assert not (tmp_path / "no.h5").exists()
