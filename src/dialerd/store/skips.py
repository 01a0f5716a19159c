"""Owns what becomes of a lead that an agent has seen and not called: due again later, and the log of it."""

from __future__ import annotations

from typing import Any

from dialerd.core.lead import LeadState
from dialerd.core.messages import SkipLead
from dialerd.core.retry import SKIPPED, skip_due
from dialerd.store.readable import readable
from dialerd.store.refusals import end_callbacks
from dialerd.store.session import Session
from dialerd.store.settling import retry_rules
from dialerd.store.units import micros, stored_text

_GO_BACK = (
    "UPDATE lead SET state = CASE WHEN ? <> '' THEN ? WHEN claimed_from = '' THEN 'retry' ELSE claimed_from END,"
    " next_attempt_at = ?, claimed_from = '', claimed_at = NULL WHERE id = ? AND state = 'claimed' AND NOT EXISTS"
    " (SELECT 1 FROM call_log WHERE call_log.lead_id = lead.id AND call_log.closed_at IS NULL)"
)


def skip_lead(session: Session, command: SkipLead, entry: str) -> None:
    """Log the skip and give the lead the time of the campaign's rule for `skipped`; it stays what it was.

    `entry` names the submitted command: a repeated one finds its own row and changes nothing.
    """
    if session.one("SELECT 1 FROM lead_skip WHERE entry = ?", (entry,)):
        return
    if not session.one("SELECT 1 FROM lead WHERE id = ?", (command.lead_id,)):
        return  # given back by a restart, and removed meanwhile
    session.run(
        "INSERT INTO lead_skip (lead_id, campaign_id, agent_id, reason, at, entry) VALUES (?, ?, ?, ?, ?, ?)",
        (
            command.lead_id,
            command.campaign_id,
            command.agent_id,
            stored_text(command.reason),
            micros(command.at),
            entry,
        ),
    )
    times = session.one("SELECT COUNT(*) FROM lead_skip WHERE lead_id = ?", (command.lead_id,))
    delay = session.one("SELECT retry_delay FROM campaign WHERE id = ?", (command.campaign_id,))
    rule = retry_rules(session, [command.campaign_id]).get(command.campaign_id, {}).get(SKIPPED)
    assert times is not None and delay is not None
    due = skip_due(command.at, times[0], rule, retry_delay_s=delay[0])
    final = "" if due is not None else LeadState.EXHAUSTED.value
    changed = session.run(_GO_BACK, (final, final, micros(due) if due is not None else None, command.lead_id))
    if final and changed:
        end_callbacks(session, [command.lead_id], "cancelled", command.at)


def skips_of_lead(session: Session, lead_id: int) -> list[dict[str, Any]]:
    """Who skipped a lead, when and why, newest first."""
    rows = session.dicts(
        "SELECT agent.name AS agent, lead_skip.reason, lead_skip.at FROM lead_skip"
        " JOIN agent ON agent.id = lead_skip.agent_id WHERE lead_id = ? ORDER BY lead_skip.id DESC LIMIT 100",
        (lead_id,),
    )
    return [readable(row) for row in rows]
