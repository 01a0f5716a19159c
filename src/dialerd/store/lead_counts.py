"""Owns how many leads a campaign has left, and which rules hold the others back. Claims nothing.

Leads of one class (zones, regions, consent) share the answer of the rules that look at nothing else: the store counts
them, the gate is asked once for each class. There is no second copy of a rule in SQL.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from dialerd.core.messages import Shortage
from dialerd.store.campaign_sizes import CampaignSizes
from dialerd.store.candidates import active_lists
from dialerd.store.dial_classes import class_verdicts
from dialerd.store.facts import Gate
from dialerd.store.hopper import Later
from dialerd.store.mapping import standing
from dialerd.store.session import Session, marks
from dialerd.store.units import instant, micros


@dataclass(slots=True)
class Counts:
    """Leads of a campaign's active lists. `blocked`: rule → leads that it holds back now (due or waiting for it)."""

    due: int = 0  # nothing but numbers' own rules can hold them back
    waiting: int = 0
    claimed: int = 0
    finished: int = 0
    next_due_at: datetime | None = None
    blocked: Counter[str] = field(default_factory=Counter)

    def first(self, at: datetime | None) -> None:
        """Some lead may be dialled at this time."""
        if at is not None and (self.next_due_at is None or at < self.next_due_at):
            self.next_due_at = at


def count_leads(session: Session, gate: Gate, now: datetime) -> Counts:
    """Count the leads of a campaign by what holds them back at this moment."""
    counts = Counts()
    at = micros(now)
    lists = active_lists(session, gate.campaign_id)
    if not lists:
        return counts
    verdicts = class_verdicts(session, gate, now)
    for state, class_id, later, count, soonest in _rows(session, gate.campaign_id, lists, at):
        match standing(state, later):
            case "claimed":
                counts.claimed += count
            case "finished":
                counts.finished += count
            case "waiting":
                counts.waiting += count
                counts.first(instant(soonest))
            case _ if class_id in verdicts and verdicts[class_id].allowed:
                counts.due += count
            case _:
                verdict = verdicts.get(class_id)
                counts.waiting += count
                counts.blocked[verdict.rule if verdict is not None else "unknown_zone"] += count
                counts.first(verdict.next_time if verdict is not None else None)
    for rule, count in session.rows(
        "SELECT blocked_rule, COUNT(*) FROM lead WHERE campaign_id = ? AND blocked_rule <> ''"
        f" AND list_id IN ({marks(len(lists))}) AND (next_attempt_at > ? OR next_attempt_at IS NULL)"
        " GROUP BY blocked_rule",
        (gate.campaign_id, *lists, at),
    ):
        counts.blocked[rule] += count
    return counts


def _rows(session: Session, campaign_id: int, lists: Collection[int], at: int) -> list[tuple[str, int, int, int, int]]:
    """State, class, whether it waits for later, how many, the earliest time: from the index lead_counts alone."""
    return session.rows(
        "SELECT state, class_id, CASE WHEN next_attempt_at > ? THEN 1 ELSE 0 END, COUNT(*), MIN(next_attempt_at)"
        f" FROM lead WHERE campaign_id = ? AND list_id IN ({marks(len(lists))}) GROUP BY 1, 2, 3",
        (at, campaign_id, *lists),
    )


class LeadCounts:
    """The counts for the operator when a claim comes back short.

    Counting a large campaign takes long (0.1 s for 100,000 leads), so it is done `later`, and the counts may be some
    seconds old; a small one is counted at once.
    """

    MAX_AGE_S = 5.0

    def __init__(self, later: Later, sizes: CampaignSizes) -> None:
        """`later` runs in another thread what takes long; few leads are counted at once."""
        self._later = later
        self._sizes = sizes
        self._kept: dict[int, tuple[datetime, Counts]] = {}
        self._pending: set[int] = set()

    def shortage(
        self, session: Session, gate: Gate, now: datetime, *, none_due: bool, blocked: Counter[str]
    ) -> Shortage:
        """Why a claim came back short. `due` is 0 exactly when the claim saw every lead that may be dialled."""
        small = self._sizes.is_small(session, gate.campaign_id)
        counts = count_leads(session, gate, now) if small else self._recent(gate.campaign_id, now)
        return Shortage(
            due=0 if none_due else max(1, counts.due),
            waiting=counts.waiting,
            next_due_at=counts.next_due_at,
            finished=counts.finished,
            blocked=dict(counts.blocked or blocked),
        )

    def _recent(self, campaign_id: int, now: datetime) -> Counts:
        kept = self._kept.get(campaign_id)
        if kept is None or abs((now - kept[0]).total_seconds()) >= self.MAX_AGE_S:
            self._refresh(campaign_id, now)
        return kept[1] if kept is not None else Counts()

    def _refresh(self, campaign_id: int, now: datetime) -> None:
        if campaign_id in self._pending:
            return
        self._pending.add(campaign_id)

        def count(session: Session) -> None:
            try:
                self._kept[campaign_id] = (now, count_leads(session, Gate(session, campaign_id), now))
            finally:
                self._pending.discard(campaign_id)

        self._later(count)
