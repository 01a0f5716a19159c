"""Owns claiming leads and giving them back. Knows nothing of what is dialled and when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from dialerd.core.lead import Lead
from dialerd.core.messages import ClaimLeads, LeadsClaimed, ReleaseLeads, Shortage
from dialerd.store.facts import Gate, NumberFacts
from dialerd.store.mapping import LEAD_COLUMNS, lead_value
from dialerd.store.refusals import Refused, reschedule
from dialerd.store.session import Session, chunks, marks
from dialerd.store.units import instant, micros

LOOK_FACTOR, LOOK_EXTRA = 4, 50  # leads looked at in one claim: a list outside its hours must not stall the writer

DUE = "campaign_id = ? AND state IN ('new', 'retry', 'callback')"  # the words of the partial index lead_due


def claim_leads(session: Session, command: ClaimLeads, now: datetime, counts: LeadCounts) -> LeadsClaimed:
    """Claim up to `count` due leads that the gate lets pass: by priority, then longest due, then id.

    A refused lead gets the time the gate gives it, so that it is not looked at again before.
    """
    gate = Gate(session, command.campaign_id)
    limit = command.count * LOOK_FACTOR + LOOK_EXTRA
    looked = _due(session, command.campaign_id, now, limit)
    leads: list[Lead] = []
    refused: list[Refused] = []
    numbers: set[str] = set()
    none_due = len(looked) < limit
    for page in chunks(looked, command.count + 10):
        facts = NumberFacts(session, [row[3] for row in page], now)
        for row in page:
            lead = lead_value(row[:-1])
            if len(leads) == command.count or lead.number in numbers:  # a number on two lists: one at a time
                none_due = False
                continue
            verdict = gate.ask(lead, facts.about(lead), now)
            if verdict.allowed:
                numbers.add(lead.number)
                leads.append(lead)
            else:
                refused.append(Refused(lead.id, lead.campaign_id, row[-1], verdict))
        if len(leads) == command.count:
            break
    reschedule(session, refused, now)
    for chunk in chunks([lead.id for lead in leads]):
        session.run(
            "UPDATE lead SET claimed_from = state, state = 'claimed', claimed_at = ?, blocked_rule = ''"
            f" WHERE id IN ({marks(len(chunk))})",
            (micros(now), *chunk),
        )
    if len(leads) == command.count:
        return LeadsClaimed(campaign_id=command.campaign_id, leads=tuple(leads))
    blocked = Counter(item.verdict.rule for item in refused)
    shortage = counts.shortage(session, command.campaign_id, now, none_due=none_due, blocked=blocked)
    return LeadsClaimed(campaign_id=command.campaign_id, leads=tuple(leads), shortage=shortage)


def _due(session: Session, campaign_id: int, now: datetime, limit: int) -> list[tuple[Any, ...]]:
    """Due leads of active lists in order, each with its last blocking rule.

    One index range for each priority that occurs: a single scan would walk over all leads of a high priority
    that wait for later before it came to a lower one.
    """
    idle = idle_lists(session, campaign_id)
    skip = f" AND list_id NOT IN ({marks(len(idle))})" if idle else ""
    found: list[tuple[Any, ...]] = []
    for priority in priorities(session, campaign_id):
        found += session.rows(
            f"SELECT {LEAD_COLUMNS}, blocked_rule FROM lead WHERE {DUE} AND priority = ? AND next_attempt_at <= ?{skip}"
            " ORDER BY next_attempt_at, id LIMIT ?",
            (campaign_id, priority, micros(now), *idle, limit - len(found)),
        )
        if len(found) >= limit:
            break
    return found


def idle_lists(session: Session, campaign_id: int) -> list[int]:
    """The lists of a campaign that are not dialled from."""
    return [
        row[0] for row in session.rows("SELECT id FROM lead_list WHERE campaign_id = ? AND NOT active", (campaign_id,))
    ]


def priorities(session: Session, campaign_id: int) -> list[int]:
    """The priorities of a campaign's leads that may become due, highest first: one index seek each.

    In the index's own order, not by MAX: PostgreSQL without statistics adds up a whole campaign for that.
    """
    found: list[int] = []
    row = session.one(f"SELECT priority FROM lead WHERE {DUE} {_LAST}", (campaign_id,))
    while row is not None:
        found.append(row[0])
        row = session.one(f"SELECT priority FROM lead WHERE {DUE} AND priority < ? {_LAST}", (campaign_id, row[0]))
    return found


_LAST = "ORDER BY priority DESC, next_attempt_at DESC, id DESC LIMIT 1"


def release_leads(session: Session, command: ReleaseLeads) -> None:
    """Leads that are claimed and have no unfinished attempt go back to what they were before the claim."""
    for chunk in chunks(command.lead_ids):
        release(session, f"AND id IN ({marks(len(chunk))})", chunk)


def release(session: Session, condition: str = "", params: Sequence[Any] = ()) -> int:
    """Give up claims without an unfinished attempt; return how many. `condition` is a fixed text of this package."""
    return session.run(
        "UPDATE lead SET state = CASE WHEN claimed_from = '' THEN 'retry' ELSE claimed_from END,"
        " next_attempt_at = COALESCE(next_attempt_at, 0), claimed_from = '', claimed_at = NULL"
        " WHERE state = 'claimed' AND NOT EXISTS"
        f" (SELECT 1 FROM call_log WHERE call_log.lead_id = lead.id AND call_log.closed_at IS NULL) {condition}",
        params,
    )


Later = Callable[[Callable[[Session], None]], None]
"""Runs a function of another session some time later, in another thread."""


class LeadCounts:
    """How many leads a campaign has left.

    Counting a large campaign takes long (0.1 s for 100,000 leads), so it is done `later`, by the reader, and the
    counts may be some seconds old; a small one is counted at once.
    """

    MAX_AGE_S = 5.0
    SMALL = 5_000

    def __init__(self, later: Later) -> None:
        self._later = later
        self._kept: dict[int, tuple[datetime, int, int, int]] = {}
        self._pending: set[int] = set()

    def shortage(
        self, session: Session, campaign_id: int, now: datetime, *, none_due: bool, blocked: Counter[str]
    ) -> Shortage:
        """Why a claim came back short. `due` is 0 exactly when the claim saw every due lead."""
        due, waiting, finished = self._counts(session, campaign_id, now)
        if waiting + finished <= self.SMALL:  # counting by rule reads all of these leads
            blocked = count_blocked(session, campaign_id, now)
        return Shortage(
            due=0 if none_due else max(1, due),
            waiting=waiting,
            next_due_at=_next_due(session, campaign_id, now),
            finished=finished,
            blocked=dict(blocked),
        )

    def _counts(self, session: Session, campaign_id: int, now: datetime) -> tuple[int, int, int]:
        row = session.one(
            "SELECT COUNT(*) FROM (SELECT 1 FROM lead WHERE campaign_id = ? LIMIT ?) AS few",
            (campaign_id, self.SMALL + 1),
        )
        if row is None or row[0] <= self.SMALL:
            return count_leads(session, campaign_id, now)
        kept = self._kept.get(campaign_id)
        if kept is None or abs((now - kept[0]).total_seconds()) >= self.MAX_AGE_S:
            self._refresh(campaign_id, now)
        return kept[1:] if kept is not None else (0, 0, 0)

    def _refresh(self, campaign_id: int, now: datetime) -> None:
        if campaign_id in self._pending:
            return
        self._pending.add(campaign_id)

        def count(session: Session) -> None:
            try:
                self._kept[campaign_id] = (now, *count_leads(session, campaign_id, now))
            finally:
                self._pending.discard(campaign_id)

        self._later(count)


def count_leads(session: Session, campaign_id: int, now: datetime) -> tuple[int, int, int]:
    """How many leads of a campaign's active lists are due, wait for later, and are finished."""
    due = waiting = finished = 0
    rows = [
        (*row, 1) for row in session.rows(f"{_COUNT} WHERE campaign_id = ? GROUP BY state", (micros(now), campaign_id))
    ]
    # The large count runs on an index alone; the lists that are not dialled from are few and taken off.
    for list_id in idle_lists(session, campaign_id):
        rows += [
            (*row, -1) for row in session.rows(f"{_COUNT} WHERE list_id = ? GROUP BY state", (micros(now), list_id))
        ]
    for state, count, later, sign in rows:
        if state in ("new", "retry", "callback"):
            waiting += sign * int(later)
            due += sign * (count - int(later))
        elif state != "claimed":
            finished += sign * count
    return due, waiting, finished


