"""The arrows between rooms point one way (ARCHITECTURE.md)."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PYTHON = ROOT / "python" / "nanochart"

# room -> rooms it may use besides itself
PYTHON_ARROWS = {
    "descriptor": set(),
    "lammps_plugin": set(),
    "landscape": {"descriptor", "lammps_plugin"},
    "chart": {"descriptor", "landscape"},
    "sampling": {"descriptor", "lammps_plugin", "landscape", "chart"},
}
LEAVES = {"plots", "cli", "doctor", "demo", "gallery"}  # nobody imports them but cli

CSRC_ARROWS = {
    "core": set(),
    "model": {"core"},
    "bias": {"core/error.hpp"},
    "cv": {"core", "model"},
    "lammps": {"core", "model", "bias", "cv"},
    "plumed": {"core", "model", "cv"},
    "python": {"core", "model", "bias", "cv", "lammps/arguments.hpp"},
}


def imported(path: Path) -> set[str]:
    """Modules of nanochart that a file imports, without the leading `nanochart.`."""
    found = set()
    depth = len(path.relative_to(PYTHON).parts) - 1  # of the folder in its room, the room itself being 1
    for node in ast.walk(ast.parse(path.read_text())):
        assert getattr(node, "level", 0) <= max(1, depth), f"{path}: a relative import that leaves its room"
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nanochart."):
            found.add(node.module.removeprefix("nanochart."))
        elif isinstance(node, ast.Import):
            found |= {a.name.removeprefix("nanochart.") for a in node.names if a.name.startswith("nanochart.")}
    return found


def room_of(path: Path) -> str:
    return path.relative_to(PYTHON).parts[0].removesuffix(".py")


def test_python_rooms():
    files = [path for path in PYTHON.rglob("*.py") if room_of(path) in PYTHON_ARROWS]
    assert len(files) > 8
    for path in files:
        allowed = PYTHON_ARROWS[room_of(path)] | {room_of(path), "_core", "_lazy"}
        for module in imported(path):
            assert any(module == a or module.startswith(a + ".") for a in allowed), f"{path} imports {module}"


def test_leaves_are_imported_by_cli_alone():
    for path in PYTHON.rglob("*.py"):
        if room_of(path) in LEAVES - {"plots"}:
            continue
        assert not {m.split(".")[0] for m in imported(path)} & LEAVES, path


@pytest.mark.parametrize("room", CSRC_ARROWS)
def test_csrc_rooms(room):
    files = list((ROOT / "csrc" / room).glob("*.[ch]*"))
    assert files
    for path in files:
        for header in re.findall(r'#include "([^"]+/[^"]+)"', path.read_text()):
            if not (ROOT / "csrc" / header).exists():
                continue  # a library's
            allowed = CSRC_ARROWS[room] | {room}
            assert any(header == a or header.startswith(a + "/") for a in allowed), f"{path} includes {header}"


def test_only_the_encoder_of_torch_includes_it():
    users = [p.name for p in (ROOT / "csrc").rglob("*.[ch]*") if re.search(r"#include <(torch|ATen|c10)/", p.read_text())]
    assert sorted(users) == ["torch_encoder.cpp", "torch_layers.hpp"]
