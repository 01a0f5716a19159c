"""Owns writing a call's progress and its finished record with everything that follows from it. Decides no outcome."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from dialerd.core.call import Attempt, AttemptState, Status
from dialerd.core.dispositions import Disposition, definitions, system_disposition
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
from dialerd.store.mapping import DUE_STATES_SQL, disposition_value
from dialerd.store.refusals import end_callbacks
from dialerd.store.session import Session
from dialerd.store.settling import settle_leads
from dialerd.store.units import micros

# A step that is known is never unset, so a snapshot taken earlier than another cannot take it back.
_SET = ", ".join(
    [f"{column} = COALESCE(?, {column})" for column in INSTANT_COLUMNS] + [f"{column} = ?" for column in OTHER_COLUMNS]
)
_NEW = {"record_hash": ""}
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


def close_attempts(session: Session, commands: Sequence[CloseAttempt], now: datetime) -> None:
    """Finish records in order: disposition, ledger, callback, do-not-call, lead, hash chain.

    A repeated close does nothing. Many at once cost little more than one: each table is read and written once.
    """
    first = {command.attempt.id: command for command in reversed(commands)}
    rows = {row["id"]: row for row in session.dicts_in("SELECT * FROM call_log WHERE id IN ({in})", list(first))}
    due = [c for c in commands if first.get(c.attempt.id) is c and not rows.get(c.attempt.id, _NEW)["record_hash"]]
    if not due:
        return
    attempts = [
        merged(attempt_value(rows[c.attempt.id]), c.attempt) if c.attempt.id in rows else c.attempt.snapshot()
        for c in due
    ]
    campaigns = {
        row["id"]: row
        for row in session.dicts_in(
            "SELECT id, default_disposition, max_attempts, retry_delay FROM campaign WHERE id IN ({in})",
            list(dict.fromkeys(attempt.campaign_id for attempt in attempts)),
        )
    }
    for attempt in attempts:
        _complete(attempt, campaigns[attempt.campaign_id]["default_disposition"], now)
    dispositions = _dispositions(session, {attempt.disposition for attempt in attempts})
    _finish(session, attempts, known=rows.keys())
    for attempt in attempts:
        if dispositions[attempt.disposition].is_dnc:
            forbid_number(session, attempt.number, "disposition", attempt.closed_at or now, attempt_id=attempt.id)
    settle_leads(session, due, attempts, dispositions, campaigns, now)
    session.insert(
        "INSERT INTO abandon_ledger (attempt_id, campaign_id, at, abandoned, message_played)",
        [
            (
                attempt.id,
                attempt.campaign_id,
                micros(attempt.answered_at or attempt.created_at),
                attempt.abandoned,
                attempt.message_started_at is not None,
            )
            for attempt in attempts
            if attempt.live_answer
        ],
        "ON CONFLICT DO NOTHING",
    )


def _complete(attempt: Attempt, default_disposition: str, now: datetime) -> None:
    """A record is never without an ending: what is missing is filled in and marked approximate."""
    if attempt.status is None:
        attempt.status, attempt.approximate = Status.LOST, True
    attempt.disposition = attempt.disposition or system_disposition(attempt.status, default_disposition)
    attempt.state = AttemptState.ENDED
    attempt.ended_at = attempt.ended_at or attempt.closed_at or now
    attempt.closed_at = attempt.closed_at or now


def _dispositions(session: Session, codes: Collection[str]) -> dict[str, Disposition]:
    """The definitions of some codes; one that nobody defined is kept by its name and dials nobody again."""
    stored = session.dicts_in("SELECT * FROM disposition WHERE code IN ({in})", sorted(codes))
    found = {code: definitions().get(code) or Disposition(code=code, label=code) for code in codes}
    return found | {row["code"]: disposition_value(row) for row in stored}


def _finish(session: Session, attempts: Sequence[Attempt], known: Collection[int]) -> None:
    """Write the final values and the records' places in the chain."""
    session.insert(INSERT_ATTEMPT, [intent_values(a) + progress_values(a) for a in attempts if a.id not in known])
    session.many(_SAVE, [(*progress_values(a), a.id) for a in attempts if a.id in known])
    # Hashed as stored, not as sent: what the auditor reads is what is proved.
    columns = ", ".join(dict.fromkeys(("id", *CHAINED_COLUMNS)))
    read = session.dicts_in(f"SELECT {columns} FROM call_log WHERE id IN ({{in}})", [a.id for a in attempts])
    stored = {row["id"]: row for row in read}
    seq, prev = chain_head(session)
    places = []
    for attempt in attempts:
        seq += 1
        digest = record_hash(prev, {**stored[attempt.id], "chain_seq": seq})
        places.append((seq, prev, digest, attempt.id))
        prev = digest
    session.many("UPDATE call_log SET chain_seq = ?, prev_hash = ?, record_hash = ? WHERE id = ?", places)


def forbid_number(
    session: Session,
    number: str,
    source: str,
    at: datetime,
    *,
    campaign_id: int | None = None,
    attempt_id: int | None = None,
) -> bool:
    """Put a number on the do-not-call list of all campaigns or of one; True when it is new there.

    Due leads with it end there, with their appointments; once is enough.
    """
    added = session.run(
        "INSERT INTO do_not_call (number, campaign_id, source, attempt_id, added_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (number, campaign_id, source, attempt_id, micros(at)),
    )
    where, params = ("", []) if campaign_id is None else (" AND campaign_id = ?", [campaign_id])
    for column in ("number", "dial_number"):  # one index each
        due = session.rows(
            f"SELECT id FROM lead WHERE {column} = ? AND state IN {DUE_STATES_SQL}{where}",
            [number, *params],
        )
        session.many("UPDATE lead SET state = 'dnc', next_attempt_at = NULL WHERE id = ?", due)
        end_callbacks(session, [row[0] for row in due], "cancelled", at)
    return bool(added)
