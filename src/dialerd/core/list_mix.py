"""Owns the order in which leads of several lists come: weighted turns, so that no list waits for another. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import TypeVar

T = TypeVar("T")


class LeadOrder(Enum):
    """In which order the leads of one list come (the words of VICIdial's operators)."""

    DOWN = "down"  # as they were imported
    UP = "up"  # the last imported first
    RANDOM = "random"
    OLDEST = "oldest"  # whoever was called longest ago
    NEWEST = "newest"  # whoever was called last
    RANK = "rank"  # the highest rank first


def mixed(queues: Mapping[int, Sequence[T]], weights: Mapping[int, int]) -> Iterator[T]:
    """Given each list's leads in order and its weight, yield all of them so that every stretch has the lists' shares.

    Smooth weighted round robin: each turn every list gains its weight, the richest gives a lead and pays the total.
    A list without leads leaves its share to the others; a weight below 1 counts as 1.
    """
    left = {list_id: deque(queue) for list_id, queue in queues.items() if queue}
    credit = dict.fromkeys(left, 0)
    while left:
        if len(left) == 1:
            yield from next(iter(left.values()))
            return
        total = 0
        for list_id in left:
            weight = max(1, weights.get(list_id, 1))
            credit[list_id] += weight
            total += weight
        richest = max(left, key=lambda one: (credit[one], -one))
        credit[richest] -= total
        yield left[richest].popleft()
        if not left[richest]:
            del left[richest], credit[richest]


def by_list(rows: Iterable[T], list_of: Iterable[int]) -> dict[int, list[T]]:
    """Sort rows into queues by their list, keeping their order."""
    queues: dict[int, list[T]] = {}
    for row, list_id in zip(rows, list_of, strict=True):
        queues.setdefault(list_id, []).append(row)
    return queues
