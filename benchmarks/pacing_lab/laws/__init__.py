"""Pacing laws as published or known, in our own words: each decides from a view, none knows the world behind it."""
