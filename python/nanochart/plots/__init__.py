"""Pictures. Functions take arrays and a path; nothing here computes."""

from .runs import chart_tour, tempering
from .training import latent_sizes, learning_curves

__all__ = ["chart_tour", "latent_sizes", "learning_curves", "tempering"]
