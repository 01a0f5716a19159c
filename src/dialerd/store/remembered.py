"""Owns reading what a starting campaign learns from: its last calls, talks, wrap-ups, verdicts. Writes nothing.

Which of the calls tell something is the core's matter.
"""

from __future__ import annotations

from datetime import datetime

from dialerd.core.agent import AgentState
from dialerd.core.amd.delay import KEPT, PersonsVerdict
from dialerd.core.campaign import Campaign
from dialerd.core.remembered import (
    CALLS_WITHIN,
    MOST_CALLS,
    MOST_SPANS,
    SPANS_WITHIN,
    VERDICTS_WITHIN,
    Remembered,
)
from dialerd.core.traces import CUT_NOTE
from dialerd.store.attempt_rows import attempt_value
from dialerd.store.session import Session
from dialerd.store.units import micros

LATEST_STATES = 20_000  # rows of the state log that are looked through: those of a day of 200 agents
LATEST_CALLS = 5_000  # answered calls that are looked through for people's verdicts
LONGEST_US = 1_800_000_000  # a state that lasted longer was left open by a dialerd that had stopped

_CALLS = (
    "SELECT call_log.* FROM call_log JOIN lead_list ON lead_list.id = call_log.list_id WHERE call_log.campaign_id = ?"
    " AND call_log.created_at >= ? AND dialed_at IS NOT NULL AND NOT hidden"
    " ORDER BY call_log.created_at DESC, call_log.id DESC LIMIT ?"
)
_VERDICTS = (
    "SELECT answered_at, verdict_at, amd_result FROM"
    " (SELECT answered_at, verdict_at, amd_result, amd_action, amd_parameters, note, created_at, id FROM call_log"
    "  WHERE campaign_id = ? AND created_at >= ? AND answered_at IS NOT NULL"
    "  ORDER BY created_at DESC, id DESC LIMIT ?) AS latest"
    " WHERE amd_parameters = ? AND ((amd_action = 'connect' AND amd_result IN ('human', 'unsure')) OR note = ?)"
    " ORDER BY created_at DESC, id DESC LIMIT ?"
)
_SPANS = (
    "SELECT ended_at - started_at FROM"
    " (SELECT id, campaign_id, state, started_at, ended_at FROM agent_state_log ORDER BY id DESC LIMIT ?) AS latest"
    " WHERE campaign_id = ? AND state = ? AND started_at >= ? AND ended_at IS NOT NULL AND ended_at - started_at < ?"
    " ORDER BY id DESC LIMIT ?"
)


def remembered(session: Session, campaign: Campaign, now: datetime) -> Remembered:
    """The campaign's last calls and its agents' last talks and wrap-ups; nothing where they are long past."""
    rows = session.dicts(_CALLS, (campaign.id, micros(now - CALLS_WITHIN), MOST_CALLS))
    return Remembered(
        attempts=tuple(attempt_value(row) for row in reversed(rows)),
        talks_s=_spans(session, campaign.id, AgentState.ON_CALL, now),
        wrap_ups_s=_spans(session, campaign.id, AgentState.WRAP_UP, now),
        verdicts=_verdicts(session, campaign, now) if campaign.amd_enabled else (),
    )


def _verdicts(session: Session, campaign: Campaign, now: datetime) -> tuple[PersonsVerdict, ...]:
    params = (campaign.id, micros(now - VERDICTS_WITHIN), LATEST_CALLS, campaign.amd.arguments(), CUT_NOTE, KEPT)
    return tuple(
        PersonsVerdict(delay_s=campaign.abandon_after_s, cut=True)
        if verdict_at is None
        else PersonsVerdict(delay_s=max(0, verdict_at - answered_at) / 1_000_000, greeted=result == "human")
        for answered_at, verdict_at, result in reversed(session.rows(_VERDICTS, params))
    )


def _spans(session: Session, campaign_id: int, state: AgentState, now: datetime) -> tuple[float, ...]:
    since = micros(now - SPANS_WITHIN)
    rows = session.rows(_SPANS, (LATEST_STATES, campaign_id, state.value, since, LONGEST_US, MOST_SPANS))
    return tuple(max(0, row[0]) / 1_000_000 for row in reversed(rows))
