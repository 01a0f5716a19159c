"""Owns the answers to "why is this lead not dialled?" and "what does this campaign wait for?". Changes nothing.

The same gate as at the moment of dialling is asked, on the reader's connection; here are no rules.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from dialerd.core.compliance import checks, next_time
from dialerd.core.lead import DUE_STATES, FINAL_STATES, Lead, LeadState
from dialerd.store.candidates import active_lists
from dialerd.store.dial_classes import dial_classes
from dialerd.store.facts import Gate, NumberFacts
from dialerd.store.lead_counts import count_leads
from dialerd.store.lead_records import lead as lead_row
from dialerd.store.mapping import DUE_STATES_SQL, LEAD_COLUMNS, lead_value
from dialerd.store.session import Session, marks
from dialerd.store.setup_records import campaign_row
from dialerd.store.units import instant_or_none, micros

Row = dict[str, Any]
HOURS_AHEAD = 24
HOUR = timedelta(hours=1)


def explain_lead(session: Session, id_or_number: str, now: datetime) -> Row:
    """Every rule in order with what it looked at, the first that blocks, and when the lead can be dialled next.

    `verdict` is `dial` or the rule; `next_time` None: never, as things are. `obstacles`: what else stands in the way
    (the lead is finished or claimed, its list or campaign rests). NotFound for an unknown lead.
    """
    shown = lead_row(session, id_or_number)
    row = session.one(f"SELECT {LEAD_COLUMNS}, state, next_attempt_at FROM lead WHERE id = ?", (shown["id"],))
    assert row is not None
    lead, state, due = lead_value(row[:-2]), LeadState(row[-2]), instant_or_none(row[-1])
    gate = Gate(session, lead.campaign_id)
    facts = NumberFacts(session, [lead], {lead.campaign_id: gate}, now).about(lead)
    verdict = gate.ask(lead, facts, now)
    rules = [] if gate.rules is None else checks(lead, facts, gate.rules, now)
    waits_until = due if due is not None and due > now else None
    soonest = None
    if gate.rules is not None and (state in DUE_STATES or state is LeadState.CLAIMED):
        soonest = next_time(lead, facts, gate.rules, waits_until or now)
    return {
        "lead": lead.id,
        "number": lead.number,
        "campaign": shown["campaign"],
        "list": shown["list"],
        "state": state.value,
        "zones": list(lead.zones),
        "regions": list(lead.regions),
        "rule_set": gate.label,
        "verdict": "dial" if verdict.allowed else verdict.rule,
        "detail": verdict.detail,
        "waits_until": waits_until,
        "next_time": soonest,
        "obstacles": _obstacles(session, lead, state),
        "rules": [
            {
                "rule": check.rule,
                "ok": check.verdict is None,
                "inputs": check.inputs,
                "detail": check.verdict.detail if check.verdict is not None else "",
                "next_time": check.verdict.next_time if check.verdict is not None else None,
            }
            for check in rules
        ],
        "same_number": shown["same_number"],
    }


def _obstacles(session: Session, lead: Lead, state: LeadState) -> list[str]:
    """What no rule of the gate knows: one sentence each."""
    found = []
    if state is LeadState.CLAIMED:
        found.append("the lead is claimed: it is about to be dialled, or its call is in progress")
    row = session.one(
        "SELECT campaign.name, campaign.state, lead_list.name, lead_list.active, lead_list.hidden FROM lead_list"
        " JOIN campaign ON campaign.id = lead_list.campaign_id WHERE lead_list.id = ?",
        (lead.list_id,),
    )
    if row is not None:
        name, campaign_state, list_name, active, hidden = row
        if state in FINAL_STATES:
            again = f"dialerctl list recycle {list_name} --campaign {name} --state {state.value}"
            found.append(f"the lead is finished ({state.value}); to make it due again, with its list: {again}")
        if hidden:
            found.append("this is the lead of test calls: it is dialled by dialerctl call test only")
        elif not active:
            found.append(f"its list {list_name} is paused: dialerctl list resume {list_name} --campaign {name}")
        if campaign_state != "active":
            verb = "resume" if campaign_state == "paused" else "start"
            found.append(f"campaign {name} is {campaign_state}: dialerctl campaign {verb} {name}")
    if lead.agent_id is not None:
        found.append("an agent has promised to call in person: the lead waits for that agent to be free")
    return found


def explain_campaign(session: Session, name: str, now: datetime) -> Row:
    """A campaign's leads by what holds them back, and how many may be dialled now and in each of the next hours.

    Rules are asked once for each class of leads; the store only counts. An hour counts the leads that no rule of
    their class forbids at its beginning and whose own time has come by then; caps of numbers are not foreseen.
    """
    campaign = campaign_row(session, name)
    gate = Gate(session, campaign["id"])
    counts = count_leads(session, gate, now)
    by_class = _due_by_class(session, campaign["id"], now)
    classes = {class_id: lead for class_id, lead in dial_classes(session).items() if class_id in by_class}
    soonest: dict[str, datetime] = {}
    hours = []
    for ahead in range(HOURS_AHEAD):
        at = now if ahead == 0 else _hour_after(now, ahead)
        open_now = 0
        for class_id, lead in classes.items():
            verdict = gate.ask_class(lead, at)
            if verdict.allowed:
                open_now += sum(n for hour, n in by_class[class_id].items() if hour <= ahead)
            elif ahead == 0 and verdict.next_time is not None:
                soonest[verdict.rule] = min(soonest.get(verdict.rule, verdict.next_time), verdict.next_time)
        hours.append({"at": at, "leads": open_now})
    return {
        "campaign": name,
        "state": campaign["state"],
        "rule_set": gate.label,
        "at": now,
        "dialable_now": counts.due,
        "waiting": counts.waiting,
        "claimed": counts.claimed,
        "finished": counts.finished,
        "next_due_at": counts.next_due_at,
        "blocked": [
            {"rule": rule, "leads": n, "next_time": soonest.get(rule)} for rule, n in counts.blocked.most_common()
        ],
        "hours": hours,
    }


def _hour_after(now: datetime, ahead: int) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0) + ahead * HOUR


def _due_by_class(session: Session, campaign_id: int, now: datetime) -> dict[int, dict[int, int]]:
    """Class → (hour from now in which they become due, 0: they are due → leads), of active lists, by one index."""
    lists = active_lists(session, campaign_id)
    found: defaultdict[int, dict[int, int]] = defaultdict(dict)
    if not lists:
        return found
    first = micros(_hour_after(now, 0))
    for class_id, hour, count in session.rows(
        "SELECT class_id, CASE WHEN next_attempt_at <= ? THEN 0 ELSE (next_attempt_at - ?) / 3600000000 + 1 END,"
        f" COUNT(*) FROM lead WHERE campaign_id = ? AND state IN {DUE_STATES_SQL}"
        f" AND list_id IN ({marks(len(lists))}) AND next_attempt_at <= ? AND class_id IS NOT NULL GROUP BY 1, 2",
        (micros(now), first, campaign_id, *lists, first + HOURS_AHEAD * 3_600_000_000),
    ):
        found[class_id][hour] = count
    return found
