"""Owns the estimate of how long something lasts, from what has ended and from what still goes on. Pure.

The chance per second of ending (hazard) is kept for some twenty spans of age. Each span counts endings and the seconds
spent in it, so that talks in progress count as what they are: not ended yet (censored). Where little was seen, the
hazard leans on a lognormal with the mean seen so far (Gamma prior of a piecewise exponential model: Ibrahim, Chen,
Sinha, Bayesian Survival Analysis, 2001, 3.1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]

LONGEST_S = 1800
EDGES = np.array([0, 2, 4, 7, 11, 16, 23, 32, 45, 63, 88, 123, 172, 240, 336, 470, 660, 920, 1300, LONGEST_S], float)
WIDTHS = np.diff(EDGES)
SECONDS = np.arange(LONGEST_S + 1)
SPAN_OF_SECOND = np.minimum(np.searchsorted(EDGES, SECONDS[:-1] + 0.5, side="right") - 1, len(WIDTHS) - 1)
KEEP = 0.5 ** (1 / 600)  # half is forgotten after 600 endings
_erf = np.vectorize(math.erf, otypes=[float])


def lognormal_cdf(at: Array, mean: float, cv: float) -> Array:
    """The share of a lognormal below `at` (same unit as `mean`); `cv` is its standard deviation over its mean."""
    variance = math.log(1 + cv * cv)
    middle = math.log(mean) - variance / 2
    z = (np.log(np.maximum(at, 1e-9)) - middle) / math.sqrt(2 * variance)
    return np.asarray(0.5 * (1 + _erf(z)))


class Durations:
    """How long talks (or wrap-ups) last. `prior_s` is the mean believed at first, as if seen `strength` times."""

    def __init__(self, prior_s: float, *, cv: float = 1.0, strength: float = 8.0, shape_strength: float = 25.0) -> None:
        """Given the mean to start from in seconds, the spread to lean on, and how much both count."""
        self.prior_s, self.cv = max(1.0, prior_s), cv
        self.strength, self.shape_strength = strength, shape_strength
        self._ended = np.zeros(len(WIDTHS))
        self._spent = np.zeros(len(WIDTHS))
        self.seen = 0

    def observe(self, seconds: float) -> None:
        """One has ended after `seconds`."""
        lasted = min(max(0.0, seconds), LONGEST_S - 1e-6)
        self._ended *= KEEP
        self._spent *= KEEP
        self._spent += np.clip(lasted - EDGES[:-1], 0.0, WIDTHS)
        self._ended[np.searchsorted(EDGES, lasted, side="right") - 1] += 1
        self.seen += 1

    @property
    def mean_s(self) -> float:
        """The mean of those that have ended, leaning on the guess while they are few."""
        return float((self.strength * self.prior_s + self._spent.sum()) / (self.strength + self._ended.sum()))

    def survival(self, going_on: Sequence[float] = ()) -> Array:
        """The chance to last longer than 0, 1, 2 … seconds. `going_on`: ages of those that have not ended."""
        spent = self._spent
        if len(going_on):
            spent = spent + np.clip(np.asarray(going_on, float)[:, None] - EDGES[:-1], 0.0, WIDTHS).sum(axis=0)
        ended = self._ended
        mean = (self.strength * self.prior_s + spent.sum()) / (self.strength + ended.sum())
        reached = lognormal_cdf(EDGES, mean, self.cv)
        weight = np.maximum(self.shape_strength * np.diff(reached), 1e-9)
        left = np.maximum(1 - reached, 1e-9)
        usual = np.log(left[:-1] / left[1:]) / WIDTHS
        usual[usual <= 0] = 1 / mean  # nobody is expected to last that long: who does ends as quickly as any other
        hazard = (ended + weight) / (spent + weight / usual)
        return np.asarray(np.exp(-np.concatenate(([0.0], np.cumsum(hazard[SPAN_OF_SECOND])))))
