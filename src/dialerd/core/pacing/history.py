"""Owns a campaign's decisions summed into slots of ten seconds, and its totals. Pure; knows no store and no screen.

A slot keeps sums and counts, so that slots add up to any longer period without loss; whoever shows them divides. Time
is the wall clock's, because people ask for "the last 15 minutes": a clock set back begins a new slot.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from dialerd.core.pacing import PacingDecision

SLOT_S = 10
KEPT = timedelta(days=35)  # by the store
QUIET_S = 60  # while nothing is up and nobody is free, one slot stands for so long


@dataclass(slots=True, kw_only=True)
class Slot:
    """From `start_s` until `until_s` (POSIX seconds). What the decisions saw is summed over `decisions`."""

    start_s: int
    until_s: int
    mode: str = ""  # of the last decision
    decisions: int = 0
    stopped: int = 0  # times that an obstacle forbade to decide at all; `obstacle` is the last one
    obstacle: str = ""  # what stopped it altogether, also where that was a decision of the ledger (limit budget)
    limits: Counter[str] = field(default_factory=Counter)  # Limit's value → decisions it stopped
    calls: int = 0  # placed
    ready: int = 0
    staffed: int = 0
    occupied: int = 0  # of the staffed: talking or wrapping up
    in_flight: int = 0
    lines_used: int = 0
    ratio: float = 0.0
    planned: int = 0  # decisions with a forecast: the next four are summed over these
    expected_free: float = 0.0
    expected_answers: float = 0.0
    chance: float = 0.0
    threshold: float = 0.0
    expected_abandons: float = 0.0  # of the calls placed
    live: int = 0  # people who answered, by the end of their calls
    abandoned: int = 0
    forecast_live: int = 0  # those of them whose calls a forecast had placed …
    forecast_abandoned: int = 0  # … which is what `expected_abandons` foretold
    credit: float = 0.0  # of the ledger, at the end


SUMS = (
    "decisions", "stopped", "calls", "ready", "staffed", "occupied", "in_flight", "lines_used", "ratio", "planned",
    "expected_free", "expected_answers", "chance", "threshold", "expected_abandons", "live", "abandoned",
    "forecast_live", "forecast_abandoned",
)  # fmt: skip
"""Fields of a slot that add up."""


@dataclass(slots=True)
class Totals:
    """Counts since dialerd started; they only grow. Abandons, expected and happened, are in the pacer's RiskBudget."""

    decisions: int = 0
    calls: int = 0
    limited: Counter[str] = field(default_factory=Counter)
    live: int = 0


class PacingHistory:
    """The open slot of one campaign, and those that are finished and not taken yet."""

    def __init__(self) -> None:
        """Empty."""
        self.totals = Totals()
        self._open: Slot | None = None
        self._quiet: str | None = None  # what holds the campaign, while the open slot has seen nothing else
        self._finished: list[Slot] = []

    def decided(
        self,
        decision: PacingDecision,
        *,
        occupied: int,
        expected_abandons: float,
        credit: float,
        at_s: float,
        obstacle: str = "",
    ) -> None:
        """One decision, and how many abandons the forecast expects of the calls it placed.

        `obstacle`: the sentence with which the ledger forbade any call.
        """
        i = decision.inputs
        limit = decision.limit.value
        idle = not (decision.calls or i.ready or i.in_flight or i.lines_used)
        slot = self._slot(at_s, limit if idle else None)
        slot.mode, slot.credit = i.mode.value, credit
        slot.obstacle = obstacle or slot.obstacle
        slot.decisions += 1
        slot.limits[limit] += 1
        slot.calls += decision.calls
        slot.ready += i.ready
        slot.staffed += i.staffed
        slot.occupied += occupied
        slot.in_flight += i.in_flight
        slot.lines_used += i.lines_used
        slot.ratio += decision.ratio
        slot.expected_abandons += expected_abandons
        if i.plan is not None:
            slot.planned += 1
            slot.expected_free += i.plan.expected_free
            slot.expected_answers += i.plan.expected_answers
            slot.chance += i.plan.chance
            slot.threshold += i.plan.threshold
        total = self.totals
        total.decisions += 1
        total.limited[limit] += 1
        total.calls += decision.calls

    def stopped(self, obstacle: str, *, credit: float, at_s: float) -> None:
        """No decision: something stops the campaign altogether, as a sentence."""
        slot = self._slot(at_s, obstacle)
        slot.stopped += 1
        slot.obstacle, slot.credit = obstacle, credit

    def answered(self, *, abandoned: bool, forecast: bool, credit: float, at_s: float) -> None:
        """The call of a person who answered has ended; `forecast`: a forecast had placed it."""
        slot = self._slot(at_s, None)
        slot.live += 1
        slot.abandoned += abandoned
        slot.forecast_live += forecast
        slot.forecast_abandoned += forecast and abandoned
        slot.credit = credit
        self.totals.live += 1

    def take(self, at_s: float, *, everything: bool = False) -> list[Slot]:
        """The slots that are finished by now (`everything`: and the one that is not), each once."""
        slot = self._open
        if slot is not None and (everything or self._over(slot, at_s)):
            self._close()
        finished, self._finished = self._finished, []
        return finished

    def _over(self, slot: Slot, at_s: float) -> bool:
        """A quiet slot is over when no further decision can come to prolong it."""
        limit = slot.until_s if self._quiet is None else max(slot.until_s, slot.start_s + QUIET_S)
        return not slot.start_s <= at_s < limit

    def _close(self) -> None:
        if self._open is not None:
            self._finished.append(self._open)
        self._open = None

    def _slot(self, at_s: float, quiet: str | None) -> Slot:
        """The slot of this moment: the open one, prolonged while all is as quiet as before, or a new one."""
        start = math.floor(at_s / SLOT_S) * SLOT_S
        slot = self._open
        if slot is not None and slot.start_s <= start:
            same, long = quiet is not None and quiet == self._quiet, slot.until_s - slot.start_s > SLOT_S
            if start < slot.until_s and (same or not long):
                self._quiet = self._quiet if same else None
                return slot
            if same and start < slot.start_s + QUIET_S:
                slot.until_s = start + SLOT_S
                return slot
            slot.until_s = max(
                slot.start_s + SLOT_S, min(slot.until_s, start)
            )  # a long one ends where things begin to happen
        self._close()
        self._quiet = quiet
        self._open = Slot(start_s=start, until_s=start + SLOT_S)
        return self._open
