"""A lean world in which pacing laws are compared. Only `laws/ours.py` and `bounds.py` know production code."""
