"""Biases V(s) on chart coordinates: the C++ classes that the LAMMPS fixes use."""

from nanochart._core import Restraint

__all__ = ["Restraint"]
