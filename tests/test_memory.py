"""No loop over whole vectors leaves its arrays: the C++ core under the address and undefined-behaviour sanitizers."""

import os
import subprocess
import sys
from pathlib import Path

import pybind11
import pytest

from nanochart import _core

ROOT = Path(__file__).parent.parent
FLAGS = "-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all"
CASES = Path(__file__).with_name("memory_of_kernels.cpp")


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sanitized")
    (folder / "empty.cpp").write_text("int main() {}")
    if subprocess.run(["g++", *FLAGS.split(), folder / "empty.cpp", "-o", folder / "empty"]).returncode:
        (pytest.fail if "sanitizers" in os.environ.get("NANOCHART_REQUIRE", "") else pytest.skip)("g++ has no sanitizers")
    here = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{here}{os.pathsep}{os.environ['PATH']}"}
    for command in (
        ["cmake", "-S", ROOT, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=None", f"-DCMAKE_CXX_FLAGS={FLAGS}",
         *(f"-DNANOCHART_{part}=OFF" for part in ("LAMMPS", "PLUMED", "CUDA")),
         f"-DPython_EXECUTABLE={sys.executable}", f"-Dpybind11_DIR={pybind11.get_cmake_dir()}"],
        ["cmake", "--build", folder, "--target", "nanochart"],
        ["g++", "-std=c++17", *FLAGS.split(), "-I", ROOT / "csrc", CASES, folder / "libnanochart.a", "-pthread", "-ldl",
         "-o", folder / "cases"],
    ):  # fmt: skip
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder / "cases"


@pytest.mark.parametrize("isa", _core.available_isas())
def test_every_access_is_inside_its_array(program, isa):
    done = subprocess.run([program], capture_output=True, text=True, env={**os.environ, "NANOCHART_ISA": isa})
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert done.stdout.strip() == isa
