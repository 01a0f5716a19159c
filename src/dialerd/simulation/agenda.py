"""Owns virtual time: a heap of timed happenings and the moment it is. Knows nothing of what happens. No sleeping."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from dialerd.core.moment import Moment


@dataclass(slots=True, eq=False)
class Appointment:
    """Something that will happen, unless it is cancelled before."""

    act: Callable[[], None] | None

    def cancel(self) -> None:
        """Let it not happen."""
        self.act = None


class Agenda:
    """Both clocks advance together and only forwards; happenings at the same moment keep the order of their making."""

    def __init__(self, start: Moment) -> None:
        """Given the first moment."""
        self.start = start
        self.now = start
        self._heap: list[tuple[float, int, Appointment]] = []
        self._order = itertools.count()

    def after(self, seconds: float, act: Callable[[], None]) -> Appointment:
        """Let `act` happen `seconds` from now."""
        appointment = Appointment(act)
        heapq.heappush(self._heap, (self.now.mono + max(0.0, seconds), next(self._order), appointment))
        return appointment

    def next(self) -> float:
        """The monotonic second of the next happening; infinity when there is none."""
        while self._heap and self._heap[0][2].act is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else float("inf")

    def advance(self, mono: float) -> None:
        """Move both clocks to the monotonic second `mono`; never backwards."""
        if mono > self.now.mono:
            self.now = Moment(self.start.wall + timedelta(seconds=mono - self.start.mono), mono)

    def happen(self) -> None:
        """Let the next happening happen, if it is due."""
        if self.next() <= self.now.mono:
            act = heapq.heappop(self._heap)[2].act
            if act is not None:
                act()

    def elapsed_s(self) -> float:
        """Seconds since the start."""
        return self.now.seconds_since(self.start)
