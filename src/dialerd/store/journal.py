"""Owns the small writes: states of campaigns and agents, do-not-call by key, events for the operator."""

from __future__ import annotations

from dialerd.core.messages import AddDoNotCall, LogEvent, SaveAgentState, SaveCampaignState
from dialerd.store.closing import forbid_number
from dialerd.store.session import Session
from dialerd.store.units import micros, stored_text


def save_campaign_state(session: Session, command: SaveCampaignState, at: int) -> None:
    """Keep a campaign's state; `at` in microseconds UTC."""
    session.run("UPDATE campaign SET state = ?, updated_at = ? WHERE id = ?", (command.state, at, command.campaign_id))


def save_agent_state(session: Session, command: SaveAgentState, entry: str) -> None:
    """Close the agent's present interval in the state log, begin the next, and keep the state for a restart.

    `entry` names the submitted command: a repeated one finds its own row and changes nothing.
    """
    if session.one("SELECT 1 FROM agent_state_log WHERE entry = ?", (entry,)):
        return
    at, reason = micros(command.at), stored_text(command.reason)
    session.run(
        "UPDATE agent_state_log SET ended_at = CASE WHEN started_at > ? THEN started_at ELSE ? END"
        " WHERE agent_id = ? AND ended_at IS NULL",
        (at, at, command.agent_id),
    )
    session.run(
        "INSERT INTO agent_state_log (agent_id, state, reason, campaign_id, attempt_id, started_at, entry)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            command.agent_id,
            command.state.value,
            reason,
            command.campaign_id,
            command.attempt_id,
            at,
            entry,
        ),
    )
    session.run(
        "UPDATE agent SET state = ?, state_reason = ?, state_since = ?, state_campaign_id = ?, state_attempt_id = ?,"
        " leg_id = ? WHERE id = ?",
        (
            command.state.value,
            reason,
            at,
            command.campaign_id,
            command.attempt_id,
            command.leg_id,
            command.agent_id,
        ),
    )


def add_do_not_call(session: Session, command: AddDoNotCall) -> None:
    """Put a number on the global list; an opt-out that is known by its attempt only finds the number there."""
    number = command.number
    if not number and command.attempt_id is not None:
        row = session.one("SELECT number FROM call_log WHERE id = ?", (command.attempt_id,))
        number = row[0] if row else ""
    if number:
        forbid_number(session, number, command.source, command.at, attempt_id=command.attempt_id)


def log_event(session: Session, command: LogEvent, at: int, entry: str) -> None:
    """Append one row to the event log; `entry` names the submitted command and makes it once only."""
    session.run(
        "INSERT INTO event_log (at, level, text, campaign_id, entry) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (at, command.level, stored_text(command.text), command.campaign_id, entry),
    )
