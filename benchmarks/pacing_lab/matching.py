"""Owns with whom dialerd is compared at equal abandons. Runs nothing.

A law that abandons more may well be busier: dialerd gets the abandon rate that it realised as its limit, and the two
are compared in the same worlds. Of a law that abandoned nobody it is only known that its rate is below one in all its
live answers: dialerd gets half of that. Two kinds of laws need no such run:

- Another one abandons no more and keeps agents no less busy. Who beats the better one beats the worse one.
- One of dialerd's runs, with its own limit or a smaller rival's, abandons no more and is busy enough for the gate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .registry import AT, LAWS
from .runs import Row
from .table import Difference, Summary, paired

EQUAL_WITHIN = 0.3  # points that the lower end of a difference may be below zero


class Rival(NamedTuple):
    """An on-line law in one cell: what it gave, and with which of dialerd's runs it is compared (None: not run yet)."""

    law: str
    abandon_rate: float  # 0-1, realised; half an abandon where there was none
    against: str | None


def rivals(laws: Mapping[str, list[Row]], ours: str) -> list[Rival]:
    """Return those of a cell's on-line baselines that no other one outdoes, the least abandoning one first.

    `progressive` is none: dialerd with nothing to spend is progressive. Nor is any law where two campaigns share a
    floor: each has an abandon rate of its own.
    """
    if any(row.campaigns > 1 for runs in laws.values() for row in runs):
        return []
    others = {law: Summary.of(runs) for law, runs in laws.items() if law in LAWS and LAWS[law].baseline}
    kept = sorted(
        (law for law, one in others.items() if not any(_outdoes(two, one) for two in others.values())),
        key=lambda law: (others[law].abandon_percent, law),
    )
    found: list[Rival] = []
    for law in kept:
        if law == "progressive" or any(_same(others[law], others[rival.law]) for rival in found):
            continue
        matched = f"{ours}{AT}{law}"
        done = len(laws.get(matched, ())) == len(laws[law])  # an interrupted one goes on
        against = matched if done else _busy_enough(laws, ours, law)
        found.append(Rival(law, max(others[law].abandoned, 0.5) / max(1, others[law].live), against))
    return found


def at_equal_abandons(laws: Mapping[str, list[Row]], ours: str) -> Iterable[tuple[str, Difference]]:
    """Yield by how much dialerd is busier than each rival with no more abandons, where that was run."""
    for rival in rivals(laws, ours):
        if rival.against is not None:
            yield rival.law, paired(laws[rival.against], laws[rival.law])


def _busy_enough(laws: Mapping[str, list[Row]], ours: str, law: str) -> str | None:
    """The busiest of dialerd's runs that is held to no more abandons than a law and is busy enough, if any is."""
    most = Summary.of(laws[law]).abandon_percent
    gaps = {
        name: paired(runs, laws[law])
        for name, runs in laws.items()
        if name.partition(AT)[0] == ours and len(runs) == len(laws[law]) and Summary.of(runs).abandon_percent <= most
    }
    enough = (name for name, gap in gaps.items() if gap.low >= -EQUAL_WITHIN)
    return max(enough, key=lambda name: gaps[name].mean, default=None)


def _outdoes(one: Summary, other: Summary) -> bool:
    no_worse = one.abandon_percent <= other.abandon_percent and one.occupancy >= other.occupancy
    return no_worse and not _same(one, other)


def _same(one: Summary, other: Summary) -> bool:
    return (one.abandon_percent, one.occupancy) == (other.abandon_percent, other.occupancy)
