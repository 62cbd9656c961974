"""Makes quenched_Au147.npz: quenched clusters of a data set with OVITO's analysis of them.

    python tests/data/quenched_Au147.py DATA.h5

Ten clusters of each label (all where there are fewer), drawn with seed 0. positions: int16, in
units of `unit` angstrom. OVITO sees the rounded positions: pairs[b,2] and signatures[b,3] of all
clusters one after the other, `bonds` of each; types[n,N] of its mode FixedCutoff.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from cna_against_ovito import ovito_cna  # noqa: E402

from nanochart.landscape import cna  # noqa: E402
from nanochart.landscape.dataset import Dataset  # noqa: E402

UNIT = 5e-4

if __name__ == "__main__":
    import ovito

    data = Dataset(sys.argv[1])
    cutoff = cna.default_cutoff("Au")
    _, unique = np.unique(np.round(data.energy, 4), return_index=True)
    labels = cna.label(data.positions_quenched[unique], "Au")
    rng = np.random.default_rng(0)
    rows = np.concatenate([
        np.sort(rng.permutation(unique[labels == name])[:10]) for name in cna.LABELS
    ])
    x = data.positions_quenched[rows].astype(float)
    positions = np.round((x - x.mean(axis=1, keepdims=True)) / UNIT)
    assert np.abs(positions).max() < 2**15
    analysed = [ovito_cna(p * UNIT, cutoff) for p in positions]
    bonds = [sorted(b.items()) for b, _ in analysed]
    np.savez_compressed(
        Path(__file__).with_suffix(".npz"),
        positions=positions.astype(np.int16),
        unit=UNIT,
        cutoff=cutoff,
        energy=data.energy[rows],
        temperature=data.temperature[rows],
        motif=data.motif[rows],
        bonds=[len(b) for b in bonds],
        pairs=np.array([pair for b in bonds for pair, _ in b], dtype=np.uint8),
        signatures=np.array([s for b in bonds for _, s in b], dtype=np.uint8),
        types=np.array([t for _, t in analysed], dtype=np.uint8),
        provenance=f"{data.potential}; data set {data.hash}; OVITO {ovito.version_string}",
    )
