"""Owns what counts of judged calls say of AMD: people lost, machines leaked, with intervals. Pure; reads nothing.

Whom AMD took for machines was hung up on, so nobody knows who they were but for those that somebody listened to. What
was heard on these is weighed up to all of them (docs/amd.md, Evidence): within a stratum each heard call stands for as
many unheard ones as there are for each: the stratified estimator (Cochran, Sampling Techniques, 1977, ch. 5). Its
interval is Wilson's with the effective number of observations that such weights leave (Kish, Survey Sampling, 1965).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Self

from dialerd.core.intervals import wilson, wilson_middle

FEWEST_REVIEWS = 100
"""An estimate for the abandon ledger rests on at least so many heard machine calls, or on all of them."""


class By(Enum):
    """What the figures are parted by."""

    NOTHING = ""
    PARAMETERS = "parameters"
    TRUNK = "trunk"
    HOUR = "hour"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Judged calls that are alike.

    `said`: human, machine, unsure, hangup, none. `got`: machine, agent, nobody. `heard`: person, machine, "" (nobody
    knows). `drawn`: by lot, so that what is heard on them stands for others. `stratum`: AMD's parameters.
    """

    said: str
    got: str
    heard: str
    drawn: bool
    stratum: str
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Which calls: of one cell of the matrix, of one key; None: of all."""

    said: str | None = None
    got: str | None = None
    heard: str | None = None  # unknown: nobody knows
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """Judged calls, counted. `delays_ms`: by what AMD said, how often each time from answer to verdict was seen."""

    tallies: tuple[Tally, ...]
    delays_ms: Mapping[str, Mapping[int, int]]


@dataclass(frozen=True, slots=True)
class Range:
    """A figure and its 95 % interval; None: nothing is known."""

    value: float | None
    low: float
    high: float

    def times(self, factor: float) -> Range:
        """The same in another unit."""
        return Range(None if self.value is None else self.value * factor, self.low * factor, self.high * factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """People among some calls: those known, and those that the known ones make likely.

    `weighed` is the effective number of observations behind the unknown ones; `likely` the share of people among them.
    """

    calls: int
    known_people: int
    known_machines: int
    weighed: float
    likely: float

    @classmethod
    def of(cls, tallies: Iterable[Tally], *, by_lot: bool) -> Self:
        """Weigh what was heard. `by_lot`: only calls drawn by lot stand for others; who complains is no fair sample."""
        heard: dict[str, list[int]] = {}  # stratum → people and machines that stand for others, calls nobody knows
        calls = people = machines = 0
        for tally in tallies:
            calls += tally.calls
            people += tally.calls * (tally.heard == "person")
            machines += tally.calls * (tally.heard == "machine")
            counts = heard.setdefault(tally.stratum, [0, 0, 0])
            if tally.heard == "":
                counts[2] += tally.calls
            elif tally.drawn or not by_lot:
                counts[0 if tally.heard == "person" else 1] += tally.calls
        weighed, likely = _weighed(heard.values())
        return cls(calls=calls, known_people=people, known_machines=machines, weighed=weighed, likely=likely)

    @property
    def unknown(self) -> int:
        """Calls of which nobody knows."""
        return self.calls - self.known_people - self.known_machines

    @property
    def people(self) -> Range:
        """People among all of these calls."""
        if not self.unknown:
            return Range(self.known_people, self.known_people, self.known_people)
        low, high = wilson(self.likely * self.weighed, self.weighed)
        value = self.known_people + self.likely * self.unknown if self.weighed else None
        return Range(value, self.known_people + low * self.unknown, self.known_people + high * self.unknown)

    @property
    def machines(self) -> Range:
        """The others."""
        people = self.people
        value = None if people.value is None else self.calls - people.value
        return Range(value, self.calls - people.high, self.calls - people.low)

    @property
    def share(self) -> Range:
        """Share of people, 0–1."""
        return self.people.times(1 / self.calls) if self.calls else Range(None, 0.0, 1.0)

    @property
    def enough(self) -> bool:
        """Whether the abandon ledger may rest on it."""
        return self.calls > 0 and (self.weighed >= FEWEST_REVIEWS or not self.unknown)

    @property
    def reasoned_share(self) -> float:
        """The share of people, 0–1, as an estimate for the abandon ledger: the middle of the interval.

        Where no person was heard the share seen is 0, which a sample does not prove; the middle says how far it may be
        off, and leans to the people's side the less was heard.
        """
        if not self.calls:
            return 0.0
        return (self.known_people + wilson_middle(self.likely * self.weighed, self.weighed) * self.unknown) / self.calls


def _weighed(strata: Iterable[Sequence[int]]) -> tuple[float, float]:
    """Effective number of observations, and share of people, for the calls nobody knows.

    A stratum in which nothing was heard is taken to be like all others together.
    """
    known = [counts for counts in strata if counts[0] + counts[1] or counts[2]]
    observed = sum(people + machines for people, machines, _ in known)
    if not observed:
        return 0.0, 0.0
    left_over = sum(unknown for people, machines, unknown in known if not people + machines)
    total = squares = people_weight = 0.0
    for people, machines, unknown in known:
        seen = people + machines
        if seen:
            weight = unknown / seen + left_over / observed
            total += seen * weight
            squares += seen * weight * weight
            people_weight += people * weight
    if not total:  # nothing is unknown: what was heard needs no weights
        return float(observed), sum(people for people, _, _ in known) / observed
    return total * total / squares, people_weight / total


@dataclass(frozen=True, slots=True)
class Findings:
    """What AMD did to people and machines. `as_machines`: treated as such; `to_agents`: given to agents."""

    as_machines: Heard
    to_agents: Heard

    @classmethod
    def of(cls, tallies: Iterable[Tally]) -> Self:
        """Weigh all calls that were treated one way or the other. Dispositions are of nearly all calls with agents."""
        given = list(tallies)
        return cls(
            Heard.of((tally for tally in given if tally.got == "machine"), by_lot=True),
            Heard.of((tally for tally in given if tally.got == "agent"), by_lot=False),
        )

    @property
    def lost(self) -> Range:
        """Share of the people who answered that were treated as machines, 0–1."""
        return _part(self.as_machines.people, self.to_agents.people)

    @property
    def leaked(self) -> Range:
        """Share of the machines that answered that were given to agents, 0–1."""
        return _part(self.to_agents.machines, self.as_machines.machines)


def _part(part: Range, rest: Range) -> Range:
    """The share of `part` in both; the interval is that of the worst ends together, so rather too wide."""

    def share(one: float, other: float, nothing: float) -> float:
        return one / (one + other) if one + other > 0 else nothing

    known = part.value is not None and rest.value is not None and part.value + rest.value > 0
    value = share(part.value or 0.0, rest.value or 0.0, 0.0) if known else None
    return Range(value, share(part.low, rest.high, 0.0), share(part.high, rest.low, 1.0))


def rows(tallies: Iterable[Tally]) -> dict[tuple[str, str], Heard]:
    """The confusion matrix: by what AMD said and who got the call."""
    apart: dict[tuple[str, str], list[Tally]] = {}
    for tally in tallies:
        apart.setdefault((tally.said, tally.got), []).append(tally)
    return {key: Heard.of(some, by_lot=key[1] == "machine") for key, some in sorted(apart.items())}
