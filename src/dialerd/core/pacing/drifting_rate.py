"""Owns the estimate of a chance that drifts and jumps: how often a dialled number is answered by a person. Pure.

Four memories of different length run side by side. Each tells the chance from the outcomes it still remembers; how
well it foretold the latest outcomes decides how much it is listened to. While nothing changes the longest memory, which
is the steadiest, has the word; after a jump the shortest takes over within some tens of outcomes. No threshold is
involved. (Raftery, Kárný, Ettler: Online prediction under model uncertainty via dynamic model averaging, 2010.)
"""

from __future__ import annotations

import math

MEMORIES = (40.0, 150.0, 600.0, 4000.0)  # outcomes after which half of the weight is forgotten
KEEPS = tuple(0.5 ** (1 / memory) for memory in MEMORIES)
FORGET_WEIGHTS = 0.998  # how fast a memory that was wrong once may be right again
LEAST_WEIGHT = 1e-4


class DriftingRate:
    """The chance of a yes, from outcomes in time order. `prior` is believed as if `strength` outcomes had shown it."""

    __slots__ = ("_no", "_prior", "_weights", "_yes", "mean", "seen", "variance")

    def __init__(self, prior: float, strength: float = 20.0) -> None:
        """Given the chance to start from (0–1) and how many outcomes it is worth."""
        self._yes = [prior * strength] * len(MEMORIES)
        self._no = [(1 - prior) * strength] * len(MEMORIES)
        self._prior = (0.5 * prior, 0.5 * (1 - prior))  # what even the shortest memory never forgets
        self._weights = [1 / len(MEMORIES)] * len(MEMORIES)
        self.seen = 0
        self.mean = prior
        self.variance = prior * (1 - prior) / (strength + 1)

    def observe(self, yes: bool) -> None:
        """One more outcome."""
        self.seen += 1
        likely = []
        for i, keep in enumerate(KEEPS):
            a, b = self._yes[i], self._no[i]
            likely.append(a / (a + b) if yes else b / (a + b))
            self._yes[i] = max(a * keep, self._prior[0]) + yes
            self._no[i] = max(b * keep, self._prior[1]) + (not yes)
        weights = [w**FORGET_WEIGHTS * chance for w, chance in zip(self._weights, likely, strict=True)]
        total = sum(weights)
        self._weights = [max(LEAST_WEIGHT, w / total) for w in weights]
        self._average()

    def _average(self) -> None:
        total = sum(self._weights)
        means = [a / (a + b) for a, b in zip(self._yes, self._no, strict=True)]
        self.mean = sum(w * m for w, m in zip(self._weights, means, strict=True)) / total
        spread = 0.0
        for w, m, a, b in zip(self._weights, means, self._yes, self._no, strict=True):
            spread += w * (m * (1 - m) / (a + b + 1) + (m - self.mean) ** 2)
        self.variance = spread / total

    def cautious(self, deviations: float) -> float:
        """The chance, higher (or lower) by so many standard deviations of what is not known about it; inside 0–1."""
        return min(0.98, max(0.1 * self.mean, self.mean + deviations * math.sqrt(self.variance)))
