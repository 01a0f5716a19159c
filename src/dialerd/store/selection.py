"""Owns the choice of the leads to dial next, in order, for one campaign. Claims nothing and asks no rule of numbers.

Order: priority, abandoned callers (where an agent is guaranteed), callbacks, zones that close first (where wanted),
fewest attempts, the campaign's list order, the lists mixed by weight. Leads of a class that may not be dialled now
(closed zone, no consent) are passed over as a whole; each lead that is chosen is asked for at the claim.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby, islice
from typing import Any

from dialerd.core.calling_windows import open_until
from dialerd.core.compliance import GateVerdict
from dialerd.core.list_mix import by_list, mixed
from dialerd.core.local_hours import zones_of
from dialerd.store.candidates import Candidate, Wishes, active_lists, ordinary_leads, promised_leads
from dialerd.store.dial_classes import class_verdicts, dial_classes
from dialerd.store.facts import Gate
from dialerd.store.lead_fields import filtered
from dialerd.store.session import Session


def choose(
    session: Session,
    gate: Gate,
    now: datetime,
    count: int,
    *,
    agents: Collection[int] = (),
    promised: bool = True,
    ordinary: bool = True,
    verdicts: Mapping[int, GateVerdict] | None = None,
) -> list[int]:
    """The ids of up to `count` leads in the order in which they are to be dialled, as far as their classes allow.

    `agents`: those who are ready for the callbacks promised by them. `promised`: abandoned callers and appointments;
    `ordinary`: all others, who may be chosen a while ahead. `verdicts` of the classes, if they are known already.
    """
    wishes = Wishes.of(session, gate.campaign_id)
    early = list(promised_leads(session, gate, now, count, agents, wishes)) if promised else []
    if not early and not ordinary:
        return []  # the usual case of a claim from a large campaign: nothing else need be read
    known = verdicts if verdicts is not None else class_verdicts(session, gate, now)
    classes = {class_id for class_id, verdict in known.items() if verdict.allowed}
    weights = active_lists(session, gate.campaign_id)
    if not weights or not classes:
        return []
    closing = _closing(session, gate, classes, now) if wishes.closing_zones_first else {}
    limit = count
    while True:
        rows = (
            list(promised_leads(session, gate, now, limit, agents, wishes))
            if promised and limit > count
            else list(early)
        )
        complete = len(rows) < limit
        if ordinary:
            more, complete = ordinary_leads(session, weights, _groups(classes, closing), now, limit, wishes.order)
            rows += more
        found = {row.id: row for row in reversed(rows) if row.list_id in weights and row.class_id in classes}
        most = None if wishes.filter else count
        ids = [one.id for one in islice(_in_order(reversed(found.values()), weights, closing), most)]
        passed = filtered(session, wishes.filter, ids)
        if len(passed) >= count or complete:
            return passed[:count]
        limit *= 4  # the filter lets few leads through, or most of them are on few lists: look further


def _in_order(
    candidates: Iterable[Candidate], weights: Mapping[int, int], closing: Mapping[int, float]
) -> Iterator[Candidate]:
    def group(candidate: Candidate) -> tuple[Any, ...]:
        closes = closing.get(candidate.class_id, 0.0)
        return (-candidate.priority, candidate.tier, closes, candidate.attempts)

    for _, same in groupby(sorted(candidates, key=group), key=group):  # a stable sort: each list keeps its order
        rows = list(same)
        yield from mixed(by_list(rows, [row.list_id for row in rows]), weights)


def _groups(classes: Collection[int], closing: Mapping[int, float]) -> list[tuple[float, list[int]]]:
    """The classes by the time at which they close, the first first; all together where that does not matter."""
    groups: dict[float, list[int]] = {}
    for class_id in sorted(classes):
        groups.setdefault(closing.get(class_id, 0.0), []).append(class_id)
    return sorted(groups.items())


def _closing(session: Session, gate: Gate, classes: Collection[int], now: datetime) -> dict[int, float]:
    """When each open class closes, as a time stamp; what never closes comes last."""
    found: dict[int, float] = {}
    rules = gate.rules
    if rules is None:
        return found
    for class_id, lead in dial_classes(session).items():
        if class_id not in classes:
            continue
        until = open_until(rules.weeks(lead.regions), zones_of(lead.zones), now)
        found[class_id] = until.timestamp() if until is not None else float("inf")
    return found
