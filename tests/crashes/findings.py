"""Owns the judgement after a crash run: each rule that must hold, as a function from evidence to complaints."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator

from tests.crashes.evidence import Evidence, Row

LIMIT_S = 2.0
TIMER_SLACK_S = 0.35
"""The PBX's own timers on a machine that does other work too: Asterisk's guard itself is 0.05 s inside the limit."""
CLOCK_SLACK_S = 0.01

Check = Callable[[Evidence], Iterator[str]]


def findings(evidence: Evidence) -> list[str]:
    """Every complaint of every check; empty when all rules held."""
    return [f"{check.__name__}: {text}" for check in CHECKS for text in check(evidence)]


def _by_channel(evidence: Evidence) -> dict[str, Row]:
    return {row["channel_id"]: row for row in evidence.calls.values()}


def never_dialled_twice(evidence: Evidence) -> Iterator[str]:
    """One origination for an attempt; two calls to one number never at the same time."""
    seen: set[str] = set()
    for call in evidence.truth:
        if call["attempt"] in seen:
            yield f"attempt {call['attempt']} was dialled twice"
        seen.add(call["attempt"])
    of_number: defaultdict[str, list[Row]] = defaultdict(list)
    for call in evidence.truth:
        of_number[call["number"]].append(call)
    for number, calls in of_number.items():
        calls.sort(key=lambda call: call["dialed_at"])
        for one, other in itertools.pairwise(calls):
            if other["dialed_at"] < one["ended_at"]:
                yield f"{number} was dialled by {other['channel_id']} while {one['channel_id']} was up"


def written_before_dialled(evidence: Evidence) -> Iterator[str]:
    """Every call that the PBX saw has its attempt, made before it was dialled, for that number."""
    known = _by_channel(evidence)
    for call in evidence.truth:
        row = known.get(call["channel_id"])
        if row is None:
            yield f"{call['channel_id']} was dialled and is not in the store"
        elif row["number"] != call["number"] or str(row["id"]) != call["attempt"]:
            yield f"{call['channel_id']} dialled {call['number']}, the store says {row['id']} {row['number']}"
        elif row["created_at"] / 1e6 > call["dialed_at"] + CLOCK_SLACK_S:
            yield f"attempt {row['id']} was made after it was dialled"


def every_attempt_ends(evidence: Evidence) -> Iterator[str]:
    """Ended, closed, with status and disposition; what nobody saw is marked approximate."""
    for row in evidence.calls.values():
        missing = [key for key in ("ended_at", "closed_at", "status", "disposition", "record_hash") if not row[key]]
        if missing:
            yield f"attempt {row['id']} ({row['state']}) has no {', '.join(missing)}"
        if row["status"] == "lost" and not row["approximate"]:
            yield f"attempt {row['id']} is lost and not marked approximate"


def attempts_without_a_call(evidence: Evidence) -> Iterator[str]:
    """An attempt that the PBX never saw was cancelled, refused or lost; it met nobody."""
    dialled = {call["channel_id"] for call in evidence.truth}
    for row in evidence.calls.values():
        never = row["channel_id"] not in dialled
        if never and (row["status"] not in ("lost", "cancelled", "failed") or row["live_answer"]):
            yield f"attempt {row['id']} is {row['status']}, but the PBX never saw it"


def no_lead_is_stuck(evidence: Evidence) -> Iterator[str]:
    """No claim outlives its attempt; what is due can be claimed; attempts are counted."""
    counted: defaultdict[int, int] = defaultdict(int)
    for row in evidence.calls.values():
        counted[row["lead_id"]] += row["status"] != "cancelled"
    for lead in evidence.leads:
        if lead["state"] == "claimed":
            yield f"lead {lead['id']} is still claimed"
        if lead["state"] in ("new", "retry", "callback") and lead["next_attempt_at"] is None:
            yield f"lead {lead['id']} is {lead['state']} and never due"
        if lead["call_count"] != counted[lead["id"]]:
            yield f"lead {lead['id']} counts {lead['call_count']} attempts of {counted[lead['id']]}"


def no_agent_is_lost(evidence: Evidence) -> Iterator[str]:
    """Logged in at a phone that the PBX has, or logged out with a reason; no leg that belongs to nobody."""
    owned: set[str] = set()
    live = {row["name"]: row for row in evidence.live_agents}
    for agent in evidence.agents:
        name, state, leg = agent["name"], agent["state"], agent["leg_id"]
        if live[name]["state"] != state:
            yield f"agent {name} is {live[name]['state']}, the store says {state}"
        if state in ("reserved", "on_call", "wrap_up"):
            yield f"agent {name} is {state} and there is no call"
        if state == "logged_out" and not agent["state_reason"]:
            yield f"agent {name} is logged out without a reason"
        if agent["leg_mode"] == "nailed_up" and state != "logged_out" and leg not in evidence.glance.legs:
            yield f"agent {name} is {state} at {leg or 'no leg'}, which the PBX does not have"
        owned.add(leg)
    for leg in evidence.glance.legs - owned:
        yield f"{leg} lives in the PBX and belongs to nobody"


def ledger_is_the_truth(evidence: Evidence) -> Iterator[str]:
    """Who met an agent, who heard the message: as the PBX saw it, in record and ledger."""
    known = _by_channel(evidence)
    for call in evidence.truth:
        row = known.get(call["channel_id"])
        if row is None:
            continue
        entry = evidence.ledger.get(row["id"])
        count = None if entry is None else bool(entry["abandoned"])
        told = f"attempt {row['id']}: record {row['status']}, agent {row['agent_id']}, ledger {count}; PBX: "
        if call["bridged_at"]:
            if row["status"] != "answered" or count is not False or str(row["agent_id"]) != call["agent"]:
                yield f"{told}met agent {call['agent']} for {call['talk_s']:.3f} s"
        elif call["message_started_at"]:
            if row["status"] != "abandoned" or count is not True:
                yield f"{told}heard the message (verdict {call['verdict']!r}, trace {call['unattended']!r})"
        elif call["answered_at"]:
            if count or row["status"] in ("answered", "abandoned"):
                yield f"{told}met nobody, heard nothing, ended by {call['ended_by']} after {call['silence_s']:.3f} s"
        elif count is not None or row["live_answer"]:
            yield f"{told}nobody answered ({call['outcome']})"
    for attempt_id in evidence.ledger.keys() - evidence.calls.keys():
        yield f"the ledger has attempt {attempt_id}, which is not in the store"


def nobody_in_silence(evidence: Evidence) -> Iterator[str]:
    """From the answer to agent, message or end: never longer than the limit."""
    for call in evidence.truth:
        if call["silence_s"] is not None and call["silence_s"] > LIMIT_S + TIMER_SLACK_S:
            yield f"{call['channel_id']} ({call['verdict']}): {call['silence_s']:.3f} s of silence"


def opt_outs_hold(evidence: Evidence) -> Iterator[str]:
    """Who pressed the key is on the do-not-call list and is not called again."""
    for call in evidence.truth:
        if not call["opted_out"]:
            continue
        if call["number"] not in evidence.do_not_call:
            yield f"{call['number']} opted out in {call['channel_id']} and is not on the list"
        for later in evidence.truth:
            if later["number"] == call["number"] and later["dialed_at"] > call["ended_at"]:
                yield f"{call['number']} opted out and was dialled again by {later['channel_id']}"


def confirmed_dispositions_hold(evidence: Evidence) -> Iterator[str]:
    """What an agent was told is done stands in the record, whatever died the moment after."""
    for given in evidence.given:
        row = evidence.calls.get(given.attempt_id)
        if row is None or row["disposition"] != given.code:
            found = "nothing" if row is None else repr(row["disposition"])
            yield f"agent {given.agent} gave {given.code!r} for attempt {given.attempt_id}; the record says {found}"


def records_are_chained(evidence: Evidence) -> Iterator[str]:
    """The hash chain holds over every finished record."""
    if not evidence.chain.intact or evidence.chain.checked != len(evidence.calls):
        yield f"{evidence.chain} of {len(evidence.calls)} records"


def pbx_is_left_clean(evidence: Evidence) -> Iterator[str]:
    """No call without an attempt in progress, no trace that nobody collected."""
    for channel in evidence.glance.calls:
        yield f"{channel} is still up"
    for key in evidence.glance.database:
        yield f"trace {key} was not collected"


CHECKS: tuple[Check, ...] = (
    never_dialled_twice,
    written_before_dialled,
    every_attempt_ends,
    attempts_without_a_call,
    no_lead_is_stuck,
    no_agent_is_lost,
    ledger_is_the_truth,
    nobody_in_silence,
    opt_outs_hold,
    confirmed_dispositions_hold,
    records_are_chained,
    pbx_is_left_clean,
)
