"""`device cuda` gives the forces of `device cpu`, on one and two ranks; needs a GPU."""

import numpy as np
import pytest
from lammps_runner import cluster, deck, dump, good, run, write_data, write_model

FIXES = """\
fix c all nanochart {model} device {device}
fix r all nanochart/restraint c at 0 0 0 kappa 0.1 0.2 0.3
fix_modify c virial yes
thermo_style custom step f_c f_c[1] f_c[2] f_c[3] pxx pyz
dump d all custom 1 forces id fx fy fz
dump_modify d format float %.17g
run 0
"""


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("model, tolerance", [("./au.pt", 1e-6), ("Au147-charting", 1e-3)])
def test_same_forces_as_the_cpu(model, tolerance, ranks, gpu, tmp_path):
    write_model(tmp_path / "au.pt")
    write_data(tmp_path / "au.data", cluster())
    forces, thermo = [], []
    for device in ("cpu", "cuda"):
        result = good(run(tmp_path, deck(FIXES.format(model=model, device=device)), ranks=ranks))
        forces.append(dump(tmp_path / "forces"))
        thermo.append([values[0] for values in result.thermo().values()])
    np.testing.assert_allclose(forces[1], forces[0], atol=tolerance * np.abs(forces[0]).max())
    np.testing.assert_allclose(thermo[1], thermo[0], rtol=1e-3)
