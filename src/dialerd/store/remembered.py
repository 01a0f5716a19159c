"""Owns reading what a starting pacer learns from: a campaign's last calls, talks and wrap-ups. Writes nothing.

Which of the calls tell something is the core's matter.
"""

from __future__ import annotations

from datetime import datetime

from dialerd.core.agent import AgentState
from dialerd.core.remembered import CALLS_WITHIN, MOST_CALLS, MOST_SPANS, SPANS_WITHIN, Remembered
from dialerd.store.attempt_rows import attempt_value
from dialerd.store.session import Session
from dialerd.store.units import micros

LATEST_STATES = 20_000  # rows of the state log that are looked through: those of a day of 200 agents
LONGEST_US = 1_800_000_000  # a state that lasted longer was left open by a dialerd that had stopped

_CALLS = (
    "SELECT call_log.* FROM call_log JOIN lead_list ON lead_list.id = call_log.list_id WHERE call_log.campaign_id = ?"
    " AND call_log.created_at >= ? AND dialed_at IS NOT NULL AND NOT hidden"
    " ORDER BY call_log.created_at DESC, call_log.id DESC LIMIT ?"
)
_SPANS = (
    "SELECT ended_at - started_at FROM"
    " (SELECT id, campaign_id, state, started_at, ended_at FROM agent_state_log ORDER BY id DESC LIMIT ?) AS latest"
    " WHERE campaign_id = ? AND state = ? AND started_at >= ? AND ended_at IS NOT NULL AND ended_at - started_at < ?"
    " ORDER BY id DESC LIMIT ?"
)


def remembered(session: Session, campaign_id: int, now: datetime) -> Remembered:
    """The campaign's last calls and its agents' last talks and wrap-ups; nothing where they are long past."""
    rows = session.dicts(_CALLS, (campaign_id, micros(now - CALLS_WITHIN), MOST_CALLS))
    return Remembered(
        attempts=tuple(attempt_value(row) for row in reversed(rows)),
        talks_s=_spans(session, campaign_id, AgentState.ON_CALL, now),
        wrap_ups_s=_spans(session, campaign_id, AgentState.WRAP_UP, now),
    )


def _spans(session: Session, campaign_id: int, state: AgentState, now: datetime) -> tuple[float, ...]:
    since = micros(now - SPANS_WITHIN)
    rows = session.rows(_SPANS, (LATEST_STATES, campaign_id, state.value, since, LONGEST_US, MOST_SPANS))
    return tuple(max(0, row[0]) / 1_000_000 for row in reversed(rows))
