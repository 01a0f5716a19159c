"""Owns the legal windows of the abandon rate: which there are, where each begins and ends. Pure; counts nothing.

US: successive periods of 30 days from the campaign's first live answer (16 CFR 310.4(b)(4)(i)). UK: any 24 hours.
Canada: the calendar month. Windows begin at the border of a bucket, so that whoever counts single calls from there and
whoever counts buckets comes to the same figures. Instants are POSIX seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import Enum

DAY_S = 86400.0
BUCKETS = 480
PERIOD_S = 30 * DAY_S


class AbandonWindow(Enum):
    """Over what the abandon rate is measured."""

    SUCCESSIVE_30_DAYS = "successive_30_days"
    ROLLING_30_DAYS = "rolling_30_days"
    ROLLING_24_HOURS = "rolling_24_hours"
    DAY = "day"
    MONTH = "month"


DEFAULT_WINDOW = AbandonWindow.ROLLING_30_DAYS
"""Where neither the campaign nor its rule set names one: the strictest of the long ones, for it never starts afresh."""
ROLLING_S = {AbandonWindow.ROLLING_30_DAYS: 30 * DAY_S, AbandonWindow.ROLLING_24_HOURS: DAY_S}


@dataclass(frozen=True, slots=True)
class WindowClock:
    """When a window begins and ends. `zone` is that of calendar days and months.

    `bucket_s` says how finely answers are counted: what leaves a rolling window leaves it at once by so much.
    """

    window: AbandonWindow
    zone: tzinfo = UTC

    @property
    def bucket_s(self) -> float:
        """The width of a bucket in seconds."""
        return ROLLING_S.get(self.window, DAY_S) / BUCKETS

    @property
    def length_s(self) -> float | None:
        """How long a rolling window is; None for one that starts afresh."""
        return ROLLING_S.get(self.window)

    def bucket_of(self, at_s: float) -> float:
        """Where the bucket of this instant begins."""
        return math.floor(at_s / self.bucket_s) * self.bucket_s

    def since(self, now_s: float, first_s: float | None = None) -> float:
        """Where the window of this moment begins; `first_s`: the campaign's first live answer, None: not yet."""
        if self.length_s is not None:
            return math.ceil((now_s - self.length_s) / self.bucket_s) * self.bucket_s
        if self.window is AbandonWindow.SUCCESSIVE_30_DAYS:
            first = self.bucket_of(now_s if first_s is None else first_s)
            return first + max(0, math.floor((now_s - first) / PERIOD_S)) * PERIOD_S
        return self._midnight(now_s, 0).timestamp()

    def until(self, now_s: float, first_s: float | None = None) -> float | None:
        """Where the next one begins and the count starts afresh; None for a window that rolls."""
        if self.length_s is not None:
            return None
        if self.window is AbandonWindow.SUCCESSIVE_30_DAYS:
            return self.since(now_s, first_s) + PERIOD_S
        return self._midnight(now_s, 1).timestamp()

    def next_change(self, now_s: float, first_s: float | None = None) -> float:
        """Until when the window of this moment stays the same."""
        if self.length_s is not None:
            return self.since(now_s) + self.length_s
        return self.until(now_s, first_s) or math.inf

    def _midnight(self, now_s: float, later: int) -> datetime:
        """The local midnight at which this window began, or the one that is `later` windows later."""
        local = datetime.fromtimestamp(now_s, UTC).astimezone(self.zone)
        day = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        if self.window is not AbandonWindow.MONTH:
            return day + timedelta(days=later)  # wall time: the day may have 23 or 25 hours
        day = day.replace(day=1)
        return (day + timedelta(days=32 * later)).replace(day=1)
