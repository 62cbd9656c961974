"""Signatures and atom classes against OVITO's common neighbour analysis with the same cutoff.

    python tests/cna_against_ovito.py DATA.h5 500      # clusters of a data set, evenly spaced
"""

import sys

import numpy as np

from nanochart.landscape import cna


def ovito_cna(x: np.ndarray, cutoff: float) -> tuple[dict, np.ndarray]:
    """Signature of every bonded pair {(i, j): (a, b, c)}, and structure types [N], from OVITO."""
    from ovito.data import DataCollection, Particles
    from ovito.modifiers import CommonNeighborAnalysisModifier, CreateBondsModifier

    Mode = CommonNeighborAnalysisModifier.Mode
    particles = Particles(count=len(x))
    particles.create_property("Position", data=x)
    data = DataCollection()
    data.objects.append(particles)
    data.apply(CommonNeighborAnalysisModifier(mode=Mode.FixedCutoff, cutoff=cutoff))
    types = np.array(data.particles.structure_types)
    data.apply(CreateBondsModifier(cutoff=cutoff))
    data.apply(CommonNeighborAnalysisModifier(mode=Mode.BondBased))
    pairs = np.sort(np.array(data.particles.bonds.topology), axis=1)
    indices = np.array(data.particles.bonds["CNA Indices"])
    return dict(zip(map(tuple, pairs.tolist()), map(tuple, indices.tolist()))), types


def ours_as_ovito(x: np.ndarray, cutoff: float) -> tuple[dict, np.ndarray]:
    """The same from nanochart. OVITO's ICO is 12 x 555, narrower than our class `icosahedral`."""
    from ovito.modifiers import CommonNeighborAnalysisModifier

    Type = CommonNeighborAnalysisModifier.Type
    pairs, signatures = cna.signatures(x, cutoff)
    bonds = dict(zip(map(tuple, pairs.tolist()), map(tuple, signatures.tolist())))
    n555 = np.bincount(pairs[(signatures == 5).all(axis=1)].ravel(), minlength=len(x))
    total = np.bincount(pairs.ravel(), minlength=len(x))
    classes = cna.atom_classes(x, cutoff)
    types = np.full(len(x), int(Type.OTHER))
    types[classes == cna.CLASSES.index("fcc")] = int(Type.FCC)
    types[classes == cna.CLASSES.index("hcp")] = int(Type.HCP)
    types[(n555 == 12) & (total == 12)] = int(Type.ICO)
    return bonds, types


def compare(clusters: np.ndarray, cutoff: float) -> dict[str, int]:
    """Counts of bonds and atoms compared, and of those that differ. OVITO's BCC counts as OTHER."""
    counted = dict(clusters=0, bonds=0, bonds_differ=0, atoms=0, fcc=0, hcp=0, ico=0, atoms_differ=0)
    for x in clusters:
        theirs, types = ovito_cna(x, cutoff)
        ours, our_types = ours_as_ovito(x, cutoff)
        types = np.where(types == 3, 0, types)
        counted["clusters"] += 1
        counted["bonds"] += len(theirs)
        counted["bonds_differ"] += len(set(theirs.items()) ^ set(ours.items()))
        counted["atoms"] += len(x)
        counted["atoms_differ"] += int(np.sum(types != our_types))
        for name, code in (("fcc", 1), ("hcp", 2), ("ico", 4)):
            counted[name] += int(np.sum(types == code))
    return counted


if __name__ == "__main__":
    from nanochart.landscape.dataset import Dataset

    data = Dataset(sys.argv[1])
    frames = np.linspace(0, len(data.energy) - 1, int(sys.argv[2])).astype(int)
    clusters = data.positions_quenched[frames].astype(float)
    print(compare(clusters, cna.default_cutoff(data.element)))
