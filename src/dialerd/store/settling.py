"""Owns what becomes of leads when their attempts end: retry rules, next numbers, callbacks. Dials nobody."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dialerd.core.call import Attempt, Status
from dialerd.core.dispositions import Disposition, lead_outcome
from dialerd.core.lead import LeadState
from dialerd.core.messages import CloseAttempt
from dialerd.core.retry import RetryRule, rule_for
from dialerd.store.mapping import retry_rule
from dialerd.store.other_numbers import go_to_number, others
from dialerd.store.refusals import end_callbacks
from dialerd.store.session import Session
from dialerd.store.units import micros, micros_or_none

_Times = Mapping[tuple[int, str, str], int]


def settle_leads(
    session: Session,
    commands: Sequence[CloseAttempt],
    attempts: Sequence[Attempt],
    dispositions: Mapping[str, Disposition],
    campaigns: Mapping[int, Mapping[str, Any]],
    now: datetime,
) -> None:
    """Write the outcome of each attempt to its lead; after every number that may not be dialled again is known.

    `campaigns`: their rows by id, with `max_attempts` and `retry_delay`.
    """
    leads = {
        row["id"]: row
        for row in session.dicts_in(
            "SELECT id, call_count, number_index, alternates, consent_class, claimed_from, next_attempt_at,"
            " callback_agent_id, abandoned_at FROM lead WHERE id IN ({in})",
            list(dict.fromkeys(attempt.lead_id for attempt in attempts)),
        )
    }
    forbidden = {
        row[0]
        for row in session.where_in(
            "SELECT number FROM do_not_call WHERE number IN ({in}) AND campaign_id IS NULL",
            list(dict.fromkeys(attempt.number for attempt in attempts)),
        )
    }
    rules = retry_rules(session, list(campaigns))
    several = {lead["id"] for lead in leads.values() if lead["alternates"] != "[]"}
    times: _Times = _times(session, [a for a in attempts if rules or a.lead_id in several])
    callbacks, settled = [], []
    for command, attempt in zip(commands, attempts, strict=True):
        lead = leads.get(attempt.lead_id)
        if lead is None:
            continue
        disposition, campaign = dispositions[attempt.disposition], campaigns[attempt.campaign_id]
        lead["call_count"] += attempt.status is not Status.CANCELLED
        status = attempt.status.value if attempt.status is not None else ""
        rule = rule_for(rules.get(attempt.campaign_id, {}), attempt.disposition, status)
        numbers = json.loads(lead["alternates"])
        left = _left(numbers, lead, times, rule)
        outcome = lead_outcome(
            attempt,
            disposition,
            attempts_so_far=lead["call_count"],
            max_attempts=campaign["max_attempts"],
            retry_delay_s=campaign["retry_delay"],
            rule=rule,
            times=times.get((attempt.lead_id, attempt.number, rule.outcome), 1) if rule is not None else 1,
            more_numbers=bool(left),
            callback_at=command.callback_at,
        )
        own = attempt.agent_id if disposition.is_callback and command.callback_own else None
        if disposition.is_callback and outcome.next_attempt_at is not None:
            due = micros(outcome.next_attempt_at)
            callbacks.append((attempt.id, attempt.lead_id, attempt.campaign_id, own, due, attempt.note, micros(now)))
        barred = attempt.number in forbidden
        state, next_at = (LeadState.DNC, None) if barred else (outcome.state, micros_or_none(outcome.next_attempt_at))
        abandoned_at = micros_or_none(attempt.ended_at) if attempt.status is Status.ABANDONED else None
        if attempt.status is Status.CANCELLED:  # nobody was reached: whatever was promised is promised still
            own, abandoned_at = lead["callback_agent_id"], lead["abandoned_at"]
            if lead["claimed_from"] == "callback" and state is LeadState.RETRY:
                state, next_at = LeadState.CALLBACK, lead["next_attempt_at"]
        settled.append(
            (
                int(outcome.counts_as_attempt),
                micros(attempt.created_at),
                abandoned_at,
                own,
                state.value,
                next_at,
                attempt.lead_id,
            )
        )
        if outcome.next_number and left and not barred:
            go_to_number(session, lead, numbers, left[0])
            lead["number_index"] = left[0]
    # An appointment is kept by any call that counts.
    end_callbacks(session, list({a.lead_id for a in attempts if a.status is not Status.CANCELLED}), "done", now)
    session.insert(
        "INSERT INTO callback (attempt_id, lead_id, campaign_id, agent_id, due_at, note, created_at)",
        callbacks,
        "ON CONFLICT DO NOTHING",
    )
    session.many(
        "UPDATE lead SET call_count = call_count + ?, last_attempt_at = ?, abandoned_at = ?, callback_agent_id = ?,"
        " state = CASE WHEN state = 'claimed' THEN ? ELSE state END,"
        " next_attempt_at = CASE WHEN state = 'claimed' THEN ? ELSE next_attempt_at END,"
        " claimed_from = '', claimed_at = NULL WHERE id = ?",
        settled,
    )


def retry_rules(session: Session, campaign_ids: Sequence[int]) -> dict[int, dict[str, RetryRule]]:
    """Each campaign's rules by outcome; campaigns without any are left out."""
    found: dict[int, dict[str, RetryRule]] = {}
    for row in session.dicts_in("SELECT * FROM retry_rule WHERE campaign_id IN ({in})", list(campaign_ids)):
        found.setdefault(row["campaign_id"], {})[row["outcome"]] = retry_rule(row)
    return found


def _times(session: Session, attempts: Sequence[Attempt]) -> _Times:
    """How often each lead's number has ended with each disposition and each status, these attempts included."""
    found: defaultdict[tuple[int, str, str], int] = defaultdict(int)
    for lead_id, number, disposition, status, count in session.where_in(
        "SELECT lead_id, number, disposition, status, COUNT(*) FROM call_log WHERE lead_id IN ({in})"
        " AND closed_at IS NOT NULL GROUP BY lead_id, number, disposition, status",
        list(dict.fromkeys(attempt.lead_id for attempt in attempts)),
    ):
        for outcome in {disposition, status}:
            found[lead_id, number, outcome] += count
    return found


def _left(
    numbers: Sequence[Mapping[str, Any]], lead: Mapping[str, Any], times: _Times, rule: RetryRule | None
) -> list[int]:
    """The places of the lead's other numbers, in order, without those that are invalid or worn out by this rule."""
    left = []
    for place in others(numbers, lead["number_index"]):
        number = numbers[place]["number"]
        invalid = times.get((lead["id"], number, Status.INVALID_NUMBER.value), 0)
        worn = rule is not None and 0 < rule.max_attempts <= times.get((lead["id"], number, rule.outcome), 0)
        if not invalid and not worn:
            left.append(place)
    return left
