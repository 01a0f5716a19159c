"""Owns what a sample says: a share's confidence interval, a percentile's place. Pure; knows not what was counted."""

from __future__ import annotations

import math

Z95 = 1.959964
"""Two-sided 95 % of the normal distribution."""


def wilson(hits: float, of: float) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927), 0–1; all of it when nothing was seen.

    Counts need not be whole: with weighted observations `of` is their effective number.
    """
    if not of:
        return (0.0, 1.0)
    middle, half = _wilson(hits, of)
    return (0.0 if not hits else max(0.0, middle - half), 1.0 if hits == of else min(1.0, middle + half))


def wilson_middle(hits: float, of: float) -> float:
    """The middle of that interval, 0–1: near the share seen, drawn towards a half by what few observations leave open.

    Never 0 and never 1, which a share seen in a sample may be; a half when nothing was seen.
    """
    return _wilson(hits, of)[0] if of else 0.5


def _wilson(hits: float, of: float) -> tuple[float, float]:
    share, weight = hits / of, Z95 * Z95 / of
    middle = (share + weight / 2) / (1 + weight)
    half = Z95 * math.sqrt(share * (1 - share) / of + weight / (4 * of)) / (1 + weight)
    return middle, half


def nearest_rank(share: float, count: int) -> int:
    """The place, from 0, of the value among `count` ascending ones that `share` (0–1) of them do not exceed.

    The nearest rank: a value that was seen, nothing is put in between. 0 for no values at all.
    """
    return max(0, math.ceil(share * count - 1e-9) - 1)
