"""Owns the figures of `amd report` as plain values: what the evidence shows, in percent and seconds. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from dialerd.core.amd.delay import percentile
from dialerd.core.amd.evidence import FEWEST_REVIEWS, Findings, Heard, Judged, Range, Tally, rows

Row: TypeAlias = dict[str, Any]
TO_PEOPLE = ("human", "unsure")
"""What AMD says of calls that wait for an agent: their delay is a person's silence."""


def together(parts: Iterable[Judged]) -> Judged:
    """All parts as one."""
    tallies: Counter[Tally] = Counter()
    delays: dict[str, Counter[int]] = {}
    for part in parts:
        tallies.update(part.tallies)
        for said, seen in part.delays_ms.items():
            delays.setdefault(said, Counter()).update(seen)
    merged = tuple(tally for tally, times in tallies.items() for _ in range(times))
    return Judged(merged, delays)


def figures(judged: Judged) -> Row:
    """What one set of judged calls shows; shares in percent, each with its 95 % interval (`low`, `high`)."""
    found = Findings.of(judged.tallies)
    return {
        "calls": sum(tally.calls for tally in judged.tallies),
        "people_lost": _counted(found.as_machines.people, found.lost),
        "machines_leaked": _counted(found.to_agents.machines, found.leaked),
        "as_machines": _group(found.as_machines),
        "to_agents": _group(found.to_agents),
        "delay": _delay(judged.delays_ms),
    }


def matrix(judged: Judged) -> list[Row]:
    """The confusion matrix: a row for what AMD said and who got the call, and who was heard."""
    return [{"said": said, "got": got, **_group(heard)} for (said, got), heard in rows(judged.tallies).items()]


def estimate(judged: Judged) -> Row:
    """The share of people among the calls treated as machines, for `amd_false_positive_rate` (0–1)."""
    machines = Findings.of(judged.tallies).as_machines
    return {
        "amd_false_positive_rate": round(machines.reasoned_share, 4),
        "enough": machines.enough,
        "heard": machines.calls - machines.unknown,
        "of": machines.calls,
        "wanted": min(FEWEST_REVIEWS, machines.calls),
    }


def _group(heard: Heard) -> Row:
    return {
        "calls": heard.calls,
        "person": heard.known_people,
        "machine": heard.known_machines,
        "unknown": heard.unknown,
        "people": _range(heard.share.times(100)),
    }


def _counted(number: Range, share: Range) -> Row:
    return {"number": _range(number), "share": _range(share.times(100))}


def _range(found: Range) -> Row:
    value = None if found.value is None else round(found.value, 2)
    return {"value": value, "low": round(found.low, 2), "high": round(found.high, 2)}


def _delay(delays_ms: Mapping[str, Mapping[int, int]]) -> Row:
    """Seconds from answer to verdict by what AMD said, and of all calls that wait for an agent (`to_people`)."""
    to_people: Counter[int] = Counter()
    for said in TO_PEOPLE:
        to_people.update(delays_ms.get(said, {}))
    return {name: _spread(seen) for name, seen in sorted({**delays_ms, "to_people": to_people}.items())}


def _spread(counts: Mapping[int, int]) -> Row:
    def seconds(value: int | None) -> float | None:
        return None if value is None else value / 1000

    return {
        "calls": sum(counts.values()),
        "median_s": seconds(percentile(counts, 0.5)),
        "p95_s": seconds(percentile(counts, 0.95)),
        "max_s": seconds(max(counts, default=None)),
    }
