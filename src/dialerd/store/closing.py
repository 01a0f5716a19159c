"""Owns writing a call's progress and its finished record with everything that follows from it. Decides no outcome."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from dialerd.core.call import Attempt, AttemptState, Status
from dialerd.core.dispositions import Disposition, definitions, lead_outcome, system_disposition
from dialerd.core.lead import LeadState
from dialerd.core.messages import CloseAttempt
from dialerd.store.attempt_rows import (
    INSTANT_COLUMNS,
    OTHER_COLUMNS,
    attempt_value,
    intent_values,
    merged,
    progress_values,
)
from dialerd.store.chain import CHAINED_COLUMNS, chain_head, record_hash
from dialerd.store.intents import INSERT_ATTEMPT
from dialerd.store.mapping import disposition_value
from dialerd.store.session import Session
from dialerd.store.units import micros, micros_or_none

# A step that is known is never unset, so a snapshot taken earlier than another cannot take it back.
_SET = ", ".join(
    [f"{column} = COALESCE(?, {column})" for column in INSTANT_COLUMNS] + [f"{column} = ?" for column in OTHER_COLUMNS]
)
_SAVE = f"UPDATE call_log SET {_SET} WHERE id = ? AND record_hash = ''"


def save_attempts(session: Session, attempts: Iterable[Attempt]) -> None:
    """Keep the progress of open attempts; a finished record stays as it is, an unknown attempt is written whole."""
    wanted = list(attempts)
    if session.many(_SAVE, [(*progress_values(attempt), attempt.id) for attempt in wanted]) == len(wanted):
        return
    known = {row[0] for row in session.where_in("SELECT id FROM call_log WHERE id IN ({in})", [a.id for a in wanted])}
    session.insert(
        INSERT_ATTEMPT,
        [intent_values(attempt) + progress_values(attempt) for attempt in wanted if attempt.id not in known],
    )


def close_attempt(session: Session, command: CloseAttempt, now: datetime) -> None:
    """Finish a record: disposition, ledger, callback, do-not-call, lead, hash chain.

    A repeated close does nothing.
    """
    rows = session.dicts("SELECT * FROM call_log WHERE id = ?", (command.attempt.id,))
    if rows and rows[0]["record_hash"]:
        return
    attempt = merged(attempt_value(rows[0]), command.attempt) if rows else command.attempt.snapshot()
    campaign = session.dicts(
        "SELECT default_disposition, max_attempts, retry_delay FROM campaign WHERE id = ?", (attempt.campaign_id,)
    )[0]
    _complete(attempt, campaign["default_disposition"], now)
    disposition = _disposition(session, attempt.disposition)
    if not rows:
        session.insert(INSERT_ATTEMPT, [intent_values(attempt) + progress_values(attempt)])
    _finish(session, attempt)
    _settle_lead(session, command, attempt, disposition, campaign, now)
    if attempt.live_answer:
        session.run(
            "INSERT INTO abandon_ledger (attempt_id, campaign_id, at, abandoned, message_played)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                attempt.id,
                attempt.campaign_id,
                micros(attempt.answered_at or attempt.created_at),
                attempt.abandoned,
                attempt.message_started_at is not None,
            ),
        )


def _complete(attempt: Attempt, default_disposition: str, now: datetime) -> None:
    """A record is never without an ending: what is missing is filled in and marked approximate."""
    if attempt.status is None:
        attempt.status, attempt.approximate = Status.LOST, True
    attempt.disposition = attempt.disposition or system_disposition(attempt.status, default_disposition)
    attempt.state = AttemptState.ENDED
    attempt.ended_at = attempt.ended_at or attempt.closed_at or now
    attempt.closed_at = attempt.closed_at or now


def _disposition(session: Session, code: str) -> Disposition:
    """The definition of a code; one that nobody defined is kept by its name and dials nobody again."""
    rows = session.dicts("SELECT * FROM disposition WHERE code = ?", (code,))
    if rows:
        return disposition_value(rows[0])
    return definitions().get(code) or Disposition(code=code, label=code)


def _finish(session: Session, attempt: Attempt) -> None:
    """Write the final values and the record's place in the chain."""
    values = progress_values(attempt)
    session.run(_SAVE, (*values, attempt.id))
    # Hashed as stored, not as sent: what the auditor reads is what is proved.
    stored = session.dicts(f"SELECT {', '.join(CHAINED_COLUMNS)} FROM call_log WHERE id = ?", (attempt.id,))[0]
    seq, prev = chain_head(session)
    stored["chain_seq"] = seq + 1
    session.run(
        "UPDATE call_log SET chain_seq = ?, prev_hash = ?, record_hash = ? WHERE id = ?",
        (seq + 1, prev, record_hash(prev, stored), attempt.id),
    )


def _settle_lead(
    session: Session,
    command: CloseAttempt,
    attempt: Attempt,
    disposition: Disposition,
    campaign: dict[str, Any],
    now: datetime,
) -> None:
    row = session.one("SELECT call_count, state FROM lead WHERE id = ?", (attempt.lead_id,))
    if row is None:
        return
    counts = attempt.status is not Status.CANCELLED
    outcome = lead_outcome(
        attempt,
        disposition,
        attempts_so_far=row[0] + (1 if counts else 0),
        max_attempts=campaign["max_attempts"],
        retry_delay_s=campaign["retry_delay"],
        callback_at=command.callback_at,
    )
    if disposition.is_callback and outcome.next_attempt_at is not None:
        session.run(
            "INSERT INTO callback (attempt_id, lead_id, campaign_id, agent_id, due_at, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                attempt.id,
                attempt.lead_id,
                attempt.campaign_id,
                attempt.agent_id,
                micros(outcome.next_attempt_at),
                micros(now),
            ),
        )
    if disposition.is_dnc:
        forbid_number(session, attempt.number, "disposition", attempt.closed_at or now, attempt.id)
    forbidden = session.one("SELECT 1 FROM do_not_call WHERE number = ? AND campaign_id IS NULL", (attempt.number,))
    state, due = (LeadState.DNC, None) if forbidden else (outcome.state, micros_or_none(outcome.next_attempt_at))
    session.run(
        "UPDATE lead SET call_count = call_count + ?, last_attempt_at = ?,"
        " state = CASE WHEN state = 'claimed' THEN ? ELSE state END,"
        " next_attempt_at = CASE WHEN state = 'claimed' THEN ? ELSE next_attempt_at END,"
        " claimed_from = '', claimed_at = NULL WHERE id = ?",
        (1 if outcome.counts_as_attempt else 0, micros(attempt.created_at), state.value, due, attempt.lead_id),
    )


def forbid_number(session: Session, number: str, source: str, at: datetime, attempt_id: int | None) -> None:
    """Put a number on the global do-not-call list and take its leads out of every campaign; once is enough."""
    session.run(
        "INSERT INTO do_not_call (number, source, attempt_id, added_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (number, source, attempt_id, micros(at)),
    )
    session.run(
        "UPDATE lead SET state = 'dnc', next_attempt_at = NULL"
        " WHERE number = ? AND state IN ('new', 'retry', 'callback')",
        (number,),
    )
