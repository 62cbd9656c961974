"""The plugin as LAMMPS loads it: found, light, and clear about what does not fit."""

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys

import pytest
from lammps_runner import PACKAGE, cluster, deck, lmp_binary, run, write_data, write_model

from nanochart import lammps_plugin

# A program that loads the plugin as LAMMPS does, and is the LAMMPS that its environment says.
HOST = r"""
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int lammps_version(void *l) { return atoi(getenv("VERSION")); }
int lammps_extract_setting(void *l, const char *name) { return atoi(getenv(name)); }
int lammps_config_has_mpi_support(void) { return strcmp(getenv("MPI"), "none") != 0; }
int MPI_Get_library_version(char *text, int *n) { strcpy(text, getenv("MPI")); *n = 1; return 0; }
void lammps_error(void *l, int kind, const char *text) { printf("%d %s\n", kind, text); }
void registered(void *style, void *l) { puts("registered"); }
int main(int argc, char **argv) {
  void *plugin = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
  if (!plugin) return puts(dlerror()), 1;
  ((void (*)(void *, void *, void *))dlsym(plugin, "lammpsplugin_init"))(argv, plugin, registered);
  return 0;
}
"""
BUILT = json.loads((PACKAGE / "build_info.json").read_text())


@pytest.fixture(scope="module")
def compiler():
    found = shutil.which(os.environ.get("CC", "cc"))
    if not found:
        pytest.skip("no C compiler for the program that plays LAMMPS")
    return found


