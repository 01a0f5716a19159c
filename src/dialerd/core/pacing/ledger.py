"""Owns the abandon ledger: live answers and abandons in the legal window, and how many abandons it still allows. Pure.

    credit = limit × live answers − counted          (all within the window)

`counted` are the abandons; where the rule set puts them inside, also the people whom AMD took for machines and hung up
on (Ofcom's "reasoned estimate of AMD false positives"). Nobody can know them one by one, so they are estimated:

    AMD losses = amd_false_positive_rate × machines

with the rate as the share of people among the calls that AMD called machines: what listening to a sample of such calls
gives. Machines are no live answers, so the losses stand in the numerator alone, as in Ofcom's formula.

A window that rolls needs more than that. What was answered yesterday leaves it hour by hour; an abandon of now must
still be covered then, by what is left and by what may be expected to come. So the credit of a rolling window is the
least of those of all the windows that are still to come: a pacer that kept only today's balance at zero would break the
limit in half of tomorrow's. Instants are POSIX seconds.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import NamedTuple

from dialerd.core.abandon_window import DAY_S, AbandonWindow, WindowClock

FIRST_ANSWERS = 100  # before so many live answers a rate means nothing …
FIRST_ABANDONS = 3  # … and at most so many abandons are allowed (DESIGN.md 4)
KEPT_S = DAY_S  # what has left the window, should the wall clock be set back: longer steps are read from the store
EXPECTED_SHARE = 0.5  # of the answers per second so far that is counted on for the future


class Counts(NamedTuple):
    """What was counted at one moment, or in the bucket that begins there. `machines`: those that AMD hung up on."""

    at_s: float
    live: int
    abandoned: int
    machines: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerHistory:
    """What the store knows: `rows` of the window in time order, `first_s` the campaign's first live answer ever."""

    rows: tuple[Counts, ...] = ()
    first_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AmdLosses:
    """People taken for machines: `rate` of the machines (0–1), and whether they count as abandoned."""

    rate: float = 0.0
    inside: bool = False

    def of(self, machines: int) -> float:
        """How many there are among so many machines."""
        return self.rate * machines


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The ledger at one moment. `credit`: abandons it still allows, below zero when the limit is broken.

    `until_s` is where the next window begins (None: it rolls). `losses` are the estimated AMD losses.
    """

    since_s: float
    until_s: float | None = None
    live: int
    abandoned: int
    machines: int = 0
    losses: float = 0.0
    losses_inside: bool = False
    credit: float

    @property
    def counted(self) -> float:
        """What the limit is held against: the abandons, with the AMD losses where they are inside."""
        return self.abandoned + (self.losses if self.losses_inside else 0.0)

    @property
    def told(self) -> str:
        """`counted` as an operator reads it: `7`, or `7 + 1.5 AMD losses`."""
        losses = f" + {self.losses:.1f} AMD losses" if self.losses_inside and self.losses else ""
        return f"{self.abandoned}{losses}"

    @property
    def allowance(self) -> int:
        """Whole abandons that are still allowed."""
        return max(0, math.floor(self.credit + 1e-9))

    @property
    def rate(self) -> float:
        """Counted of live answers (0–1)."""
        return self.counted / self.live if self.live else 0.0

    def breaks(self, most: float) -> bool:
        """Whether the rate is above `most` (0–1), with live answers enough for a rate to mean something."""
        return self.live >= FIRST_ANSWERS and self.counted > most * self.live


@dataclass(slots=True)
class _Bucket:
    start_s: float
    live: int = 0
    abandoned: int = 0
    machines: int = 0


class AbandonLedger:
    """One campaign's ledger. `limit` is its target_abandon_rate (0–1), `zone` that of its calendar days."""

    def __init__(
        self, window: AbandonWindow, limit: float, *, zone: tzinfo = UTC, amd_losses: AmdLosses | None = None
    ) -> None:
        """An empty ledger."""
        self.clock = WindowClock(window, zone)
        self.limit, self.amd_losses = limit, amd_losses or AmdLosses()
        self._buckets: deque[_Bucket] = deque()
        self._first_s: float | None = None  # the campaign's first live answer: where successive periods begin
        self._kept: tuple[float, float, Standing] | None = None  # valid from, until

    def set_limit(self, limit: float, amd_losses: AmdLosses) -> None:
        """The campaign's target, or what it says of AMD, has been changed."""
        self.limit, self.amd_losses, self._kept = limit, amd_losses, None

    def record(self, at_s: float, abandoned: bool) -> None:
        """One live answer, and whether it was abandoned."""
        self.add(at_s, 1, int(abandoned))

    def record_machine(self, at_s: float) -> None:
        """One call that AMD took for a machine and hung up."""
        self.add(at_s, 0, 0, 1)

    def take_over(self, history: LedgerHistory) -> None:
        """Add what the store knows from before; what was recorded since this ledger began stays."""
        known = [first for first in (history.first_s, self._first_s) if first is not None]
        self._first_s = min(known, default=None)
        for counts in history.rows:
            self.add(*counts)

    def add(self, at_s: float, live: int, abandoned: int, machines: int = 0) -> None:
        """Some answers of one moment; negative: what was entered before is taken back."""
        self._kept = None
        if live > 0 and (self._first_s is None or at_s < self._first_s):
            self._first_s = at_s
        start = self.clock.bucket_of(at_s)
        place = len(self._buckets)
        while place and self._buckets[place - 1].start_s > start:  # a record that comes late
            place -= 1
        if not place or self._buckets[place - 1].start_s != start:
            self._buckets.insert(place, _Bucket(start))
            place += 1
        bucket = self._buckets[place - 1]
        bucket.live += live
        bucket.abandoned += abandoned
        bucket.machines += machines

    def standing(self, now_s: float) -> Standing:
        """The window of this moment: counts and credit. The same until the next record or bucket."""
        if self._kept is not None and self._kept[0] <= now_s < self._kept[1]:
            return self._kept[2]
        since = self.clock.since(now_s, self._first_s)
        while self._buckets and self._buckets[0].start_s < since - KEPT_S:
            self._buckets.popleft()
        inside_it = [bucket for bucket in self._buckets if bucket.start_s >= since]
        live = sum(bucket.live for bucket in inside_it)
        abandoned = sum(bucket.abandoned for bucket in inside_it)
        machines = sum(bucket.machines for bucket in inside_it)
        losses = self.amd_losses.of(machines)
        inside = losses if self.amd_losses.inside else 0.0
        if live < FIRST_ANSWERS:
            credit = min(FIRST_ABANDONS, self.limit * FIRST_ANSWERS) - abandoned - inside
        else:
            credit = self.limit * live - abandoned - inside
            if self.clock.length_s is not None:
                credit = min(credit, self._least_to_come(now_s, inside_it, live, inside))
        standing = Standing(
            since_s=since,
            until_s=self.clock.until(now_s, self._first_s),
            live=live,
            abandoned=abandoned,
            machines=machines,
            losses=losses,
            losses_inside=self.amd_losses.inside,
            credit=float(credit),
        )
        border = self.clock.bucket_of(now_s) + self.clock.bucket_s
        self._kept = (now_s, min(border, self.clock.next_change(now_s, self._first_s)), standing)
        return standing

    def _least_to_come(self, now_s: float, buckets: Sequence[_Bucket], live: int, losses: float) -> float:
        """The least credit of the windows that begin at each later bucket, with the answers expected until they end.

        `buckets` are those of the window, `losses` the AMD losses inside it; what answers are to come brings as many of
        them as until now.
        """
        begun, length_s = buckets[0].start_s, self.clock.length_s or 0.0
        per_second = EXPECTED_SHARE * (self.limit * live - losses) / max(600.0, now_s - begun)
        each_machine = self.amd_losses.of(1) if self.amd_losses.inside else 0.0
        least = math.inf
        credit = 0.0
        for bucket in reversed(buckets):
            credit += self.limit * bucket.live - bucket.abandoned - each_machine * bucket.machines
            least = min(least, credit + per_second * max(0.0, bucket.start_s + length_s - now_s))
        return least
