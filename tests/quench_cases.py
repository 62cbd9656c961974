"""Small clusters to quench, for the tests of `nanochart quench`."""

import numpy as np
from ase import Atoms

from nanochart.landscape.motifs import start
from nanochart.landscape.quench_command import quench


def shaken(n, atoms=13, seed=0):
    x = start("Ih", "Au", atoms, 0).positions
    rng = np.random.default_rng(seed)
    return [Atoms(f"Au{atoms}", x + 0.15 * rng.normal(size=x.shape)) for _ in range(n)]


def call(*arguments, **options):
    return quench(*arguments, progress=False, **options)
