"""Owns predictive pacing: dial while the chance that one more call meets no agent fits the abandon budget. Pure.

One PredictivePacer per campaign learns from what ends (`call_ended`, `talk_ended`, `wrap_up_ended`) and is asked `plan`
with the situation of the moment. It knows no clock, no lead and no Asterisk. The rule, its sources and what was tried
beyond it: docs/decisions/0010-predictive-pacing.md.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from dialerd.core.pacing.answers import AnswerModel, RingTable, Segment
from dialerd.core.pacing.choice import order
from dialerd.core.pacing.durations import Array, Durations
from dialerd.core.pacing.forecast import Forecast
from dialerd.core.pacing.handling import FreeBy, free_table
from dialerd.core.pacing.risk_budget import USUAL_SAFETY, RiskBudget

REFRESH_S = 10.0  # tables older than this are made anew
MOST_AT_ONCE = 200
MOST_UNORDERED = 5000
FIRST_OUTCOMES = 30  # of calls; before, the answer rate is a guess
AT_ONCE_S = 1e-3  # calls dialled within this time are one batch
GOLDEN = 0.6180339887498949  # its multiples, modulo 1, are as evenly spread as any: an order without chance
BELIEFS = ((-(3**-0.5), 0.75), (3**0.5, 0.25))
"""What the answer rate may be: standard deviations of what is not known of it, and how likely. Same mean and variance.

