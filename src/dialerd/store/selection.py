"""Owns the choice of the leads to dial next, in order, for one campaign. Claims nothing and asks no rule of numbers.

Order: priority, abandoned callers (where an agent is guaranteed), callbacks, zones that close first (where wanted),
fewest attempts, the campaign's list order, the lists mixed by weight. Leads of a class that may not be dialled now
(closed zone, no consent) are passed over as a whole; each lead that is chosen is asked for at the claim.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, islice
from typing import Any, NamedTuple

from dialerd.core.calling_windows import open_until
from dialerd.core.compliance import GateVerdict
from dialerd.core.compliance_rules import zones_of
from dialerd.core.lead import Lead
from dialerd.core.list_mix import LeadOrder, by_list, mixed
from dialerd.store.facts import Gate
from dialerd.store.lead_fields import filtered
from dialerd.store.mapping import zones_value
from dialerd.store.session import Session, marks
from dialerd.store.units import micros

ABANDONED, PROMISED, ORDINARY = range(3)
MOST_PRIORITIES = 99

_COLUMNS = "id, priority, list_id, call_count, class_id"
_SHUFFLED = "(id * 2654435761) & 4294967295"  # Knuth's multiplicative hash: the same order each time it is asked
_ORDER = {
    LeadOrder.DOWN: "id",
    LeadOrder.UP: "id DESC",
    LeadOrder.RANDOM: _SHUFFLED,
    LeadOrder.OLDEST: "COALESCE(last_attempt_at, 0), id",
    LeadOrder.NEWEST: "COALESCE(last_attempt_at, 0) DESC, id DESC",
    LeadOrder.RANK: "rank DESC, id",
}
_NEW_ORDER = _ORDER | {LeadOrder.OLDEST: "id", LeadOrder.NEWEST: "id DESC"}  # nobody has called them yet


class Candidate(NamedTuple):
    """A lead that may be next. A tuple: thousands are made at a time."""

    id: int
    priority: int
    list_id: int
    attempts: int
    class_id: int
    tier: int


@dataclass(frozen=True, slots=True)
class Wishes:
    """A campaign's settings for the choice."""

    order: LeadOrder
    closing_zones_first: bool
    abandoned_first: bool
    tolerance: timedelta
    filter: str

    @classmethod
    def of(cls, session: Session, campaign_id: int) -> Wishes:
        """As stored now."""
        row = session.one(
            "SELECT lead_order, closing_zones_first, abandoned_first, callback_tolerance, lead_filter FROM campaign"
            " WHERE id = ?",
            (campaign_id,),
        )
        order, closing, abandoned, tolerance, text = row or ("down", False, True, 0, "")
        return cls(LeadOrder(order), bool(closing), bool(abandoned), timedelta(seconds=tolerance), text)


def dial_classes(session: Session) -> dict[int, Lead]:
    """Every class as a lead without a number: what the rules of classes look at."""
    return {
        class_id: Lead(
            id=0,
            campaign_id=0,
            list_id=0,
            number="",
            zones=zones_value(zones),
            regions=zones_value(regions),
            consent_class=consent,
        )
        for class_id, zones, regions, consent in session.rows(
            "SELECT id, zones, regions, consent_class FROM dial_class"
        )
    }


def class_verdicts(session: Session, gate: Gate, now: datetime) -> dict[int, GateVerdict]:
    """What the gate says of each class now."""
    return {class_id: gate.ask_class(lead, now) for class_id, lead in dial_classes(session).items()}


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
    early = list(_promised(session, gate, now, count, agents, wishes)) if promised else []
    if not early and not ordinary:
        return []  # the usual case of a claim from a large campaign: nothing else need be read
    known = verdicts if verdicts is not None else class_verdicts(session, gate, now)
    classes = {class_id for class_id, verdict in known.items() if verdict.allowed}
    weights = dict(
        session.rows("SELECT id, weight FROM lead_list WHERE campaign_id = ? AND active", (gate.campaign_id,))
    )
    if not weights or not classes:
        return []
    closing = _closing(session, gate, classes, now) if wishes.closing_zones_first else {}
    limit = count
    while True:
        rows = list(_promised(session, gate, now, limit, agents, wishes)) if promised and limit > count else list(early)
        complete = len(rows) < limit
        if ordinary:
            more, complete = _ordinary(session, weights, _groups(classes, closing), now, limit, wishes.order)
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


