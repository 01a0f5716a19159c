"""Owns a spread of delays: how long calls waited, and what share waited no longer. Pure; knows no campaigns."""

from __future__ import annotations

import math
from collections.abc import Mapping


def percentile(counts: Mapping[int, int], share: float) -> int | None:
    """Given how often each value was seen, return the value that `share` (0–1) of them do not exceed; None: none seen.

    The smallest value that fits (nearest rank): it was seen, nothing is put in between.
    """
    total = sum(counts.values())
    rank = max(1, math.ceil(share * total - 1e-9))
    seen = 0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= rank:
            return value
    return None
