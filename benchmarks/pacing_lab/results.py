"""Owns what is counted in a run and the figures made of it. Knows nothing of how it came about."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from .scenario import Scenario

HOUR_S = 3600.0
FREE_ABANDONS = 3  # of the first hundred live answers, whatever the limit


class Seconds(Protocol):
    """What the floor adds up."""

    talk_s: float
    wrap_s: float
    logged_in_s: float
    idle_before_call: list[float]


def wilson(hits: int, of: int, z: float = 1.959964) -> tuple[float, float]:
    """Return the 95 % interval of a share."""
    if of == 0:
        return 0.0, 1.0
    share = hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(slots=True)
class Result:
    """One run. Occupancy and dials count after the warm-up, live answers and abandons from the first call."""

    scenario: Scenario
    seed: int
    events: int = 0
    dials: int = 0
    dials_without_staff: int = 0
    lost: int = 0  # people whom AMD took for machines
    machines_passed: int = 0
    decisions: int = 0
    deciding_s: float = 0.0
    longest_decision_s: float = 0.0
    cpu_s: float = 0.0
    talk_s: float = 0.0
    wrap_s: float = 0.0
    logged_in_s: float = 0.0
    handled_s: float = 0.0  # talk and wrap-up on the calls of this campaign, those that are over
    idles: array[float] = field(default_factory=lambda: array("d"))  # seconds each agent was idle before each call
    answered_at: array[float] = field(default_factory=lambda: array("d"))  # live answers in the order of their ends
    waited: array[float] = field(default_factory=lambda: array("d"))
    dropped: array[int] = field(default_factory=lambda: array("b"))  # 1 where abandoned

    # counting

    def decided(self, spent_s: float) -> None:
        """Count a decision."""
        self.decisions += 1
        self.deciding_s += spent_s
        if spent_s > self.longest_decision_s:
            self.longest_decision_s = spent_s

    def resolved(self, answered_at: float, waited_s: float, abandoned: bool) -> None:
        """Count a live answer: it got an agent, or was abandoned."""
        self.answered_at.append(answered_at)
        self.waited.append(waited_s)
        self.dropped.append(1 if abandoned else 0)

    def close(self, floor: Seconds, cpu_s: float) -> None:
        """Take over the seconds of the floor at the end."""
        self.talk_s, self.wrap_s, self.logged_in_s = floor.talk_s, floor.wrap_s, floor.logged_in_s
        self.idles = array("d", floor.idle_before_call)
        self.cpu_s = cpu_s

    # figures

    @property
    def occupancy(self) -> float:
        """Talk and wrap-up as a share of the time logged in."""
        return (self.talk_s + self.wrap_s) / self.logged_in_s if self.logged_in_s else 0.0

    @property
    def talk_minutes(self) -> float:
        """Minutes of talk per agent and hour."""
        return 60 * self.talk_s / self.logged_in_s if self.logged_in_s else 0.0

    @property
    def live(self) -> int:
        return len(self.dropped)

    @property
    def abandoned(self) -> int:
        return sum(self.dropped)

    @property
    def abandon_rate(self) -> float:
        return self.abandoned / self.live if self.live else 0.0

    @property
    def excess(self) -> float:
        """How many abandons more than the limit allows, the free ones of the beginning included."""
        return self.abandoned - max(FREE_ABANDONS, self.scenario.abandon_limit * self.live)

    @property
    def abandon_interval(self) -> tuple[float, float]:
        return wilson(self.abandoned, self.live)

    @property
    def idle_mean_s(self) -> float:
        """Mean idle time before a call, after the warm-up."""
        return float(np.mean(self.idles)) if self.idles else 0.0

    @property
    def idle_p90_s(self) -> float:
        return float(np.quantile(self.idles, 0.9)) if self.idles else 0.0

    @property
    def waits(self) -> np.ndarray:
        """How long each live answer waited, abandoned or not."""
        return np.asarray(self.waited)

    @property
    def dials_per_contact(self) -> float:
        """Dials per connected person, both after the warm-up."""
        after = np.asarray(self.answered_at) >= self.scenario.warm_up_s
        contacts = int(np.sum(after & (np.asarray(self.dropped) == 0)))
        return self.dials / contacts if contacts else math.inf

    @property
    def decision_s(self) -> float:
        """Mean CPU time of a decision."""
        return self.deciding_s / self.decisions if self.decisions else 0.0

    def windows(self, length_s: float = 24 * HOUR_S, step_s: float = HOUR_S) -> tuple[np.ndarray, np.ndarray]:
        """Return live answers and abandons in the rolling windows that end at each step."""
        order = np.argsort(self.answered_at, kind="stable")
        times = np.asarray(self.answered_at)[order]
        total = np.concatenate([[0], np.cumsum(np.asarray(self.dropped)[order])])
        ends = np.arange(step_s, self.scenario.hours * HOUR_S + 1e-9, step_s)
        last = np.searchsorted(times, ends, side="left")
        first = np.searchsorted(times, ends - length_s, side="left")
        return last - first, total[last] - total[first]

    def windows_above(self, limit: float | None = None, at_least: int = 100) -> tuple[int, int]:
        """Return how many rolling 24 h windows with so many live answers are above the limit, and of how many."""
        live, abandoned = self.windows()
        counted = live >= at_least
        above = abandoned > (self.scenario.abandon_limit if limit is None else limit) * live
        return int(np.sum(counted & above)), int(np.sum(counted))

    def worst(self, answers: int = 500) -> float:
        """Return the highest abandon rate of so many live answers in a row (of all, where there are fewer)."""
        if not self.dropped:
            return 0.0
        total = np.concatenate([[0], np.cumsum(self.dropped)])
        span = min(answers, self.live)
        return float(np.max(total[span:] - total[:-span]) / span)

    def after(self, at_s: float, answers: int = 200) -> float:
        """Return the abandon rate of the next so many live answers after a time."""
        since = np.asarray(self.answered_at) >= at_s
        dropped = np.asarray(self.dropped)[since][:answers]
        return float(np.mean(dropped)) if len(dropped) else 0.0
