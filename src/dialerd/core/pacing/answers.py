"""Owns what is known of answers: how likely a person answers, and when. Pure; one per campaign.

A call that rings is a race between an answer by a person and every other end (competing risks): for half-second bins
of ringing age it is counted how many calls a person answered and how many ended otherwise. A call of which nothing has
been heard for 18 s is then known to be worth nothing, one of 6 s to be worth more than a new one.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from dialerd.core.pacing.drifting_rate import DriftingRate
from dialerd.core.pacing.durations import Array, lognormal_cdf

BIN_S = 0.5
LONGEST_S = 90.0
BINS = round(LONGEST_S / BIN_S)
AGES_S = np.linspace(0.0, LONGEST_S, BINS + 1, dtype=np.float64)
SHAPE_PRIOR = 30.0  # answers that the first guess of the ringing times is worth
SHAPE_KEEP = 0.5 ** (1 / 1500)  # half is forgotten after 1,500 answers (or other ends)
SEGMENT_PRIOR = 6.0  # answers that "this segment is like the others" is worth
SEGMENT_HALF_LIFE = 1500.0  # answers
MOST = 0.98

Segment: TypeAlias = tuple[Hashable, ...]
"""What a lead belongs to, one value for each factor: list, attempt number, hour …"""


@dataclass(slots=True)
class _Count:
    """Answers, and how many were expected before they came."""

    answers: float = 0.0
    expected: float = 0.0


@dataclass(slots=True)
class _Factor:
    """How much more often each value of one factor (each list, each hour) answers than all of them.

    What all values have in common belongs to the rate: were it counted here too, an unlucky first hundred calls would
    count once for the rate, once for their list, once for the hour and once for the attempt number.
    """

    all: _Count = field(default_factory=_Count)
    values: dict[Hashable, _Count] = field(default_factory=dict)

    def multiplier(self, value: Hashable) -> float:
        count = self.values.get(value)
        if count is None:
            return 1.0
        common = self.all.answers / self.all.expected
        return (count.answers + SEGMENT_PRIOR) / (count.expected * common + SEGMENT_PRIOR)

    def observe(self, value: Hashable, answered: bool, expected: float) -> None:
        for count in (self.all, self.values.setdefault(value, _Count())):
            count.answers += answered
            count.expected += expected
        if self.all.answers > SEGMENT_HALF_LIFE:
            for count in (self.all, *self.values.values()):
                count.answers /= 2
                count.expected /= 2


@dataclass(slots=True)
class AnswerModel:
    """`prior`: the chance that a person answers before anything is known. `ring_timeout_s`: when dialling gives up."""

    prior: float = 0.25
    ring_timeout_s: float = 25.0
    rate: DriftingRate = field(init=False)
    _answered: Array = field(init=False)
    _ended: Array = field(init=False)
    _factors: list[_Factor] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        """Start from a guess: answers some 11 s after dialling, the rest given up at the time-out."""
        self.rate = DriftingRate(self.prior)
        self._answered = SHAPE_PRIOR * np.diff(lognormal_cdf(AGES_S, 11.0, 0.55))
        self._ended = 0.3 * SHAPE_PRIOR * np.diff(lognormal_cdf(AGES_S, 9.0, 0.8))
        last = min(BINS - 1, int(self.ring_timeout_s / BIN_S))
        self._ended[last] += 0.7 * SHAPE_PRIOR
        self._answered[last + 1 :] = 0.0

    def observe(self, answered: bool, age_s: float, segment: Segment = ()) -> None:
        """A call has been answered by a person (True) or has ended otherwise, `age_s` after it was dialled."""
        at = min(BINS - 1, int(max(0.0, age_s) / BIN_S))
        counts = self._answered if answered else self._ended
        counts *= SHAPE_KEEP
        counts[at] += 1
        while len(self._factors) < len(segment):
            self._factors.append(_Factor())
        chance = self.chance(segment)
        for factor, value in zip(self._factors, segment, strict=False):
            factor.observe(value, answered, chance / factor.multiplier(value))
        self.rate.observe(answered)

    def chance(self, segment: Segment = (), *, deviations: float = 0.0) -> float:
        """How likely a person answers a call to such a lead; `deviations`: were the rate so much higher."""
        chance = self.rate.cautious(deviations) if deviations else self.rate.mean
        for factor, value in zip(self._factors, segment, strict=False):
            chance *= factor.multiplier(value)
        return min(MOST, chance)

    def chance_of_each(self, segments: Sequence[Segment], *, deviations: float = 0.0) -> list[float]:
        """As `chance`, for many leads: those of one segment (most of them, usually) are reckoned once."""
        known = {segment: self.chance(segment, deviations=deviations) for segment in set(segments)}
        return [known[segment] for segment in segments]

    def shapes(self) -> tuple[Array, Array]:
        """By age in half seconds: the share of answers, and of other ends, that have come by then (from 0 to 1)."""
        answered, ended = np.cumsum(self._answered), np.cumsum(self._ended)
        return (
            np.concatenate(([0.0], answered / answered[-1])),
            np.concatenate(([0.0], ended / ended[-1])),
        )


@dataclass(frozen=True, slots=True)
class RingTable:
    """The race frozen for some seconds: quick to ask for many calls at once."""

    answered: Array
    ended: Array
    horizons: Array  # seconds from now
    weights: Array  # how likely the answer of a new call falls to each horizon

    @classmethod
    def of(cls, model: AnswerModel, count: int = 8) -> RingTable:
        """Horizons at equal shares of a new call's answers."""
        answered, ended = model.shapes()
        middles = (np.arange(count) + 0.5) / count
        horizons = np.interp(middles, answered, AGES_S)
        return cls(answered, ended, horizons, np.full(count, 1 / count))

    def chances(self, ages_s: Sequence[float] | Array, *beliefs: Sequence[float]) -> Array:
        """For calls that ring since `ages_s`: the chance of an answer by each horizon [calls × horizons].

        A belief holds the chance of each call that a person answers it at all; of several the results stand one
        beside the other.
        """
        ages = np.asarray(ages_s, float)
        now = ages / BIN_S
        answered_now, ended_now = _at(self.answered, now), _at(self.ended, now)
        coming = _at(self.answered, (ages[:, None] + self.horizons) / BIN_S) - answered_now[:, None]
        found = []
        for chances in beliefs:
            p = np.asarray(chances, float)
            left = p * (1 - answered_now) + (1 - p) * (1 - ended_now)
            found.append(coming * (p / np.maximum(left, 1e-9))[:, None])
        return np.concatenate(found, axis=1)


def _at(curve: Array, bins: Array) -> Array:
    """The curve between its points."""
    low = np.minimum(bins.astype(np.int64), BINS - 1)
    part = np.minimum(bins - low, 1.0)
    return np.asarray(curve[low] + (curve[low + 1] - curve[low]) * part)
