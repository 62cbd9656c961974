"""Biases V(s) on chart coordinates: the C++ classes that the LAMMPS fixes use."""

from nanochart._core import Metadynamics, MovingRestraint, Restraint, Wall

__all__ = ["Metadynamics", "MovingRestraint", "Restraint", "Wall"]
