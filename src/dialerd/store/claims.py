"""Owns claiming leads and giving them back. Knows nothing of what is dialled and when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from dialerd.core.lead import Lead
from dialerd.core.messages import ClaimLeads, LeadsClaimed, ReleaseLeads
from dialerd.store.facts import Gate, NumberFacts
from dialerd.store.hopper import Hopper
from dialerd.store.lead_counts import LeadCounts
from dialerd.store.lead_fields import with_variables
from dialerd.store.mapping import DUE_STATES_SQL, LEAD_COLUMNS, lead_value
from dialerd.store.refusals import Refused, log_classes, reschedule
from dialerd.store.session import Session, chunks
from dialerd.store.units import micros


def claim_leads(
    session: Session, command: ClaimLeads, now: datetime, hopper: Hopper, counts: LeadCounts
) -> LeadsClaimed:
    """Claim up to `count` leads that the gate lets pass, in the order of the selection.

    A refused lead gets the time the gate gives it, so that it is not looked at again before.
    """
    gate = Gate(session, command.campaign_id)
    ids, all_seen = hopper.look(session, gate, now, command.count, command.agents)
    log_classes(session, command.campaign_id, hopper.newly_blocked(session, command.campaign_id), now)
    leads: list[Lead] = []
    refused: list[Refused] = []
    numbers: set[str] = set()
    unseen: list[int] = []
    for page in chunks(ids, command.count + 10):
        if len(leads) == command.count:
            unseen += page
            continue
        rows = _still_due(session, page, now)
        facts = NumberFacts(session, [row[0] for row in rows], {gate.campaign_id: gate}, now)
        verdicts = gate.ask_many([(lead, facts.about(lead)) for lead, _ in rows], now)
        for (lead, blocked_rule), verdict in zip(rows, verdicts, strict=True):
            if len(leads) == command.count or lead.number in numbers:  # a number on two lists: one at a time
                unseen.append(lead.id)
                continue
            if verdict.allowed:
                numbers.add(lead.number)
                # chosen although its agent is not there: the tolerance has passed, and it is anyone's now
                anyones = lead.agent_id is not None and lead.agent_id not in command.agents
                leads.append(replace(lead, agent_id=None) if anyones else lead)
            else:
                refused.append(Refused(lead.id, lead.campaign_id, blocked_rule, verdict))
    hopper.give_back(command.campaign_id, unseen)
    reschedule(session, refused, now)
    session.run_in(
        "UPDATE lead SET claimed_from = state, state = 'claimed', claimed_at = ?, blocked_rule = '' WHERE id IN ({in})",
        [lead.id for lead in leads],
        micros(now),
    )
    leads = with_variables(session, command.campaign_id, leads)
    if len(leads) == command.count:
        return LeadsClaimed(campaign_id=command.campaign_id, leads=tuple(leads))
    blocked = Counter(item.verdict.rule for item in refused)
    none_due = all_seen and not unseen
    shortage = counts.shortage(session, gate, now, none_due=none_due, blocked=blocked)
    return LeadsClaimed(campaign_id=command.campaign_id, leads=tuple(leads), shortage=shortage)


def _still_due(session: Session, ids: Sequence[int], now: datetime) -> list[tuple[Lead, str]]:
    """Of leads chosen some time ago those that may still be claimed, in the same order, with their blocking rule."""
    found: dict[int, tuple[Any, ...]] = {
        row[0]: row
        for row in session.where_in(
            f"SELECT {LEAD_COLUMNS}, blocked_rule FROM lead WHERE id IN ({{in}})"
            f" AND state IN {DUE_STATES_SQL} AND next_attempt_at <= ?"
            " AND list_id IN (SELECT id FROM lead_list WHERE active)",
            list(ids),
            micros(now),
        )
    }
    return [(lead_value(found[lead_id][:-1]), found[lead_id][-1]) for lead_id in ids if lead_id in found]


_RELEASE = (
    "UPDATE lead SET state = CASE WHEN claimed_from = '' THEN 'retry' ELSE claimed_from END,"
    " next_attempt_at = COALESCE(next_attempt_at, 0), claimed_from = '', claimed_at = NULL"
    " WHERE state = 'claimed' AND NOT EXISTS"
    " (SELECT 1 FROM call_log WHERE call_log.lead_id = lead.id AND call_log.closed_at IS NULL)"
)


def release_leads(session: Session, command: ReleaseLeads) -> None:
    """Leads that are claimed and have no unfinished attempt go back to what they were before the claim."""
    session.run_in(f"{_RELEASE} AND id IN ({{in}})", command.lead_ids)


def release(session: Session, condition: str = "", params: Sequence[Any] = ()) -> int:
    """Give up claims without an unfinished attempt; return how many. `condition` is a fixed text of this package."""
    return session.run(f"{_RELEASE} {condition}", params)