@pytest.fixture(scope="module")
def host(tmp_path_factory, compiler):
    folder = tmp_path_factory.mktemp("host")
    (folder / "host.c").write_text(HOST)
    subprocess.run([compiler, "-rdynamic", "-o", "host", "host.c", "-ldl"], cwd=folder, check=True)
    fits = {"VERSION": BUILT["lammps"], "tagint": "4", "imageint": "4", "bigint": "8", "MPI": BUILT["mpi"]}

    def host(**differs):
        done = subprocess.run(
            [str(folder / "host"), str(PACKAGE / "nanochartplugin.so")], env={**os.environ, **fits, **differs},
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0 and "registered" not in done.stdout
        return done.stdout

    return host


@pytest.mark.parametrize(
    "differs, sentence",
    [
        ({"VERSION": "20230802"}, f"LAMMPS version {BUILT['lammps']}, but this LAMMPS is version 20230802:"),
        ({"tagint": "8"}, "a LAMMPS with 32-bit tagint, but this LAMMPS has 64 bits:"),
        ({"imageint": "8"}, "a LAMMPS with 32-bit imageint, but this LAMMPS has 64 bits:"),
        ({"MPI": "Open MPI v4.1.4"}, "a LAMMPS with MPICH, but this LAMMPS has Open MPI:"),
        ({"MPI": "none"}, "a LAMMPS with MPICH, but this LAMMPS has no MPI:"),
    ],
)
def test_another_lammps_is_told_in_one_sentence(host, differs, sentence):
    said = host(**differs)
    assert said.startswith("0 nanochart was built for " + sentence)  # 0: a LAMMPS warning
    assert said.endswith("build nanochart for this one with cmake -DNANOCHART_LAMMPS=PATH\n")
    assert said.count("\n") == 1


def test_fixes_that_cannot_be_opened(host):
    """The right version on paper, without LAMMPS's classes."""
    assert host().startswith("0 nanochart: its fixes cannot be opened (") and host().count("\n") == 1


@pytest.fixture
def folder(tmp_path):
    write_model(tmp_path / "au.pt")
    write_data(tmp_path / "au.data", cluster())
    return tmp_path


CHART = deck("fix c all nanochart ./au.pt\nrun 0")


def test_another_update_of_the_same_release(folder, compiler):
    """2Aug2023 lost a virtual function of class Fix in an update; here LAMMPS seems to have few."""
    (folder / "update.c").write_text("void *_ZTVN9LAMMPS_NS3FixE[7];")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", "update.so", "update.c"], cwd=folder, check=True)
    result = run(folder, "fix c all nanochart ./au.pt", environment={"LD_PRELOAD": str(folder / "update.so")})
    said = " ".join(result.output.split())
    assert f"nanochart was built for another update of LAMMPS {BUILT['lammps']}, whose class Fix has a table of" in said
    assert "and not 7: its fixes are not available" in said
    assert result.code


def test_no_plugin_load_line_is_needed(folder):
    """`lmp` finds the fixes through the entry point of the installed package."""
    points = importlib.metadata.entry_points(group="lammps.plugins")
    if not any(point.value == "nanochart.lammps_plugin:plugin_directory" for point in points):
        assert "installed" not in os.environ.get("NANOCHART_REQUIRE", "")
        pytest.skip("nanochart is used from its source tree, not installed")
    environment = {k: v for k, v in os.environ.items() if k not in ("LAMMPS_PLUGIN_PATH", "LD_LIBRARY_PATH")}
    (folder / "in.lmp").write_text(CHART)
    done = subprocess.run(
        [*lammps_plugin.lmp_command(), "-in", "in.lmp", "-log", "none"], cwd=folder, env=environment,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_entry_point_is_light_and_leaves_the_environment():
    code = (
        "import os, sys; before = dict(os.environ); import nanochart.lammps_plugin as p\n"
        "print(p.plugin_directory()); assert dict(os.environ) == before\n"
        "assert not {'torch', 'numpy', 'nanochart._core'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(PACKAGE)


def test_the_entry_point_never_raises(monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr(lammps_plugin.ctypes, "CDLL", broken)
    monkeypatch.setattr(importlib.metadata, "files", broken)
    assert lammps_plugin.plugin_directory() == str(PACKAGE)


def test_torch_is_loaded_by_the_first_chart_alone(folder):
    code = (
        "from nanochart.lammps_plugin import new_lammps\n"
        "lmp = new_lammps(['-log', 'none', '-screen', 'none'])\n"
        "torch = lambda: 'libtorch' in open('/proc/self/maps').read()\n"
        f"print(torch()); lmp.commands_string({CHART!r}); print(torch())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["False", "True"], done.stderr


@pytest.fixture
def plugin_copy(tmp_path):
    """The plugin's libraries in a folder of their own."""
    copy = tmp_path / "copy"
    copy.mkdir()
    for library in PACKAGE.glob("*nanochart*.so"):
        shutil.copy(library, copy)
    return copy


def test_without_the_library_for_torch(folder, plugin_copy):
    (plugin_copy / "libnanochart_torch.so").unlink()
    result = run(folder, CHART, environment={"LAMMPS_PLUGIN_PATH": str(plugin_copy)})
    assert "copy/libnanochart_torch.so is missing: install nanochart again" in result.error


def test_another_torch_than_the_one_it_was_built_for(folder, plugin_copy):
    """A torch of another version that is found first."""
    import torch

    other = folder / "other" / "torch"
    (other / "lib").mkdir(parents=True)
    (other / "version.py").write_text("__version__ = '1.9.0'\n")
    for library in (PACKAGE.__class__(torch.__file__).parent / "lib").glob("*.so*"):
        (other / "lib" / library.name).symlink_to(library)
    _, environment = lmp_binary()
    environment["LAMMPS_PLUGIN_PATH"] = str(plugin_copy)
    environment["LD_LIBRARY_PATH"] = f"{other / 'lib'}:{environment['LD_LIBRARY_PATH']}"
    error = run(folder, CHART, environment=environment).error
    assert "fix nanochart: nanochart was built for torch" in error and "but found torch 1.9.0" in error
    assert f"install torch=={BUILT['torch'].split('+')[0]}" in error


def test_no_torch(folder, plugin_copy):
    """The folders in which the libraries look for torch are renamed inside them."""
    import torch

    for library in plugin_copy.glob("*.so"):
        content = library.read_bytes()
        for place in (os.path.join(os.path.dirname(torch.__file__), "lib").encode(), b"$ORIGIN/../torch/lib"):
            content = content.replace(place, b"/" + b"x" * (len(place) - 1))
        library.write_bytes(content)
    result = run(folder, CHART, environment={"LAMMPS_PLUGIN_PATH": str(plugin_copy)})
    said = ("fix nanochart: nanochart was built for torch", "there is no torch here")
    assert all(part in result.error for part in said), (result.code, result.output)
