"""What several test files start from."""

import pytest
from lammps_runner import cluster, write_data, write_model


@pytest.fixture
def folder(tmp_path):
    """A folder with a closed-form model and an icosahedron that is not quite at rest."""
    write_model(tmp_path / "au.pt")
    write_data(tmp_path / "au.data", cluster(noise=0.02))
    return tmp_path
