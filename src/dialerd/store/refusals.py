"""Owns what a refusal by the gate makes of a lead in the store. Knows no rule but by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from dialerd.core.compliance import NEVER_AGAIN, RETRY_UNKNOWN, GateVerdict
from dialerd.store.other_numbers import OF_NUMBER, pass_over_forbidden
from dialerd.store.session import Session
from dialerd.store.units import micros

_RESCHEDULE = (
    "UPDATE lead SET state = CASE WHEN ? <> '' THEN ? WHEN state = 'claimed' THEN claimed_from ELSE state END,"
    " next_attempt_at = ?, claimed_from = '', claimed_at = NULL, blocked_rule = ? WHERE id IN ({in})"
)
_BLOCKED = "INSERT INTO blocked_attempt (lead_id, campaign_id, attempt_id, rule, detail, at)"


class Refused:
    """One lead that the gate refused; `blocked_rule` is the rule that the lead was blocked by before."""

    __slots__ = ("attempt_id", "blocked_rule", "campaign_id", "lead_id", "verdict")

    def __init__(
        self, lead_id: int, campaign_id: int, blocked_rule: str, verdict: GateVerdict, attempt_id: int | None = None
    ) -> None:
        self.lead_id = lead_id
        self.campaign_id = campaign_id
        self.blocked_rule = blocked_rule
        self.verdict = verdict
        self.attempt_id = attempt_id


def reschedule(session: Session, refused: Sequence[Refused], now: datetime) -> None:
    """Give refused leads their next time or their final state; log a rule that did not block them before."""
    same: dict[tuple[str, int | None, str], list[int]] = {}  # one update for all leads that wait for the same time
    log = []
    forbidden = [item.lead_id for item in refused if item.verdict.rule in OF_NUMBER]
    onward = pass_over_forbidden(session, forbidden, now) if forbidden else set()
    for item in refused:
        verdict = item.verdict
        if item.lead_id in onward and verdict.rule in OF_NUMBER:
            # it is the number that may not be called, not the person: the next one is asked for at once
            verdict = GateVerdict(allowed=False, rule="", detail=verdict.detail, next_time=now)
        final = NEVER_AGAIN.get(verdict.rule)
        due = None if final else micros(verdict.next_time or now + RETRY_UNKNOWN)
        state = final.value if final else ""
        same.setdefault((state, due, verdict.rule), []).append(item.lead_id)
        if item.verdict.rule != item.blocked_rule:
            said = item.verdict
            log.append((item.lead_id, item.campaign_id, item.attempt_id, said.rule, said.detail[:500], micros(now)))
    for (state, due, rule), ids in same.items():
        session.run_in(_RESCHEDULE, ids, state, state, due, rule)
        if state:
            end_callbacks(session, ids, "cancelled", now)
    session.insert(_BLOCKED, log)


def end_callbacks(session: Session, lead_ids: Sequence[int], state: str, now: datetime) -> None:
    """The pending appointments of these leads are over: `done` or `cancelled`."""
    pending = session.where_in("SELECT id FROM callback WHERE lead_id IN ({in}) AND state = 'pending'", list(lead_ids))
    session.many(
        "UPDATE callback SET state = ?, ended_at = ? WHERE id = ?", [(state, micros(now), row[0]) for row in pending]
    )


def log_classes(session: Session, campaign_id: int, blocked: Mapping[int, GateVerdict], now: datetime) -> None:
    """Log that a rule began to block these classes of a campaign's leads."""
    session.insert(
        "INSERT INTO blocked_class (campaign_id, class_id, rule, detail, at)",
        [
            (campaign_id, class_id, verdict.rule, verdict.detail[:500], micros(now))
            for class_id, verdict in blocked.items()
        ],
    )
