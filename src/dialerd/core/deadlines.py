"""Owns the deadlines of every wait, on monotonic seconds. Knows nothing of what happens when one passes."""

from __future__ import annotations

import heapq
from enum import Enum
from typing import TypeAlias


class Wait(Enum):
    """What is being waited for. Each wait belongs to one id (attempt, agent or campaign)."""

    __hash__ = object.__hash__  # as call.AttemptState

    DIAL = "dial"  # attempt: any end to an Originate
    LIMIT = "limit"  # attempt: a person waits for an agent
    CONNECT = "connect"  # attempt: the bridge after verdict "agent"
    ENDING = "ending"  # attempt: the hang-up after machine, message or our own Hangup
    LEG = "leg"  # agent: the phone is ringing
    WRAP_UP = "wrap_up"  # agent
    PREVIEW = "preview"  # agent: accept or skip what is shown
    DECIDE = "decide"  # campaign: a pacing decision that was coalesced
    CLAIM = "claim"  # campaign: LeadsClaimed
    COMMIT = "commit"  # attempt: the store's answer to the intent


Key: TypeAlias = tuple[Wait, int]

_WAITS = sorted(Wait, key=lambda wait: wait.value)  # what is due at one moment comes in this order
_PLACE = {wait: place for place, wait in enumerate(_WAITS)}


class Deadlines:
    """A heap of deadlines; setting a key again moves it, cancelling forgets it."""

    def __init__(self) -> None:
        self._at: dict[Key, float] = {}
        self._heap: list[tuple[float, int, int]] = []

    def set(self, wait: Wait, of: int, at_mono: float) -> None:
        """Let `wait` of id `of` end at monotonic second `at_mono`."""
        self._at[wait, of] = at_mono
        heapq.heappush(self._heap, (at_mono, _PLACE[wait], of))

    def cancel(self, wait: Wait, of: int) -> None:
        """Forget a wait; harmless when there is none."""
        self._at.pop((wait, of), None)

    def waiting(self, wait: Wait, of: int) -> bool:
        """True while that wait is set."""
        return (wait, of) in self._at

    def next(self) -> float | None:
        """The monotonic second of the earliest deadline, or None."""
        self._drop_stale()
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now_mono: float) -> list[Key]:
        """Remove and return every key whose deadline has passed, earliest first."""
        due: list[Key] = []
        self._drop_stale()
        while self._heap and self._heap[0][0] <= now_mono:
            _, place, of = heapq.heappop(self._heap)
            key = (_WAITS[place], of)
            del self._at[key]
            due.append(key)
            self._drop_stale()
        return due

    def _drop_stale(self) -> None:
        while self._heap:
            at, place, of = self._heap[0]
            if self._at.get((_WAITS[place], of)) == at:
                return
            heapq.heappop(self._heap)
