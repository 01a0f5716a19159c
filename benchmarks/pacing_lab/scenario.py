"""Owns what a world is made of: one frozen value that says who answers, how long things take and who is there.

Knows nothing of laws, and nothing of how the world is run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from .contract import UNLIMITED, Kind
from .durations import Constant, Duration, Lognormal, Uniform


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way in which a dial ends without a person; `share` is of the dials that reach nobody."""

    kind: Kind
    share: float
    length: Duration


@dataclass(frozen=True, slots=True)
class Segment:
    """Leads alike: their share of the list, answer rate by hour (repeating), and what each attempt leaves of it."""

    share: float
    by_hour: tuple[float, ...]
    per_attempt: float = 1.0
    attempts: int = 1  # the list holds first to this many attempts in equal shares

    def rate(self, now: float, attempt: int) -> float:
        """Return the chance that such a lead answers when it is called now."""
        hour = int(now // 3600) % len(self.by_hour)
        return self.by_hour[hour] * self.per_attempt**attempt


@dataclass(frozen=True, slots=True)
class StaffChange:
    """At this time so many agents log in (or, negative, leave: after their call, known beforehand if announced)."""

    at_s: float
    by: int
    announced: bool = False


@dataclass(frozen=True, slots=True)
class Breaks:
    """Each agent pauses now and then: after the call in progress, which the dialer knows beforehand if announced."""

    every_s: float = 3600.0
    length_s: float = 600.0
    announced_share: float = 0.5


OTHERS = (
    Outcome("no_answer", 0.6, Constant(20.0)),
    Outcome("machine", 0.3, Uniform(12.0, 20.0)),
    Outcome("busy", 0.1, Constant(3.0)),
)


TALK = Lognormal(150.0, 1.0)
WRAP = Lognormal(20.0, 0.6)
ANSWER_AFTER = Lognormal(9.0, 0.5, at_most=20.0, after=2.0)
UP_TO_1_5_S = Uniform(0.0, 1.5)  # within the grace: else no law could keep the limit
MACHINE_HEARD = Constant(8.0)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A world to be paced. Times in seconds; the defaults are the headline cell of ten agents."""

    name: str = "headline-10"
    agents: int = 10
    answer_rate: float = 0.2
    talk: Duration = TALK
    wrap: Duration = WRAP
    answer_after: Duration = ANSWER_AFTER  # set-up and ringing of those who answer
    others: tuple[Outcome, ...] = OTHERS
    grace_s: float = 2.0
    patience: Duration | None = None  # callers who hang up by themselves before the grace is over
    connect_s: float = 0.0  # from the agent's choice to the first word
    abandon_limit: float = 0.03
    hours: float = 8.0
    warm_up_s: float = 1800.0
    lines: int = UNLIMITED
    calls_per_second: float = math.inf
    tick_s: float = 1.0
    coalesce_s: float = 0.25

    # who answers changes
    steps: tuple[tuple[float, float], ...] = ()  # from this time on the answer rate is multiplied by this
    swing: tuple[float, float] | None = None  # amplitude and period of a sine upon the answer rate
    clumps: tuple[int, float] | None = None  # so many leads in a row share a factor, 1 ± this
    segments: tuple[Segment, ...] = ()  # empty: all leads alike, `answer_rate`
    hopper: int = 200  # how far ahead the dialer sees (and may choose) among the leads

    # who is there changes
    log_in_over_s: float = 0.0  # the agents log in one after the other during this time
    staffing: tuple[StaffChange, ...] = ()
    breaks: Breaks | None = None
    slow_agents: int = 0
    slow_factor: float = 3.0

    # what the dialer is told is late or wrong
    late_share: float = 0.0
    late: Duration = UP_TO_1_5_S
    amd_delay_s: float = 0.0
    amd_lost: float = 0.0  # people taken for machines
    amd_passed: float = 0.0  # machines passed to agents
    passed_talk: Duration = MACHINE_HEARD  # until the agent hears it

    def __post_init__(self) -> None:
        total = sum(one.share for one in self.others)
        if self.others and not math.isclose(total, 1.0):
            raise ValueError(f"{self.name}: the shares of the other outcomes make {total}, not 1")
        if self.segments and not math.isclose(sum(one.share for one in self.segments), 1.0):
            raise ValueError(f"{self.name}: the shares of the segments do not make 1")

    def but(self, name: str | None = None, **changes: Any) -> Scenario:
        """Return this scenario with some things changed."""
        return replace(self, name=name or self.name, **changes)

    @property
    def constant_rate(self) -> bool:
        """Say whether every lead answers with the same chance at all times."""
        return not (self.steps or self.swing or self.segments)

    @property
    def stationary(self) -> bool:
        """Say whether nothing in this world changes but by chance, so that one number can be right all the time."""
        changes = (self.steps, self.swing, self.clumps, self.segments, self.staffing, self.breaks)
        return not any(changes) and not self.log_in_over_s

    def trend(self, now: float) -> float:
        """Return by what the answer rate is multiplied at this time."""
        factor = 1.0
        for since, multiple in self.steps:
            if now >= since:
                factor = multiple
        if self.swing is not None:
            amplitude, period_s = self.swing
            factor *= 1 + amplitude * math.sin(2 * math.pi * now / period_s)
        return factor

    def rate(self, now: float, segment: int, attempt: int) -> float:
        """Return the chance that a lead of this segment and attempt answers when it is called now."""
        rate = self.segments[segment].rate(now, attempt) if self.segments else self.answer_rate
        return rate * self.trend(now)
