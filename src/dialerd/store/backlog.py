"""Owns the one queue in front of the writer: its order, its limit and what leaves it together. Writes nothing."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from dialerd.core.messages import LogEvent, OpenAttempts, SaveAttempt
from dialerd.store.batch import DEFERRABLE, Entry
from dialerd.store.session import Session

OPTIONAL = (SaveAttempt, LogEvent)
"""What may be dropped when the queue is full: it does no harm when a crash loses it, either."""


@dataclass(slots=True, eq=False)
class Job:
    """A function of the writer's session, in a transaction of its own, whose result somebody waits for.

    `patient` jobs outlast a failing store; others fail at once with Unavailable, as an operator waits for them.
    """

    work: Callable[[Session], Any]
    patient: bool = False
    result: Future[Any] = field(default_factory=Future)


@dataclass(slots=True, eq=False)
class Mark:
    """A place in the queue: `reached` is done once everything before it is committed. It costs no transaction."""

    reached: Future[None] = field(default_factory=Future)


class Backlog:
    """The queue. `put` never blocks; only the writer thread takes."""

    def __init__(self, *, limit: int, batch: int, wait_s: float) -> None:
        """`limit`: entries beyond which optional ones are dropped; `wait_s`: how long deferrable ones may gather."""
        self._limit = limit
        self._batch = batch
        self._wait_s = wait_s
        self._items: deque[Entry | Mark | Job] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._urgent = 0
        self._oldest = 0.0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._items)

    @property
    def closed(self) -> bool:
        """True once no more is accepted."""
        return self._closed

    def put(self, item: Entry | Mark | Job) -> bool:
        """Append; False when it was dropped: the queue is full and the item optional, or the queue is closed."""
        with self._changed:
            optional = isinstance(item, Entry) and isinstance(item.command, OPTIONAL)
            if self._closed or (optional and len(self._items) >= self._limit):
                self.dropped += 1
                return False
            if not self._items:
                self._oldest = time.monotonic()
            self._items.append(item)
            if not _deferrable(item):
                self._urgent += 1
            # The writer sleeps by itself until deferrable items are due: wake it for the first and for urgent ones.
            if len(self._items) == 1 or not _deferrable(item):
                self._changed.notify()
            return True

    def close(self) -> None:
        """Accept no more; `take` returns what is left and then None."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def take(self) -> list[Entry | Mark] | Job | None:
        """Wait for work: one job, or commands for one transaction; None when closed and empty.

        An urgent item takes everything before it along at once; deferrable ones gather for `wait_s`.
        """
        with self._changed:
            while not self._items:
                if self._closed:
                    return None
                self._changed.wait()
            while not self._urgent and not self._closed and len(self._items) < self._batch:
                left = self._oldest + self._wait_s - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    break
            return self._pop()

    def _pop(self) -> list[Entry | Mark] | Job:
        first = self._items[0]
        if isinstance(first, Job):
            self._items.popleft()
            self._urgent -= 1
            return first
        entries: list[Entry | Mark] = []
        while self._items and len(entries) < self._batch:
            item = self._items[0]
            if isinstance(item, Job):
                break
            self._items.popleft()
            self._urgent -= 0 if _deferrable(item) else 1
            entries.append(item)
        self._oldest = time.monotonic()
        return entries

    def take_impatient(self, wait_s: float) -> tuple[list[Entry], list[Job]]:
        """Wait up to `wait_s` for intents to dial and jobs that are not patient; take them out, wherever they stand.

        For a store that does not write: whoever sent them is told at once and not when it heals.
        """
        deadline = time.monotonic() + wait_s
        with self._changed:
            while True:
                intents = [i for i in self._items if isinstance(i, Entry) and isinstance(i.command, OpenAttempts)]
                jobs = [item for item in self._items if isinstance(item, Job) and not item.patient]
                left = deadline - time.monotonic()
                if intents or jobs or left <= 0 or self._closed:
                    break
                self._changed.wait(left)
            if intents or jobs:
                taken = {id(item) for item in (*intents, *jobs)}
                self._keep([item for item in self._items if id(item) not in taken])
            return intents, jobs

    def _keep(self, items: list[Entry | Mark | Job]) -> None:
        self._items = deque(items)
        self._urgent = sum(1 for item in items if not _deferrable(item))


def _deferrable(item: Entry | Mark | Job) -> bool:
    return isinstance(item, Entry) and isinstance(item.command, DEFERRABLE)
