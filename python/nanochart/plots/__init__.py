"""Pictures. Functions take arrays and a path; nothing here computes."""

from .free_energy import free_energy, landscape_page
from .runs import chart_tour, tempering
from .training import latent_sizes, learning_curves

__all__ = ["chart_tour", "free_energy", "landscape_page", "latent_sizes", "learning_curves", "tempering"]
