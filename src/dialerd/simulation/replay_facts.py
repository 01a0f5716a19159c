"""Owns the facts of one day's real calls as values: what was dialled by hour, what became of it, how long it took.

They come from the daemon's `campaign.replay`. Nothing in them tells who was called. Knows no store and no socket.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dialerd.core.errors import Invalid
from dialerd.simulation.scenario import Outcome
from dialerd.simulation.team import Team

HOUR_S = 3600.0
QUARTER_S = 900.0
SAMPLES = ("answer_s", "machine_s", "unanswered_s", "refused_s", "talk_s", "wrap_up_s", "amd_s")
"""What was timed, in seconds: dialling to a person's, to a machine's answer; until nobody answered, until the network
refused; with an agent; wrap-up; answer to AMD's word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HourFacts:
    """One hour (or several together). Each sample is sorted and may stand for many more values than it has."""

    outcomes: Mapping[Outcome, int]
    samples: Mapping[str, tuple[float, ...]]

    @property
    def calls(self) -> int:
        """Calls whose outcome is known."""
        return sum(self.outcomes.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayFacts:
    """A day. `staffed`: agents at work, mean of each quarter of an hour from `since`.

    `hours` are those of the clock; `since` lies `into_hour_s` after the beginning of the first.
    """

    since: datetime
    hours: tuple[HourFacts, ...]
    staffed: tuple[float, ...]
    into_hour_s: float = 0.0

    def hour_at(self, at_s: float) -> int:
        """The place in `hours` of a second since `since`; before and after all, the first and the last."""
        return min(len(self.hours) - 1, max(0, int((at_s + self.into_hour_s) // HOUR_S)))

    @property
    def calls(self) -> int:
        """Calls behind it."""
        return sum(hour.calls for hour in self.hours)

    @property
    def together(self) -> HourFacts:
        """The whole day as one."""
        outcomes = {kind: sum(hour.outcomes.get(kind, 0) for hour in self.hours) for kind in Outcome}
        samples = {name: tuple(v for hour in self.hours for v in hour.samples.get(name, ())) for name in SAMPLES}
        return HourFacts(outcomes=outcomes, samples=samples)

    @property
    def answer_rate(self) -> float:
        """Answered by a person ÷ calls of known outcome (0–1)."""
        return self.together.outcomes.get(Outcome.PERSON, 0) / self.calls if self.calls else 0.0

    def working_span(self) -> tuple[float, float]:
        """Seconds from `since` between which agents were at work, or, where that is not known, calls were made."""
        manned = [place for place, count in enumerate(self.staffed) if round(count) > 0]
        if manned:
            return (manned[0] * QUARTER_S, (manned[-1] + 1) * QUARTER_S)
        busy = [place for place, hour in enumerate(self.hours) if hour.calls]
        return (busy[0] * HOUR_S, (busy[-1] + 1) * HOUR_S) if busy else (0.0, 0.0)

    def from_second(self, start_s: float) -> ReplayFacts:
        """The same day, counted from a later quarter of an hour; its hours are those of the clock all the same."""
        first = self.hour_at(start_s)
        return ReplayFacts(
            since=self.since + timedelta(seconds=start_s),
            hours=self.hours[first:],
            staffed=self.staffed[round(start_s / QUARTER_S) :],
            into_hour_s=self.into_hour_s + start_s - first * HOUR_S,
        )

    def team(self) -> Team | None:
        """The team as it was that day, to whole agents; None when nothing is known of it."""
        counts = [round(count) for count in self.staffed]
        if not any(counts):
            return None
        steps = [(0.0, counts[0])]
        for place, count in enumerate(counts[1:], 1):
            if count != steps[-1][1]:
                steps.append((place * QUARTER_S, count))
        return Team(tuple(steps))


def replay_facts(answer: Mapping[str, Any]) -> ReplayFacts:
    """Given the daemon's answer, return the facts; Invalid when it is not what this version understands."""
    try:
        hours = tuple(_hour(hour) for hour in answer["hours"])
        staffed = tuple(_seconds(answer["staffed"]))
        since = datetime.fromisoformat(str(answer["since"]))
        since = since.astimezone(UTC) if since.tzinfo is not None else since
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Invalid(f"dialerd's facts of that day are not understood ({type(error).__name__}: {error})") from None
    if not hours or since.tzinfo is None:
        raise Invalid("dialerd's facts of that day are not understood (no hours, or no time zone)")
    return ReplayFacts(since=since, hours=hours, staffed=staffed)


def _hour(hour: Mapping[str, Any]) -> HourFacts:
    outcomes = {kind: int(hour["outcomes"].get(kind.value, 0)) for kind in Outcome}
    if min(outcomes.values()) < 0:
        raise ValueError("a negative count")
    return HourFacts(outcomes=outcomes, samples={name: tuple(_seconds(hour.get(name, ()))) for name in SAMPLES})


def _seconds(values: Sequence[Any]) -> list[float]:
    found = [float(value) for value in values]
    if any(not 0 <= value < math.inf for value in found):
        raise ValueError("not a number of 0 or more")
    return found
