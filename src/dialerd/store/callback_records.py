"""Owns appointments made, listed and cancelled by hand. Those made on a call are written by `settling`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from dialerd.core.errors import Conflict, Invalid, NotFound
from dialerd.store.lead_records import lead as lead_row
from dialerd.store.readable import readable
from dialerd.store.refusals import end_callbacks
from dialerd.store.session import Session
from dialerd.store.setup_records import agents, campaign_row
from dialerd.store.units import micros

Row = dict[str, Any]
LATEST = timedelta(days=366)
_SELECT = (
    "SELECT callback.id, due_at, callback.state, lead.dial_number AS number, lead.name AS name, lead.id AS lead,"
    " campaign.name AS campaign, agent.name AS agent, note, callback.attempt_id AS call, callback.created_at,"
    " callback.ended_at FROM callback JOIN lead ON lead.id = callback.lead_id"
    " JOIN campaign ON campaign.id = callback.campaign_id LEFT JOIN agent ON agent.id = callback.agent_id"
)


def callbacks(
    session: Session, now: datetime, campaign: str | None, agent: str | None, state: str, limit: int, offset: int
) -> list[Row]:
    """Appointments by time, each with `overdue`. `state`: pending, done, cancelled, or empty for all."""
    conditions, params = ["1 = 1"], list[Any]()
    if campaign is not None:
        conditions.append("callback.campaign_id = ?")
        params.append(campaign_row(session, campaign)["id"])
    if agent is not None:
        conditions.append("callback.agent_id = ?")
        params.append(agents(session, agent)[0]["id"])
    if state:
        conditions.append("callback.state = ?")
        params.append(state)
    rows = session.dicts(
        f"{_SELECT} WHERE {' AND '.join(conditions)} ORDER BY due_at, callback.id LIMIT ? OFFSET ?",
        (*params, limit, offset),
    )
    return [readable(row) | {"overdue": row["state"] == "pending" and row["due_at"] < micros(now)} for row in rows]


def add_callback(
    session: Session, id_or_number: str, due: datetime, agent: str | None, note: str, now: datetime
) -> tuple[Row, int]:
    """Make an appointment with a lead, by any agent or by one; return it and the campaign's id.

    It takes the place of a pending one. Conflict while the lead is on a call, or may never be called again; Invalid for
    a time that has passed or is more than a year away, and for an agent who does not work in the campaign.
    """
    if not now < due <= now + LATEST:
        raise Invalid(f"at: {due.isoformat()} is in the past or more than a year away: give a time to come")
    found = lead_row(session, id_or_number)
    if session.one(
        "SELECT 1 FROM lead JOIN lead_list ON lead_list.id = lead.list_id WHERE lead.id = ? AND hidden", (found["id"],)
    ):
        raise Conflict(f"lead {found['id']} is that of a test call: no appointment")
    if found["state"] in ("claimed", "dnc", "invalid"):
        why = {"claimed": "is on a call or about to be called", "dnc": "is on a do-not-call list"}
        raise Conflict(f"lead {found['id']} {why.get(found['state'], 'has no number that works')}: no appointment")
    agent_id = agents(session, agent)[0]["id"] if agent else None
    if agent_id is not None and not session.one(
        "SELECT 1 FROM agent_campaign WHERE agent_id = ? AND campaign_id = ?", (agent_id, found["campaign_id"])
    ):
        raise Invalid(f"agent: {agent} does not work in campaign {found['campaign']}")
    end_callbacks(session, [found["id"]], "cancelled", now)
    row = session.one(
        "INSERT INTO callback (lead_id, campaign_id, agent_id, due_at, note, created_at) VALUES (?, ?, ?, ?, ?, ?)"
        " RETURNING id",
        (found["id"], found["campaign_id"], agent_id, micros(due), note, micros(now)),
    )
    assert row is not None
    session.run(
        "UPDATE lead SET state = 'callback', next_attempt_at = ?, callback_agent_id = ?, blocked_rule = ''"
        " WHERE id = ?",
        (micros(due), agent_id, found["id"]),
    )
    return _one(session, row[0]), int(found["campaign_id"])


def cancel_callback(session: Session, callback_id: int, now: datetime) -> tuple[Row, int]:
    """Cancel a pending appointment; its lead is tried again like any other after the campaign's `retry_delay`.

    A lead without attempts left is exhausted. Returns it and the campaign's id. NotFound, or Conflict when it is over.
    """
    found = _one(session, callback_id)
    if found["state"] != "pending":
        raise Conflict(f"callback {callback_id} is {found['state']} already")
    session.run("UPDATE callback SET state = 'cancelled', ended_at = ? WHERE id = ?", (micros(now), callback_id))
    campaign = campaign_row(session, found["campaign"])
    calls = session.one("SELECT call_count FROM lead WHERE id = ?", (found["lead"],))
    made = calls[0] if calls is not None else 0
    state: str = "new"
    due_at: int | None = 0
    if made:
        state, due_at = "retry", micros(now + timedelta(seconds=campaign["retry_delay"]))
    if made >= campaign["max_attempts"]:
        state, due_at = "exhausted", None
    session.run(
        "UPDATE lead SET state = ?, next_attempt_at = ?, callback_agent_id = NULL WHERE id = ? AND state = 'callback'",
        (state, due_at, found["lead"]),
    )
    return _one(session, callback_id), int(campaign["id"])


def _one(session: Session, callback_id: int) -> Row:
    rows = session.dicts(f"{_SELECT} WHERE callback.id = ?", (callback_id,))
    if not rows:
        raise NotFound(f"no callback {callback_id}: dialerctl callback list")
    return readable(rows[0])
