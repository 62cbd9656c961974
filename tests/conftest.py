"""What several test files start from."""

import os

import ase.io
import pytest
from lammps_runner import cluster, write_data, write_model
from quench_cases import shaken


@pytest.fixture
def folder(tmp_path):
    """A folder with a closed-form model and an icosahedron that is not quite at rest."""
    write_model(tmp_path / "au.pt")
    write_data(tmp_path / "au.data", cluster(noise=0.02))
    return tmp_path


@pytest.fixture
def frames_file(tmp_path):
    """Twenty shaken icosahedra of Au13 in a file."""
    ase.io.write(tmp_path / "a.xyz", shaken(20), format="extxyz")
    return tmp_path / "a.xyz"


@pytest.fixture
def gpu():
    """A GPU that nanochart and torch can use; else the test is skipped, or fails where one is required."""
    torch = pytest.importorskip("torch")
    from nanochart import _core

    reason = _core.why_no_cuda()
    if not reason and not torch.cuda.is_available():
        reason = f"torch {torch.__version__} has no CUDA"
    if reason:
        (pytest.fail if "gpu" in os.environ.get("NANOCHART_REQUIRE", "") else pytest.skip)(reason)
    return torch.device("cuda")


@pytest.fixture
def samples():
    from training_cases import curves

    return curves()


@pytest.fixture
def one_thread():
    """With two threads the order of sums, and with it the last digits, differ from run to run."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
