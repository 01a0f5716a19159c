"""Owns the commit of the intent to dial, with the gate asked inside the same transaction. Places no call."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from dialerd.core.call import Attempt
from dialerd.core.compliance import GateVerdict
from dialerd.core.messages import AttemptRefused, AttemptsOpened, Event, OpenAttempts
from dialerd.store.attempt_rows import INTENT_COLUMNS, PROGRESS_COLUMNS, intent_values, progress_values
from dialerd.store.facts import Gate, NumberFacts
from dialerd.store.mapping import LEAD_COLUMNS, lead_value
from dialerd.store.refusals import Refused, reschedule
from dialerd.store.session import Session

ATTEMPT_COLUMNS = INTENT_COLUMNS + PROGRESS_COLUMNS
INSERT_ATTEMPT = f"INSERT INTO call_log ({', '.join(ATTEMPT_COLUMNS)})"


def open_attempts(session: Session, command: OpenAttempts, now: datetime) -> list[Event]:
    """Write the attempts that the gate still allows; answer for each one.

    Asked with what the store knows now: the lead's own row (still claimed, same number, its attempts), the
    do-not-call list, open attempts and the last 24 hours over all campaigns. An attempt that is already
    there (the command was repeated after a lost answer) counts as opened.
    """
    present = {
        (row[0], row[1])
        for row in session.where_in(
            "SELECT id, token FROM call_log WHERE id IN ({in})", [attempt.id for attempt in command.attempts]
        )
    }
    rows = {
        row[0]: row
        for row in session.where_in(
            f"SELECT {LEAD_COLUMNS}, blocked_rule, state FROM lead WHERE id IN ({{in}})",
            [attempt.lead_id for attempt in command.attempts],
        )
    }
    busy = {
        row[0]
        for row in session.where_in(
            "SELECT lead_id FROM call_log WHERE lead_id IN ({in}) AND closed_at IS NULL",
            [attempt.lead_id for attempt in command.attempts],
        )
    }
    gates = {
        campaign_id: Gate(session, campaign_id)
        for campaign_id in dict.fromkeys(attempt.campaign_id for attempt in command.attempts)
    }
    paused = {row[0] for row in session.rows("SELECT id FROM lead_list WHERE NOT active AND NOT hidden")}
    leads = [lead_value(row[:-2]) for row in rows.values()]
    facts = NumberFacts(session, leads, gates, now)
    opened: list[int] = []
    written: list[Attempt] = []
    refused: list[Refused] = []
    answers: list[Event] = []

    def refuse(attempt: Attempt, verdict: GateVerdict) -> None:
        answers.append(AttemptRefused(attempt_id=attempt.id, verdict=verdict))
        row = rows.get(attempt.lead_id)
        if row is not None and row[-1] == "claimed" and attempt.lead_id not in busy:
            refused.append(Refused(attempt.lead_id, attempt.campaign_id, row[-2], verdict, attempt.id))

    for attempt in command.attempts:
        if (attempt.id, attempt.token) in present:
            opened.append(attempt.id)
            continue
        gate, row = gates[attempt.campaign_id], rows.get(attempt.lead_id)
        verdict = _verdict(attempt, row, attempt.lead_id in busy, gate, facts, now)
        if verdict.allowed and attempt.list_id in paused:
            verdict = GateVerdict(allowed=False, rule="list_paused", detail="the lead's list is paused", next_time=now)
        if not verdict.allowed or gate.rules is None or row is None:
            refuse(attempt, verdict)
            continue
        lead = lead_value(row[:-2])
        facts.opened(lead, now)
        busy.add(attempt.lead_id)
        opened.append(attempt.id)
        allowed = attempt.snapshot()
        allowed.rule_set, allowed.rule_verdict = gate.label, "allowed"
        allowed.zones, allowed.consent_id = lead.zones, attempt.consent_id or lead.consent_id
        written.append(allowed)
    late = _write(session, written)
    for attempt in written:
        if attempt.id in late:
            busy.discard(attempt.lead_id)
            refuse(attempt, _taken("the number has an open attempt", now))
    reschedule(session, refused, now)
    accepted = tuple(attempt_id for attempt_id in opened if attempt_id not in late)
    if accepted:
        answers.insert(0, AttemptsOpened(attempt_ids=accepted))
    return answers


def _taken(detail: str, now: datetime) -> GateVerdict:
    return GateVerdict(allowed=False, rule="open_attempt", detail=detail, next_time=now + timedelta(minutes=1))


def _verdict(
    attempt: Attempt, row: tuple[Any, ...] | None, busy: bool, gate: Gate, facts: NumberFacts, now: datetime
) -> GateVerdict:
    if row is None or row[-1] != "claimed":
        state = "gone" if row is None else row[-1]
        return GateVerdict(allowed=False, rule="not_claimed", detail=f"the lead is {state}, not claimed")
    if busy:
        return _taken("the lead has an unfinished attempt", now)
    lead = lead_value(row[:-2])
    if (lead.number, lead.campaign_id) != (attempt.number, attempt.campaign_id):
        return GateVerdict(allowed=False, rule="lead_changed", detail="the lead's number or campaign was changed")
    return gate.ask(lead, facts.about(lead), now)


def _write(session: Session, attempts: Sequence[Attempt]) -> set[int]:
    """Insert the rows; return the ids that a unique index kept out (another process opened the same number)."""
    rows = [intent_values(attempt) + progress_values(attempt) for attempt in attempts]
    if session.insert(INSERT_ATTEMPT, rows, "ON CONFLICT DO NOTHING") == len(rows):
        return set()
    there = session.where_in("SELECT id FROM call_log WHERE id IN ({in})", [attempt.id for attempt in attempts])
    return {attempt.id for attempt in attempts} - {row[0] for row in there}


def forget_intents(session: Session, attempts: Sequence[Attempt]) -> None:
    """Remove intents whose commit was reported as failed but may have reached the disk. Nothing was dialled."""
    session.many(
        "DELETE FROM call_log WHERE id = ? AND token = ? AND dialed_at IS NULL AND ended_at IS NULL",
        [(attempt.id, attempt.token) for attempt in attempts],
    )
