"""Parallel tempering: the ladder and its decks, running and resuming them, reading what they leave, summaries."""
