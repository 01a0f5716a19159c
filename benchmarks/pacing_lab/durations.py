"""Owns lengths of time as distributions drawn in blocks. Knows nothing of calls, agents or time itself."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLOCK = 4096
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same length."""

    mean: float

    def sample(self, rng: np.random.Generator, count: int) -> Floats:
        return np.full(count, self.mean)


@dataclass(frozen=True, slots=True)
class Uniform:
    """Anything between two lengths."""

    low: float
    high: float

    @property
    def mean(self) -> float:
        return (self.low + self.high) / 2

    def sample(self, rng: np.random.Generator, count: int) -> Floats:
        return rng.uniform(self.low, self.high, count)


@dataclass(frozen=True, slots=True)
class Exponential:
    """Memoryless."""

    mean: float

    def sample(self, rng: np.random.Generator, count: int) -> Floats:
        return rng.exponential(self.mean, count)


@dataclass(frozen=True, slots=True)
class Lognormal:
    """By mean and coefficient of variation; what is longer than `at_most` is drawn again, `after` is added."""

    mean: float
    cv: float
    at_most: float = math.inf
    after: float = 0.0

    def sample(self, rng: np.random.Generator, count: int) -> Floats:
        if self.mean <= 0 or self.cv <= 0:
            return np.full(count, self.after + max(0.0, self.mean))
        spread = math.sqrt(math.log1p(self.cv**2))
        middle = math.log(self.mean) - spread**2 / 2
        drawn = rng.lognormal(middle, spread, count)
        while (long := drawn > self.at_most).any():
            drawn[long] = rng.lognormal(middle, spread, int(long.sum()))
        return drawn + self.after


@dataclass(frozen=True, slots=True)
class Mixture:
    """Two classes of lengths: `share` of them as `first`, the others as `second`."""

    share: float
    first: Duration
    second: Duration

    @property
    def mean(self) -> float:
        return self.share * self.first.mean + (1 - self.share) * self.second.mean

    def sample(self, rng: np.random.Generator, count: int) -> Floats:
        which = rng.random(count) < self.share
        return np.where(which, self.first.sample(rng, count), self.second.sample(rng, count))


Duration = Constant | Uniform | Exponential | Lognormal | Mixture


def lengths(duration: Duration, rng: np.random.Generator) -> Iterator[float]:
    """Return the endless row of lengths which this generator gives: the k-th is the same whoever asks, and when."""
    while True:
        yield from duration.sample(rng, BLOCK).tolist()
