"""Owns the question whether the abandons that happened fit those that were forecast. Pure; knows no campaign."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

PLAUSIBLE = 0.95
MANY = 200.0  # from here on the normal distribution does, and e to the minus so much is no number any more


class Fit(Enum):
    """How the abandons that happened compare with the forecast."""

    TOO_FEW = "too_few"  # nothing can be said yet
    AS_FORECAST = "as_forecast"
    MORE = "more"
    FEWER = "fewer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """`low` to `high`: as many as happen in 95 of 100 cases when `expected` is right."""

    expected: float
    happened: int
    low: int
    high: int
    fit: Fit


def calibration(expected: float, happened: int) -> Calibration:
    """Compare counts: abandons are rare and nearly independent, so their number is about Poisson distributed."""
    low, high = interval(expected)
    if happened > high:
        fit = Fit.MORE
    elif happened < low:
        fit = Fit.FEWER
    else:
        fit = Fit.AS_FORECAST if low > 0 or happened else Fit.TOO_FEW
    return Calibration(expected=expected, happened=happened, low=low, high=high, fit=fit)


def interval(mean: float, share: float = PLAUSIBLE) -> tuple[int, int]:
    """The smallest and largest count of the middle `share` of a Poisson distribution."""
    tail = (1.0 - share) / 2
    if mean > MANY:
        half = 1.96 * math.sqrt(mean)
        return math.floor(mean - half), math.ceil(mean + half)
    low = -1
    count, term = 0, math.exp(-max(0.0, mean))
    below = term
    while True:
        if low < 0 and below > tail:
            low = count
        if below >= 1.0 - tail:
            return low, count
        count += 1
        term *= mean / count
        below += term
