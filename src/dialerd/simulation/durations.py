"""Owns random lengths of time as values: a distribution's parameters and how to draw from it. Knows no scenario."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from enum import Enum


class Shape(Enum):
    """The families a duration may have. `uniform` runs from min_s to max_s and ignores mean_s."""

    FIXED = "fixed"
    UNIFORM = "uniform"
    EXPONENTIAL = "exponential"
    LOGNORMAL = "lognormal"
    GAMMA = "gamma"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """A random number of seconds; `cv` (standard deviation ÷ mean) counts for lognormal and gamma only.

    With `long_share` above 0 that share of the draws has the mean `long_mean_s` instead (a two-class mix).
    Every draw is clipped to min_s … max_s.
    """

    shape: Shape = Shape.FIXED
    mean_s: float = 0.0
    cv: float = 1.0
    min_s: float = 0.0
    max_s: float = 86_400.0
    long_share: float = 0.0
    long_mean_s: float = 0.0

    def __post_init__(self) -> None:
        """Raise ValueError with the field's name when no number could be drawn."""
        if not 0 <= self.min_s <= self.max_s < math.inf:
            raise ValueError("min_s: must be at least 0 and not above max_s")
        if self.shape is not Shape.UNIFORM and not 0 <= self.mean_s < math.inf:
            raise ValueError("mean_s: must be 0 or more")
        if not 0 < self.cv <= 10:
            raise ValueError("cv: must be above 0 and at most 10")
        if not 0 <= self.long_share <= 1:
            raise ValueError("long_share: must be from 0 to 1")
        if not 0 <= self.long_mean_s < math.inf:
            raise ValueError("long_mean_s: must be 0 or more")

    def draw(self, rng: random.Random) -> float:
        """Return seconds drawn with `rng`."""
        mean = self.mean_s
        if self.long_share and rng.random() < self.long_share:
            mean = self.long_mean_s
        return min(self.max_s, max(self.min_s, self._raw(rng, mean)))

    def _raw(self, rng: random.Random, mean: float) -> float:
        if self.shape is Shape.UNIFORM:
            return rng.uniform(self.min_s, self.max_s)
        if self.shape is Shape.FIXED or mean == 0:
            return mean
        if self.shape is Shape.EXPONENTIAL:
            return rng.expovariate(1 / mean)
        if self.shape is Shape.LOGNORMAL:
            variance = math.log1p(self.cv**2)
            return rng.lognormvariate(math.log(mean) - variance / 2, math.sqrt(variance))
        return rng.gammavariate(1 / self.cv**2, mean * self.cv**2)


def fixed(seconds: float) -> Duration:
    """A duration that is always `seconds`."""
    return Duration(mean_s=seconds)


def uniform(low_s: float, high_s: float) -> Duration:
    """A duration spread evenly from `low_s` to `high_s`."""
    return Duration(shape=Shape.UNIFORM, min_s=low_s, max_s=high_s)


def lognormal(mean_s: float, cv: float = 1.0, min_s: float = 0.0, max_s: float = 86_400.0) -> Duration:
    """A lognormal duration with this mean and coefficient of variation, clipped."""
    return Duration(shape=Shape.LOGNORMAL, mean_s=mean_s, cv=cv, min_s=min_s, max_s=max_s)
