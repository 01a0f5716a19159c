"""Owns reading calls, dispositions. Changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dialerd.core.errors import Invalid, NotFound
from dialerd.store.readable import readable
from dialerd.store.session import Session
from dialerd.store.units import micros

Row = dict[str, Any]

_SELECT = (
    "SELECT call_log.*, campaign.name AS campaign, agent.name AS agent, lead.name AS lead_name,"
    " amd_review.heard AS amd_heard, amd_review.reviewed_by AS amd_heard_by, amd_review.note AS amd_heard_note"
    " FROM call_log JOIN campaign ON campaign.id = call_log.campaign_id JOIN lead ON lead.id = call_log.lead_id"
    " LEFT JOIN agent ON agent.id = call_log.agent_id LEFT JOIN amd_review ON amd_review.attempt_id = call_log.id"
)


def calls(
    session: Session,
    *,
    campaign: str | None,
    agent: str | None,
    status: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    offset: int,
) -> list[Row]:
    """Attempts, newest first; `since` (from) and `until` (before) are ISO 8601 instants of their beginning."""
    filters = {
        "campaign.name = ?": campaign,
        "agent.name = ?": agent,
        "call_log.status = ?": status,
        "call_log.created_at >= ?": None if since is None else read_instant(since, "since"),
        "call_log.created_at < ?": None if until is None else read_instant(until, "until"),
    }
    wanted = {condition: value for condition, value in filters.items() if value is not None}
    where = f"WHERE {' AND '.join(wanted)}" if wanted else ""
    rows = session.dicts(
        f"{_SELECT} {where} ORDER BY call_log.id DESC LIMIT ? OFFSET ?", (*wanted.values(), limit, offset)
    )
    return [readable(row) for row in rows]


def read_instant(text: str, name: str) -> int:
    """Given an ISO 8601 instant, return its microseconds; Invalid, with the parameter's `name`, when it is none."""
    try:
        at = datetime.fromisoformat(text)
        return micros(at if at.tzinfo is not None else at.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise Invalid(f"{name}: {text[:40]!r} is not an instant like 2026-03-01T09:00:00+00:00") from None


def call(session: Session, attempt_id: int) -> Row:
    """One attempt with every column."""
    rows = session.dicts(f"{_SELECT} WHERE call_log.id = ?", (attempt_id,)) if abs(attempt_id) < 2**63 else []
    if not rows:
        raise NotFound(f"no call {attempt_id}")
    return readable(rows[0])


def calls_of_lead(session: Session, lead_id: int) -> list[Row]:
    """The attempts of one lead, newest first."""
    rows = session.dicts(f"{_SELECT} WHERE call_log.lead_id = ? ORDER BY call_log.id DESC LIMIT 1000", (lead_id,))
    return [readable(row) for row in rows]


def dispositions(session: Session) -> list[Row]:
    """Every disposition definition."""
    return [readable(row) for row in session.dicts("SELECT * FROM disposition ORDER BY is_system, code")]