def count_blocked(session: Session, campaign_id: int, now: datetime) -> Counter[str]:
    """Leads that wait or are finished because a rule refused them, by rule."""
    rows = session.rows(
        "SELECT blocked_rule, COUNT(*) FROM lead WHERE campaign_id = ? AND blocked_rule <> ''"
        " AND (next_attempt_at > ? OR next_attempt_at IS NULL) GROUP BY blocked_rule",
        (campaign_id, micros(now)),
    )
    return Counter({str(rule): int(count) for rule, count in rows})


_COUNT = "SELECT state, COUNT(*), SUM(CASE WHEN next_attempt_at > ? THEN 1 ELSE 0 END) FROM lead"


def _next_due(session: Session, campaign_id: int, now: datetime) -> datetime | None:
    idle = idle_lists(session, campaign_id)
    skip = f" AND list_id NOT IN ({marks(len(idle))})" if idle else ""
    sql = (
        f"SELECT next_attempt_at FROM lead WHERE {DUE} AND priority = ? AND next_attempt_at > ?{skip}"
        " ORDER BY next_attempt_at, id LIMIT 1"
    )
    found = [
        session.one(sql, (campaign_id, priority, micros(now), *idle)) for priority in priorities(session, campaign_id)
    ]
    times = [row[0] for row in found if row is not None]
    return instant(min(times)) if times else None
