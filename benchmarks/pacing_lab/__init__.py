"""A lean world in which pacing laws are compared. Only `laws/ours.py` and `bounds.py` know production code."""

import dialerd as dialerd  # before numpy: it says how many threads numpy may use
