"""Pictures. Functions take arrays and a path; nothing here computes."""

from .charts import bandwidths, chart, fractions, rdf_bands
from .clusters import families
from .free_energy import free_energy, landscape_page
from .landscape import populations
from .projections import projection
from .runs import chart_tour, tempering
from .training import latent_sizes, learning_curves

__all__ = ["bandwidths", "chart", "chart_tour", "families", "fractions", "free_energy", "landscape_page", "latent_sizes",
           "learning_curves", "populations", "projection", "rdf_bands", "tempering"]  # fmt: skip
