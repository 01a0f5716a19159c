"""Owns the two clocks as one value. Knows nothing of where time comes from: edges and tests hand it in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant on both clocks.

    `wall` is an aware UTC datetime for records and calling hours; `mono` is monotonic seconds for every
    deadline and budget, because the wall clock may be stepped while calls are up.
    """

    wall: datetime
    mono: float

    def plus(self, seconds: float) -> Moment:
        """The moment `seconds` later (negative: earlier) on both clocks."""
        return Moment(self.wall + timedelta(seconds=seconds), self.mono + seconds)

    def seconds_since(self, earlier: Moment) -> float:
        """Elapsed seconds from `earlier` to this moment, by the monotonic clock."""
        return self.mono - earlier.mono
