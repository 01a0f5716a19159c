"""Owns the bounds: a forecast that is told the true distributions, and if wanted who answers and when agents get free.

No dialer can know this. These laws look behind the view (`attach`), which no other law may do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np

from dialerd.core.pacing.forecast import Forecast

from .contract import CallEnded, Observation, View
from .durations import Floats
from .fates import Fate
from .floor import Where
from .scenario import Scenario
from .truth import Truth
from .world import World

MOST_AT_ONCE = 500


class Peeked:
    """The row of leads with a look ahead: the world takes from the front what the law has seen already."""

    def __init__(self, source: Iterator[Fate]) -> None:
        self.source = source
        self.seen: deque[Fate] = deque()

    def __iter__(self) -> Iterator[Fate]:
        return self

    def __next__(self) -> Fate:
        return self.seen.popleft() if self.seen else next(self.source)

    def until_answer(self, skip: int, rate: float) -> tuple[int, float]:
        """Return how many leads from `skip` on must be called to reach the next person, and how long he takes."""
        number = skip
        while True:
            while len(self.seen) <= number:
                self.seen.append(next(self.source))
            fate = self.seen[number]
            number += 1
            if fate.luck < rate:
                return number - skip, fate.answer_after_s


class Informed:
    """Dials while the chance that one more call lands with no agent is at most `risk`."""

    def __init__(self, scenario: Scenario, risk: float, knows_ends: bool = False) -> None:
        self.truth = Truth(scenario)
        self.grace_s = scenario.grace_s
        self.risk = risk
        self.knows_ends = knows_ends
        self.world: World | None = None

    def attach(self, world: World) -> None:
        """Look behind the view."""
        self.world = world

    def observe(self, what: Observation) -> None:
        pass

    def decide(self, view: View) -> int:
        until = self.truth.horizons
        calls = self.truth.answered(view.now - np.array([call.at for call in view.ringing]), until)
        new = self.truth.answered(np.zeros(1), until)[0]
        agents = self.free(view, until + self.grace_s)
        forecast = Forecast(view.idle, agents, calls, len(view.waiting), np.full(len(until), 1 / len(until)))
        number = 0
        while number < MOST_AT_ONCE and forecast.risk() <= self.risk:
            forecast.add(new)
            number += 1
        return number

    def free(self, view: View, until: Floats) -> Floats:
        """Return for each busy agent who stays, and each horizon, the chance to be free by then."""
        if self.knows_ends:
            assert self.world is not None
            floor = self.world.floor
            ends = [at for agent, at in self.world.free_at.items() if floor.where[agent] >= Where.TALK]
            return np.asarray((np.array(ends)[:, None] <= view.now + until[None, :]).astype(float))
        talks = self.truth.talk_and_wrap_over(view.now - np.array(view.talking), until)
        wraps = self.truth.wrap_over(view.now - np.array(view.wrapping), until)
        return np.concatenate([talks, wraps])


class AnswersKnown(Informed):
    """Knows which lead answers and when (and, if wanted, when agents get free): every call between is for nothing."""

    def __init__(self, scenario: Scenario, risk: float, knows_ends: bool = False) -> None:
        super().__init__(scenario, risk, knows_ends)
        self.coming: list[float] = []  # when the people answer who are being called

    def attach(self, world: World) -> None:
        super().attach(world)
        chances = world.campaigns[0].chances
        self.row = Peeked(chances.fates)
        chances.fates = self.row

    def observe(self, what: Observation) -> None:
        if isinstance(what, CallEnded) and what.kind == "human":
            self.coming.pop(0)

    def decide(self, view: View) -> int:
        number = 0
        while number < 2000:
            calls, answer_after_s = self.row.until_answer(number, self.truth.rate)
            coming = sorted([*self.coming, view.now + answer_after_s])
            if self._worst(view, coming) > self.risk:
                break
            self.coming = coming
            number += calls
        return number

    def _worst(self, view: View, coming: list[float]) -> float:
        """Return the highest chance, over the people who will answer, that one finds no agent in time."""
        until = np.array(coming) - view.now
        free = convolved(self.free(view, until + self.grace_s))
        below = np.concatenate([np.zeros((len(until), 1)), np.cumsum(free, axis=1)], axis=1)
        before = np.arange(len(coming)) + len(view.waiting) - view.idle + 1
        return float(np.max(below[np.arange(len(coming)), np.clip(before, 0, below.shape[1] - 1)]))


def convolved(chances: Floats) -> Floats:
    """Return for each horizon the distribution of how many of the items happen (exact)."""
    items, horizons = chances.shape
    row = np.zeros((horizons, items + 1))
    row[:, 0] = 1.0
    for number in range(items):
        chance = chances[number][:, None]
        row[:, 1 : number + 2] = row[:, 1 : number + 2] * (1 - chance) + row[:, : number + 1] * chance
        row[:, 0] *= 1 - chance[:, 0]
    return row
