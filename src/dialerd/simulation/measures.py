"""Owns what a what-if measures: counts and times of virtual runs, pooled, and the rates that follow. Runs nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dialerd.core.abandon_window import ROLLING_S
from dialerd.core.agent import AgentState
from dialerd.core.call import Attempt, Status
from dialerd.core.campaign import Campaign
from dialerd.core.intervals import wilson
from dialerd.core.messages import SaveAgentState
from dialerd.core.pacing.ledger import FIRST_ABANDONS, FIRST_ANSWERS, AbandonLedger, AmdLosses, Standing
from dialerd.simulation.results import RunResult

WAITING = frozenset({AgentState.READY, AgentState.RESERVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Sums over `runs` runs. Times in seconds over all agents; `waits_s`: each pause of an agent between two calls."""

    runs: int
    talk_s: float
    wrap_up_s: float
    waiting_s: float
    dials: int
    answers: int  # by a person, as dialerd judged
    abandoned: int
    contacts: int  # a person met an agent
    waits_s: tuple[float, ...]
    runs_above: int  # runs in which a legal window ended above the target
    peak_lines: int

    @property
    def staffed_hours(self) -> float:
        """Hours that agents were at work."""
        return (self.talk_s + self.wrap_up_s + self.waiting_s) / 3600

    @property
    def occupancy(self) -> float:
        """(Talk + wrap-up) ÷ (that + waiting), 0–1."""
        busy = self.talk_s + self.wrap_up_s
        return busy / (busy + self.waiting_s) if busy + self.waiting_s else 0.0

    @property
    def abandon_rate(self) -> float:
        """Abandoned ÷ live answers, 0–1."""
        return self.abandoned / self.answers if self.answers else 0.0

    @property
    def abandon_interval(self) -> tuple[float, float]:
        """The 95 % interval of the abandon rate (Wilson), 0–1."""
        return wilson(self.abandoned, self.answers)

    @property
    def dials_per_answer(self) -> float | None:
        """Calls placed for each live answer; None without any."""
        return self.dials / self.answers if self.answers else None

    @property
    def contacts_per_agent_hour(self) -> float:
        """Persons whom each agent spoke to in an hour at work."""
        return self.contacts / self.staffed_hours if self.staffed_hours else 0.0

    @property
    def talk_minutes_per_agent_hour(self) -> float:
        """Minutes of conversation in each hour of an agent at work."""
        return self.talk_s / 60 / self.staffed_hours if self.staffed_hours else 0.0

    @property
    def mean_wait_s(self) -> float | None:
        """Mean pause of an agent between two calls; None when there were no two."""
        return sum(self.waits_s) / len(self.waits_s) if self.waits_s else None

    @property
    def p90_wait_s(self) -> float | None:
        """Nine of ten such pauses are shorter."""
        ordered = sorted(self.waits_s)
        return ordered[min(len(ordered) - 1, math.ceil(0.9 * len(ordered)) - 1)] if ordered else None


def measured(result: RunResult, campaign: Campaign) -> Measures:
    """What one run shows; by the campaign's window, zone, target and AMD losses its abandons are judged."""
    times = result.agent_time_s()
    attempts = [attempt for attempt in result.attempts if attempt.dialed_at is not None]
    return Measures(
        runs=1,
        talk_s=times[AgentState.ON_CALL],
        wrap_up_s=times[AgentState.WRAP_UP],
        waiting_s=sum(times[state] for state in WAITING),
        dials=len(attempts),
        answers=sum(1 for attempt in attempts if attempt.live_answer),
        abandoned=sum(1 for attempt in attempts if attempt.abandoned),
        contacts=sum(1 for attempt in attempts if attempt.live_answer and attempt.status is Status.ANSWERED),
        waits_s=tuple(waits(result.agent_log)),
        runs_above=int(ever_above(attempts, campaign, result.ended.wall.timestamp())),
        peak_lines=result.peak_lines,
    )


def pooled(several: Sequence[Measures]) -> Measures:
    """The sum of some runs of the same case."""
    return Measures(
        runs=sum(one.runs for one in several),
        talk_s=sum(one.talk_s for one in several),
        wrap_up_s=sum(one.wrap_up_s for one in several),
        waiting_s=sum(one.waiting_s for one in several),
        dials=sum(one.dials for one in several),
        answers=sum(one.answers for one in several),
        abandoned=sum(one.abandoned for one in several),
        contacts=sum(one.contacts for one in several),
        waits_s=tuple(wait for one in several for wait in one.waits_s),
        runs_above=sum(one.runs_above for one in several),
        peak_lines=max((one.peak_lines for one in several), default=0),
    )


def waits(log: Iterable[SaveAgentState]) -> list[float]:
    """Seconds that each agent waited from the end of one call's wrap-up to the next call; a break ends the wait."""
    since: dict[int, float] = {}
    before: dict[int, AgentState] = {}
    found: list[float] = []
    for row in log:
        last, at = before.get(row.agent_id), row.at.timestamp()
        before[row.agent_id] = row.state
        if row.state is AgentState.ON_CALL and row.agent_id in since:
            found.append(at - since.pop(row.agent_id))
        elif row.state is AgentState.READY and last is AgentState.WRAP_UP:
            since[row.agent_id] = at
        elif row.state not in WAITING:
            since.pop(row.agent_id, None)
    return found


def ever_above(attempts: Iterable[Attempt], campaign: Campaign, end_s: float) -> bool:
    """Whether a legal window that ended in the run was above the target: a window that rolls ends at all times.

    What counts is what the dialer's own ledger counts. `end_s`: POSIX second at which the run ended; the window of then
    is judged as it stands. A day or month that ended earlier is judged at its end.
    """
    limit = campaign.target_abandon_rate
    losses = AmdLosses(rate=campaign.amd_false_positive_rate, inside=campaign.amd_losses_inside)
    ledger = AbandonLedger(campaign.abandon_window, limit, zone=campaign.zone, amd_losses=losses)
    rolls = campaign.abandon_window in ROLLING_S
    answered = sorted(
        (attempt.answered_at.timestamp(), attempt.live_answer, attempt.abandoned)
        for attempt in attempts
        if attempt.answered_at is not None and (attempt.live_answer or attempt.machine)
    )
    until_s: float | None = None
    for at_s, live, abandoned in answered:
        if until_s is not None and at_s >= until_s and _above(ledger.standing(until_s - 0.001), limit):
            return True
        if live:
            ledger.record(at_s, abandoned)
        else:
            ledger.record_machine(at_s)
        if rolls:
            if (abandoned or (losses.inside and not live)) and _above(ledger.standing(at_s), limit):
                return True
        elif until_s is None or at_s >= until_s:
            until_s = ledger.standing(at_s).until_s
    return _above(ledger.standing(end_s), limit)


def _above(standing: Standing, limit: float) -> bool:
    if standing.live < FIRST_ANSWERS:
        return standing.counted > FIRST_ABANDONS
    return standing.counted > limit * standing.live + 1e-9
