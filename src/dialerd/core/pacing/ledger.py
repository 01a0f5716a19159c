"""Owns the abandon ledger: live answers and abandons in the legal window, and how many abandons it still allows. Pure.

    credit = limit × live answers − abandoned        (both within the window)

A window that rolls needs more than that. What was answered yesterday leaves it hour by hour; an abandon of now must
still be covered then, by what is left and by what may be expected to come. So the credit of a rolling window is the
least of those of all the windows that are still to come: a pacer that kept only today's balance at zero would break the
limit in half of tomorrow's. Instants are POSIX seconds.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from dialerd.core.campaign import AbandonWindow

DAY_S = 86400.0
BUCKETS = 480
FIRST_ANSWERS = 100  # before so many live answers a rate means nothing …
FIRST_ABANDONS = 3  # … and at most so many abandons are allowed (DESIGN.md 4)
EXPECTED_SHARE = 0.5  # of the answers per second so far that is counted on for the future


ROLLING_S = {AbandonWindow.ROLLING_30_DAYS: 30 * DAY_S, AbandonWindow.ROLLING_24_HOURS: DAY_S}


def bucket_s(window: AbandonWindow) -> float:
    """How finely answers are counted, in seconds: what leaves a rolling window leaves it at once by so much."""
    return ROLLING_S.get(window, DAY_S) / BUCKETS


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The ledger at one moment. `credit`: abandons it still allows, below zero when the limit is broken."""

    since_s: float
    live: int
    abandoned: int
    credit: float

    @property
    def allowance(self) -> int:
        """Whole abandons that are still allowed."""
        return max(0, math.floor(self.credit + 1e-9))

    @property
    def rate(self) -> float:
        """Abandoned of live answers (0–1)."""
        return self.abandoned / self.live if self.live else 0.0


@dataclass(slots=True)
class _Bucket:
    start_s: float
    live: int = 0
    abandoned: int = 0


class AbandonLedger:
    """One campaign's ledger. `limit` is its target_abandon_rate (0–1), `zone` that of its calendar days."""

    def __init__(self, window: AbandonWindow, limit: float, *, zone: tzinfo = UTC) -> None:
        """An empty ledger."""
        self.window, self.limit, self.zone = window, limit, zone
        self.bucket_s = bucket_s(window)
        self._buckets: deque[_Bucket] = deque()
        self._first_s: float | None = None  # the campaign's first live answer: where successive periods begin
        self._kept: tuple[float, float, Standing] | None = None  # valid from, until

    def set_limit(self, limit: float) -> None:
        """The campaign's target has been changed."""
        self.limit, self._kept = limit, None

    def record(self, at_s: float, abandoned: bool) -> None:
        """One live answer, and whether it was abandoned."""
        self.add(at_s, 1, int(abandoned))

    def load(self, rows: Iterable[tuple[float, int, int]], first_s: float | None = None) -> None:
        """Take over `(at_s, live, abandoned)` from the store in time order; `first_s`: the first live answer of all."""
        self._buckets.clear()
        self._first_s = first_s
        for at_s, live, abandoned in rows:
            self.add(at_s, live, abandoned)

    def add(self, at_s: float, live: int, abandoned: int) -> None:
        """Some live answers of one moment."""
        self._kept = None
        if self._first_s is None:
            self._first_s = at_s
        start = math.floor(at_s / self.bucket_s) * self.bucket_s
        place = len(self._buckets)
        while place and self._buckets[place - 1].start_s > start:  # a record that comes late
            place -= 1
        if not place or self._buckets[place - 1].start_s != start:
            self._buckets.insert(place, _Bucket(start))
            place += 1
        self._buckets[place - 1].live += live
        self._buckets[place - 1].abandoned += abandoned

    def since(self, now_s: float) -> float:
        """Where the window of this moment begins."""
        if self.window in ROLLING_S:
            return now_s - ROLLING_S[self.window]
        if self.window is AbandonWindow.SUCCESSIVE_30_DAYS:
            first = now_s if self._first_s is None else self._first_s
            periods = max(0, math.floor((now_s - first) / (30 * DAY_S)))
            # to the bucket's border, so that the very first answer is inside
            return math.floor(first / self.bucket_s) * self.bucket_s + periods * 30 * DAY_S
        local = datetime.fromtimestamp(now_s, UTC).astimezone(self.zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        if self.window is AbandonWindow.MONTH:
            midnight = midnight.replace(day=1)
        return midnight.timestamp()

    def standing(self, now_s: float) -> Standing:
        """The window of this moment: counts and credit. The same until the next record or bucket."""
        if self._kept is not None and self._kept[0] <= now_s < self._kept[1]:
            return self._kept[2]
        since = self.since(now_s)
        while self._buckets and self._buckets[0].start_s < since:
            self._buckets.popleft()
        live = sum(bucket.live for bucket in self._buckets)
        abandoned = sum(bucket.abandoned for bucket in self._buckets)
        if live < FIRST_ANSWERS:
            credit = float(min(FIRST_ABANDONS, math.floor(self.limit * FIRST_ANSWERS + 1e-9)) - abandoned)
        else:
            credit = self.limit * live - abandoned
            if self.window in ROLLING_S:
                credit = min(credit, self._least_to_come(now_s, live))
        standing = Standing(since_s=since, live=live, abandoned=abandoned, credit=credit)
        self._kept = (now_s, self._next_change(now_s), standing)
        return standing

    def _next_change(self, now_s: float) -> float:
        border = (math.floor(now_s / self.bucket_s) + 1) * self.bucket_s
        if self.window in ROLLING_S:
            return border
        tomorrow = datetime.fromtimestamp(now_s, UTC).astimezone(self.zone) + timedelta(days=1)
        return min(border, tomorrow.replace(hour=0, minute=0, second=0, microsecond=0).timestamp())

    def _least_to_come(self, now_s: float, live: int) -> float:
        """The least credit of the windows that begin at each later bucket, with the answers expected until they end."""
        length = ROLLING_S[self.window]
        begun = self._buckets[0].start_s
        per_second = EXPECTED_SHARE * live / max(600.0, now_s - begun)
        least = math.inf
        answers = abandons = 0
        for bucket in reversed(self._buckets):
            answers += bucket.live
            abandons += bucket.abandoned
            to_come = per_second * max(0.0, bucket.start_s + length - now_s)
            least = min(least, self.limit * (answers + to_come) - abandons)
        return least
