"""Owns what a refusal by the gate makes of a lead in the store. Knows no rule but by name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dialerd.core.compliance import NEVER_AGAIN, RETRY_UNKNOWN, GateVerdict
from dialerd.store.next_numbers import NUMBER_COLUMNS, next_number
from dialerd.store.session import Session, chunks, marks
from dialerd.store.units import micros

OF_NUMBER = frozenset({"do_not_call", "max_attempts_per_number"})
"""Rules that forbid a number for good, whoever it belongs to."""

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
    onward = _with_more_numbers(session, [item.lead_id for item in refused if item.verdict.rule in OF_NUMBER])
    for item in refused:
        verdict = item.verdict
        if item.lead_id in onward and verdict.rule in OF_NUMBER:
            # it is the number that may not be called, not the person: the next one is asked for at once
            next_number(session, onward[item.lead_id])
            verdict = GateVerdict(allowed=False, rule="", detail=verdict.detail, next_time=now)
        final = NEVER_AGAIN.get(verdict.rule)
        due = None if final else micros(verdict.next_time or now + RETRY_UNKNOWN)
        state = final.value if final else ""
        same.setdefault((state, due, verdict.rule), []).append(item.lead_id)
        if item.verdict.rule != item.blocked_rule:
            said = item.verdict
            log.append((item.lead_id, item.campaign_id, item.attempt_id, said.rule, said.detail[:500], micros(now)))
    for (state, due, rule), ids in same.items():
        for chunk in chunks(ids):
            session.run(_RESCHEDULE.replace("{in}", marks(len(chunk))), (state, state, due, rule, *chunk))
    session.insert(_BLOCKED, log)


def _with_more_numbers(session: Session, lead_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Of these leads those with a number that comes after the present one; once round, not for ever."""
    rows = session.dicts_in(
        f"SELECT {NUMBER_COLUMNS} FROM lead WHERE id IN ({{in}}) AND alternates <> '[]'", list(lead_ids)
    )
    return {row["id"]: row for row in rows if row["number_index"] + 1 < len(json.loads(row["alternates"]))}


def log_classes(session: Session, campaign_id: int, blocked: Mapping[int, GateVerdict], now: datetime) -> None:
    """Log that a rule began to block these classes, as far as the campaign has leads of them."""
    if not blocked:
        return
    there = {row[0] for row in session.rows("SELECT DISTINCT class_id FROM lead WHERE campaign_id = ?", (campaign_id,))}
    session.insert(
        "INSERT INTO blocked_class (campaign_id, class_id, rule, detail, at)",
        [
            (campaign_id, class_id, verdict.rule, verdict.detail[:500], micros(now))
            for class_id, verdict in blocked.items()
            if class_id in there
        ],
    )
