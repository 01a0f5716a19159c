"""Owns the reviews of calls that AMD judged: one for each, the last word counts; and which to listen to next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dialerd.core.errors import Conflict, NotFound
from dialerd.store.amd_labels import GOT, JUDGED, Span
from dialerd.store.session import Session
from dialerd.store.units import instant, micros, stored_text

Row = dict[str, Any]

_CALL = (
    "SELECT call_log.answered_at, call_log.amd_parameters, call_log.amd_status, call_log.amd_cause, agent.name"
    " FROM call_log LEFT JOIN agent ON agent.id = call_log.agent_id WHERE call_log.id = ?"
)
_WAITING = f"{JUDGED} AND ({GOT}) = 'machine' AND call_log.amd_sample_file <> '' AND amd_review.attempt_id IS NULL"


def reviewable(session: Session, attempt_id: int) -> Row:
    """What a call says of itself that somebody wants to review; NotFound, or Conflict when AMD did not judge it."""
    found = session.one(_CALL, (attempt_id,))
    if found is None:
        raise NotFound(f"no call {attempt_id}")
    answered_at, parameters, status, cause, agent = found
    if answered_at is None:
        raise Conflict(f"call {attempt_id} was not answered: there is nobody to have heard")
    if not parameters and not status:
        raise Conflict(f"call {attempt_id} was made without answering-machine detection: there is nothing to review")
    return {"amd_status": status, "amd_cause": cause, "agent": agent}


def review(session: Session, attempt_id: int, heard: str, by: str, note: str, now: datetime) -> Row:
    """Write what was heard on a call; an earlier word is replaced and returned as `before`."""
    call = reviewable(session, attempt_id)
    before = session.one("SELECT heard, reviewed_by FROM amd_review WHERE attempt_id = ?", (attempt_id,))
    session.run(
        "INSERT INTO amd_review (attempt_id, heard, reviewed_by, reviewed_at, note) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (attempt_id) DO UPDATE SET heard = EXCLUDED.heard, reviewed_by = EXCLUDED.reviewed_by,"
        " reviewed_at = EXCLUDED.reviewed_at, note = EXCLUDED.note",
        (attempt_id, heard, stored_text(by), micros(now), stored_text(note)),
    )
    return {
        "call": attempt_id,
        "heard": heard,
        "reviewed_by": by,
        "note": note,
        "amd_status": call["amd_status"],
        "amd_cause": call["amd_cause"],
        "before": {"heard": before[0], "reviewed_by": before[1]} if before is not None else None,
    }


def waiting(session: Session, campaign_ids: Sequence[int], span: Span, *, limit: int) -> tuple[int, list[Row]]:
    """How many sampled machine calls nobody has listened to, and the next of them.

    The order is the token's, which is random: whoever stops in the middle has heard a fair sample, whatever the hour,
    the trunk or the verdict, and calls that come in later take fair places too. (The token's first digits decide who is
    sampled, `core/amd/sampling.py`; these are others.)
    """
    total, rows = 0, []
    for campaign_id in campaign_ids:
        params = (campaign_id, *span.bounds())
        counted = session.one(f"SELECT COUNT(*){_WAITING}", params)
        total += int(counted[0]) if counted else 0
        rows += session.dicts(
            "SELECT call_log.id AS call, campaign.name AS campaign, call_log.created_at AS at, call_log.amd_cause,"
            " call_log.amd_sample_file AS file, SUBSTR(call_log.token, 17) AS place"
            f"{_WAITING} ORDER BY SUBSTR(call_log.token, 17), call_log.id LIMIT ?",
            (*params, limit),
        )
    rows.sort(key=lambda row: (row["place"], row["call"]))
    return total, [{**row, "at": instant(row["at"])} for row in rows[:limit]]
