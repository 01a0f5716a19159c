"""Owns the counts that feedback laws live on: calls, answers and abandons of the last minutes. Knows no law."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable

from ..contract import Abandoned, CallEnded, Connected, Observation, TalkEnded


class Recent:
    """Events of the last `span_s` seconds (all, if infinite), each under a name with a value, and their sums."""

    def __init__(self, span_s: float = math.inf) -> None:
        self.span_s = span_s
        self.events: deque[tuple[float, str, float]] = deque()
        self.counts: dict[str, int] = {}
        self.sums: dict[str, float] = {}

    def add(self, at: float, name: str, value: float = 0.0) -> None:
        """Count one event."""
        self.counts[name] = self.counts.get(name, 0) + 1
        self.sums[name] = self.sums.get(name, 0.0) + value
        if self.span_s < math.inf:
            self.events.append((at, name, value))

    def forget(self, now: float) -> None:
        """Drop what is older than the span."""
        while self.events and self.events[0][0] < now - self.span_s:
            _, name, value = self.events.popleft()
            self.counts[name] -= 1
            self.sums[name] -= value

    def count(self, *names: str) -> int:
        """Return how many events of these names there are."""
        return sum(self.counts.get(name, 0) for name in names)

    def mean(self, name: str, otherwise: float) -> float:
        """Return the mean value of the events of this name."""
        count = self.counts.get(name, 0)
        return self.sums[name] / count if count else otherwise


def note(what: Observation, books: Iterable[Recent]) -> None:
    """Write an observation into each book: ended calls by kind (value: ring), `connected`, `abandoned`, `talk`."""
    match what:
        case CallEnded(at=at, kind=kind, ring_s=ring_s):
            entry = (at, str(kind), ring_s)
        case Connected(at=at, waited_s=waited_s):
            entry = (at, "connected", waited_s)
        case Abandoned(at=at, waited_s=waited_s):
            entry = (at, "abandoned", waited_s)
        case TalkEnded(at=at, talk_s=talk_s):
            entry = (at, "talk", talk_s)
        case _:
            return
    for book in books:
        book.add(*entry)