def _promised(
    session: Session, gate: Gate, now: datetime, count: int, agents: Collection[int], wishes: Wishes
) -> Iterator[Candidate]:
    """Abandoned callers and appointments that are due."""
    if wishes.abandoned_first and gate.agent_guaranteed:
        yield from _candidates(
            session.rows(
                f"SELECT {_COLUMNS} FROM lead WHERE campaign_id = ? AND state = 'retry' AND abandoned_at IS NOT NULL"
                " AND next_attempt_at <= ? ORDER BY next_attempt_at LIMIT ?",
                (gate.campaign_id, micros(now), count),
            ),
            ABANDONED,
        )
    theirs = f" OR callback_agent_id IN ({marks(len(agents))})" if agents else ""
    yield from _candidates(
        session.rows(
            f"SELECT {_COLUMNS} FROM lead WHERE campaign_id = ? AND state = 'callback' AND next_attempt_at <= ?"
            f" AND (callback_agent_id IS NULL OR next_attempt_at <= ?{theirs}) ORDER BY next_attempt_at LIMIT ?",
            (gate.campaign_id, micros(now), micros(now - wishes.tolerance), *sorted(agents), count),
        ),
        PROMISED,
    )


def _ordinary(
    session: Session,
    weights: Mapping[int, int],
    groups: Sequence[tuple[float, Sequence[int]]],
    now: datetime,
    count: int,
    order: LeadOrder,
) -> tuple[list[Candidate], bool]:
    """The first leads of each list and group of classes, and whether these are all there are.

    Of each list only somewhat more than its share is read. Where one is cut off, nothing that comes after its last
    lead is given, of no list: what was cut off might come before it.
    """
    found: list[tuple[_Key, Candidate]] = []
    cuts: list[_Key] = []
    total = sum(max(1, weight) for weight in weights.values())
    for closes, class_ids in groups:
        of_class = f"class_id IN ({','.join(map(str, class_ids))})"  # ids of our own; more than marks allow
        for list_id, weight in weights.items():
            share = min(count, max(LEAST_OF_A_LIST, 2 * count * max(1, weight) // total))
            for rows in (
                _new(session, list_id, of_class, now, share, order),
                session.rows(
                    f"SELECT {_COLUMNS} FROM lead WHERE list_id = ? AND state = 'retry' AND next_attempt_at <= ?"
                    f" AND {of_class} ORDER BY priority DESC, call_count, {_ORDER[order]} LIMIT ?",
                    (list_id, micros(now), share),
                ),
            ):
                keyed = [((-row.priority, closes, row.attempts), row) for row in _candidates(rows, ORDINARY)]
                found += keyed
                if keyed and len(rows) >= share:
                    cuts.append(keyed[-1][0])
    if not cuts:
        return [row for _, row in found], True
    last = min(cuts)
    return [row for key, row in found if key <= last], False


_Key = tuple[int, float, int]
LEAST_OF_A_LIST = 20


def _new(
    session: Session, list_id: int, of_class: str, now: datetime, count: int, order: LeadOrder
) -> list[tuple[Any, ...]]:
    """Leads of a list that nobody has called yet, the highest priority first."""
    found: list[tuple[Any, ...]] = []
    for priority in _priorities(session, list_id):
        found += session.rows(
            f"SELECT {_COLUMNS} FROM lead WHERE list_id = ? AND state = 'new' AND priority = ? AND {of_class}"
            f" AND next_attempt_at <= ? ORDER BY {_NEW_ORDER[order]} LIMIT ?",
            (list_id, priority, micros(now), count - len(found)),
        )
        if len(found) >= count:
            break
    return found


def _candidates(rows: Iterable[Sequence[Any]], tier: int) -> Iterator[Candidate]:
    for lead_id, priority, list_id, attempts, class_id in rows:
        if class_id is not None:
            yield Candidate(lead_id, priority, list_id, attempts, class_id, tier)


def _priorities(session: Session, list_id: int) -> Iterator[int]:
    """The priorities of a list's new leads, highest first: one index seek each."""
    last = "ORDER BY priority DESC LIMIT 1"
    row = session.one(f"SELECT priority FROM lead WHERE list_id = ? AND state = 'new' {last}", (list_id,))
    while row is not None:
        yield row[0]
        row = session.one(
            f"SELECT priority FROM lead WHERE list_id = ? AND state = 'new' AND priority < ? {last}", (list_id, row[0])
        )
