"""Owns the order in which leads of several lists come: weighted turns, so that no list waits for another. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from heapq import heapify, heappop, heapreplace
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

    Stride scheduling: the n-th lead of a list is due at n ÷ weight, and whichever is due first comes next. A list
    without leads leaves its share to the others; a weight below 1 counts as 1.
    """
    if len(queues) == 1:
        yield from next(iter(queues.values()))
        return
    strides = {list_id: 1 / max(1, weights.get(list_id, 1)) for list_id in queues}
    due = [(stride, stride, list_id, 0) for list_id, stride in strides.items() if queues[list_id]]
    heapify(due)
    while due:
        at, stride, list_id, n = due[0]
        queue = queues[list_id]
        yield queue[n]
        if n + 1 < len(queue):
            heapreplace(due, (at + stride, stride, list_id, n + 1))
        else:
            heappop(due)


def by_list(rows: Iterable[T], list_of: Iterable[int]) -> dict[int, list[T]]:
    """Sort rows into queues by their list, keeping their order."""
    queues: dict[int, list[T]] = {}
    for row, list_id in zip(rows, list_of, strict=True):
        queues.setdefault(list_id, []).append(row)
    return queues
