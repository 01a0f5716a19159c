"""Owns the forecast: the chance that one more call meets no free agent. Pure arithmetic, knows no campaign.

For some moments ahead, X is the number of agents free by then (and the grace), Y the number of other people who will
have answered: sums of independent yes/no with unequal chances (Poisson binomial). One more call answered at that moment
is lost when X ≤ Y. Small floors are computed exactly, term by term; for large ones mean, variance and skewness are
enough (Edgeworth), which the tests hold against the exact sum.
"""

from __future__ import annotations

import math

import numpy as np

from dialerd.core.pacing.durations import Array

EXACT_UP_TO = 60  # busy agents and calls together; above, moments are within 2 % of the risk and ten times as fast


class Forecast:
    """The distributions of X and Y at each horizon; calls are added one by one."""

    _few_free: Array  # exact: P(X ≤ k) [horizons × k]
    _people: Array  # exact: P(Y = k), the last place "so many or more"
    _mean: Array  # by moments, of X − Y
    _variance: Array
    _third: Array

    def __init__(self, idle: int, free: Array, answering: Array, waiting: int, weights: Array) -> None:
        """`free` [busy agents × horizons], `answering` [calls × horizons]: chances; `waiting`: people without agent.

        `answering` may hold several beliefs one beside the other, each of all horizons; `weights` has one for each.
        """
        self._weights, self._beliefs = weights, len(weights) // free.shape[1]
        self._idle = idle - waiting
        free = free[free.max(axis=1) > 1e-4] if len(free) else free
        answering = answering[answering.max(axis=1) > 1e-4] if len(answering) else answering
        self.expected_free = np.tile(self._idle + free.sum(axis=0), self._beliefs)
        self.expected_answers = answering.sum(axis=0)
        self.exact = len(free) + len(answering) <= EXACT_UP_TO
        if self.exact:
            self._start_exact(free, answering)
        else:
            self._start_moments(free, answering)

    def add(self, answering: Array) -> None:
        """One more call, with its chance of an answer by each horizon."""
        self.expected_answers = self.expected_answers + answering
        if self.exact:
            self._people = _one_more(self._people, answering)
        else:
            self._mean = self._mean - answering
            spread = answering * (1 - answering)
            self._variance = self._variance + spread
            self._third = self._third - spread * (1 - 2 * answering)

    def risk(self) -> float:
        """The chance that a call dialled now, if a person answers it, meets no agent in time (0–1)."""
        if self._idle + self._busy <= 0:
            return 1.0
        if self.exact:
            return float(self._weights @ (self._people * self._few_free).sum(axis=1))
        return self._risk_by_moments()

    # -- exact

    def _start_exact(self, free: Array, answering: Array) -> None:
        self._busy = len(free)
        size = max(0, self._idle) + self._busy + 1
        horizons = len(self._weights)
        agents = np.zeros((horizons // self._beliefs, size))
        agents[:, max(0, self._idle)] = 1.0
        for row in free:
            agents = _one_more(agents, row)
        few_free = np.cumsum(agents, axis=1)  # P(X ≤ k)
        few_free[:, -1] = 1.0
        self._few_free = np.tile(few_free, (self._beliefs, 1))
        people = np.zeros((horizons, size))
        # more people waiting than agents free: they come first
        people[:, min(size - 1, max(0, -self._idle))] = 1.0
        for row in answering:
            people = _one_more(people, row)
        self._people = people

    # -- by moments

    def _start_moments(self, free: Array, answering: Array) -> None:
        self._busy = len(free)
        of_agents, of_people = free * (1 - free), answering * (1 - answering)
        third = (of_agents * (1 - 2 * free)).sum(axis=0)
        self._mean = self.expected_free - self.expected_answers
        self._variance = np.tile(of_agents.sum(axis=0), self._beliefs) + of_people.sum(axis=0)
        self._third = np.tile(third, self._beliefs) - (of_people * (1 - 2 * answering)).sum(axis=0)

    def _risk_by_moments(self) -> float:
        deviation = np.sqrt(np.maximum(self._variance, 1e-9))
        z = (0.5 - self._mean) / deviation
        skewness = self._third / deviation**3
        total = 0.0
        for weight, at, skew in zip(self._weights, z, skewness, strict=True):
            below = 0.5 * math.erfc(-at / math.sqrt(2))
            bend = skew / 6 * (at * at - 1) * math.exp(-at * at / 2) / math.sqrt(2 * math.pi)
            total += weight * min(1.0, max(0.0, below - bend))
        return float(total)


def _one_more(sums: Array, chances: Array) -> Array:
    """The distribution of a sum with one more yes/no; the last place holds "this many or more"."""
    p = chances[:, None]
    moved = sums * p
    left = sums - moved
    left[:, 1:] += moved[:, :-1]
    left[:, -1] += moved[:, -1]
    return np.asarray(left)
