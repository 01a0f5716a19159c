"""Owns the queries for the leads that may be next, each read by an index, no more of them than may be needed.

Asks no rule, and does not put in order what comes from several queries: `selection` does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from dialerd.core.list_mix import LeadOrder
from dialerd.store.facts import Gate
from dialerd.store.session import Session, marks
from dialerd.store.units import micros

ABANDONED, PROMISED, ORDINARY = range(3)
LEAST_OF_A_LIST = 20
_Key = tuple[int, float, int]

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


def active_lists(session: Session, campaign_id: int) -> dict[int, int]:
    """The lists that a campaign dials from, with their weights."""
    return dict(session.rows("SELECT id, weight FROM lead_list WHERE campaign_id = ? AND active", (campaign_id,)))


def promised_leads(
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


def ordinary_leads(
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