All calls in flight share the one unknown rate: not knowing it widens the sum of their answers more than chance does.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A campaign's floor at one moment. Ages in seconds; agents about to leave are in none of the lists."""

    now_s: float  # monotonic
    idle: int
    talking: Sequence[float] = ()
    wrapping: Sequence[float] = ()
    ringing: Sequence[tuple[float, Segment]] = ()  # age since dialling; calls that nobody has answered yet
    waiting: int = 0  # people who have answered and have no agent yet, or whose AMD still runs
    grace_s: float = 2.0
    credit: float = 0.0  # abandons that the ledger still allows
    limit: float = 0.03
    safety: float = USUAL_SAFETY  # the campaign's safety_factor

    @property
    def staffed(self) -> int:
        """Agents who will take calls."""
        return self.idle + len(self.talking) + len(self.wrapping)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Calls to place and why no more. `next_risk` is that of the call which is not placed."""

    threshold: float
    risks: tuple[float, ...]  # of each call, should a person answer it
    chances: tuple[float, ...]  # that a person answers it
    next_risk: float
    expected_free: float  # agents free within a new call's usual ringing time
    expected_answers: float  # people answering by then, the calls of this plan included
    chance: float  # that a person answers the next call
    credit: float
    order: tuple[int, ...] = ()  # of those to call, in this order: their places among the upcoming leads
    sure: int = 0  # the first so many calls have an agent for certain
    held: bool = False  # by the ledger's credit: with more of it there would be more calls

    @property
    def calls(self) -> int:
        """How many calls to place."""
        return len(self.risks)

    def text(self) -> str:
        """The compact form kept with each attempt."""
        risk = self.risks[-1] if self.risks else 0.0
        return (
            f"risk={risk:.3f} next={self.next_risk:.3f} threshold={self.threshold:.3f} credit={self.credit:.1f}"
            f" free={self.expected_free:.1f} answers={self.expected_answers:.1f} p={self.chance:.3f}"
        )


@dataclass(slots=True)
class PredictivePacer:
    """Learns and decides for one campaign. Talk and wrap-up start from the campaign's own guesses."""

    avg_talk_s: float = 180.0
    wrapup_s: float = 30.0
    ring_timeout_s: float = 25.0
    answers: AnswerModel = field(init=False)
    talk: Durations = field(init=False)
    wrap: Durations = field(init=False)
    budget: RiskBudget = field(init=False, default_factory=RiskBudget)
    _unordered: list[tuple[float, float, float, bool, Segment]] = field(init=False, default_factory=list)
    _heard: int = field(init=False, default=0)
    _chosen: int = field(init=False, default=0)
    _ring: RingTable | None = field(init=False, default=None)
    _free: FreeBy | None = field(init=False, default=None)
    _fresh: tuple[float, float] = field(init=False, default=(-math.inf, 0.0))  # until when, and for which grace

    def __post_init__(self) -> None:
        """Start from the campaign's guesses."""
        self.answers = AnswerModel(ring_timeout_s=self.ring_timeout_s)
        self.talk = Durations(self.avg_talk_s)
        self.wrap = Durations(self.wrapup_s, cv=0.7)

    # -- what has happened

    def call_ended(self, dialled_s: float, ended_s: float, answered: bool, segment: Segment = ()) -> None:
        """A call dialled at the one monotonic second was answered by a person (or ended without) at the other."""
        if len(self._unordered) >= MOST_UNORDERED:  # nothing is planned: nobody waits for the oldest call
            self._learn(math.inf)
        # of calls dialled together, those that nobody answers end last: in that order they would look like a change
        self._heard += 1
        shuffled = self._heard * GOLDEN % 1.0
        heapq.heappush(self._unordered, (dialled_s, shuffled, max(0.0, ended_s - dialled_s), answered, segment))

    def _learn(self, oldest_ringing_s: float) -> None:
        """Take in the calls in the order of dialling: answers come sooner than other ends and would count too much."""
        while self._unordered and self._unordered[0][0] < oldest_ringing_s - AT_ONCE_S:
            _, _, age_s, answered, segment = heapq.heappop(self._unordered)
            self.answers.observe(answered, age_s, segment)

    def talk_ended(self, seconds: float) -> None:
        """An agent and a person have parted."""
        self.talk.observe(seconds)

    def wrap_up_ended(self, seconds: float) -> None:
        """An agent is ready again."""
        self.wrap.observe(seconds)

    def remember(self, calls: Sequence[tuple[bool, float, Segment]]) -> None:
        """Calls before the start, in the order of dialling: whether a person answered, when that was known, and who.

        Seconds from dialling. Only for a pacer that has learned nothing yet.
        """
        for answered, age_s, segment in calls:
            self.answers.observe(answered, age_s, segment)

    # -- what to do

    def plan(self, at: Situation, upcoming: Sequence[Segment] = (), most: int = MOST_AT_ONCE) -> Plan:
        """How many of the `upcoming` leads to dial now, at most `most`, and in which order.

        Beyond the end of the list leads are taken to be like the average.
        """
        self._learn(at.now_s - max((age for age, _ in at.ringing), default=0.0))
        ring, free = self._tables(at)
        ages, segments = [age for age, _ in at.ringing], [segment for _, segment in at.ringing]
        weights = np.concatenate([ring.weights * weight for _, weight in BELIEFS])
        busy = free.chances(at.talking, at.wrapping)
        forecast = Forecast(at.idle, busy, self._answering(ring, ages, segments), at.waiting, weights)
        answers_per_s = at.staffed / (self.talk.mean_s + self.wrap.mean_s)
        threshold = self.budget.threshold(
            credit=at.credit, limit=at.limit, answers_per_s=answers_per_s, safety=at.safety
        )
        certain = at.idle - at.waiting - len(at.ringing)  # these have their agent whatever is forecast
        allowed = most
        if self.answers.rate.seen < FIRST_OUTCOMES:  # where everybody answers, no more people than the ledger allows
            allowed = min(most, max(0, certain + math.floor(max(0.0, at.credit))))
        chances = {segment: self.answers.chance(segment) for segment in set(upcoming)}
        places = order([chances[segment] for segment in upcoming], max(0, certain), self._chosen)
        risks: list[float] = []
        expected: list[float] = []
        middle = len(ring.horizons) // 2
        new: dict[Segment, tuple[Array, float]] = {}  # a call to such a lead: its answers by horizon, and its chance
        while True:
            segment = upcoming[places[len(risks)]] if len(risks) < len(upcoming) else ()
            risk = forecast.risk() if len(risks) >= certain else 0.0
            if len(risks) >= allowed or (len(risks) >= certain and (threshold <= 0 or risk > threshold)):
                break
            if segment not in new:
                new[segment] = self._answering(ring, [0.0], [segment])[0], self.answers.chance(segment)
            answering, chance = new[segment]
            forecast.add(answering)
            risks.append(risk)
            expected.append(chance)
        return Plan(
            threshold=threshold,
            risks=tuple(risks),
            chances=tuple(expected),
            next_risk=risk,
            expected_free=float(forecast.expected_free[middle]),
            expected_answers=sum(
                weight * float(forecast.expected_answers[middle + number * len(ring.horizons)])
                for number, (_, weight) in enumerate(BELIEFS)
            ),
            chance=self.answers.chance(segment),
            credit=at.credit,
            order=(*places[: len(risks)], *range(len(places), len(risks))),
            sure=max(0, certain),
            held=len(risks) < most and (at.credit < 1.0 or len(risks) >= allowed),
        )

    def _answering(self, ring: RingTable, ages: Sequence[float], segments: Sequence[Segment]) -> Array:
        """For calls of these ages: the chance of an answer by each horizon, one belief beside the other."""
        chances = (self.answers.chance_of_each(segments, deviations=deviations) for deviations, _ in BELIEFS)
        return ring.chances(ages, *chances)

    def placed(self, plan: Plan, calls: int) -> float:
        """So many calls of this plan were really placed; return how many abandons that makes expect."""
        self._chosen += min(calls, plan.sure)
        expected = sum(chance * risk for chance, risk in zip(plan.chances[:calls], plan.risks[:calls], strict=True))
        self.budget.placed(expected)
        return expected

    def _tables(self, at: Situation) -> tuple[RingTable, FreeBy]:
        until, grace_s = self._fresh
        if self._ring is None or self._free is None or at.now_s >= until or at.grace_s != grace_s:
            self._ring = RingTable.of(self.answers)
            table = free_table(self.talk, self.wrap, at.talking, at.wrapping)
            self._free = table.by(self._ring.horizons + at.grace_s)
            self._fresh = at.now_s + REFRESH_S, at.grace_s
        return self._ring, self._free
