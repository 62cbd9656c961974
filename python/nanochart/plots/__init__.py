"""Pictures. Functions take arrays and a path; nothing here computes."""

from .runs import chart_tour, tempering

__all__ = ["chart_tour", "tempering"]
