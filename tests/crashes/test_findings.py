"""The judgement itself is judged: a run in order has no complaint, and every rule complains about what breaks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.crashes.evidence import Evidence, Row
from tests.crashes.findings import CHECKS, findings
from tests.crashes.pbx_glance import Glance
from tests.crashes.staff import Given

from dialerd.store.chain import ChainReport

T = 1_795_000_000.0


def truth(attempt: int, number: str, at: float, **changes: object) -> Row:
    """A call as the PBX saw it: answered after a second, a second of silence, over after ten."""
    row: Row = {
        "attempt": str(attempt), "channel_id": f"dlr-{attempt}-0badcafe", "number": number, "dialed_at": at,
        "answered_at": at + 1, "bridged_at": None, "message_started_at": None, "ended_at": at + 10, "verdict": "",
        "agent": "", "unattended": "", "opted_out": False, "silence_s": 1.0, "talk_s": None, "outcome": "person",
        "ended_by": "customer",
    }  # fmt: skip
    return row | changes


def record(attempt: int, number: str, at: float, **changes: object) -> Row:
    """The same call in the store."""
    row: Row = {
        "id": attempt, "lead_id": attempt, "channel_id": f"dlr-{attempt}-0badcafe", "number": number,
        "created_at": (at - 0.01) * 1e6, "ended_at": (at + 10) * 1e6, "closed_at": (at + 11) * 1e6, "state": "ended",
        "status": "answered", "disposition": "sale", "record_hash": "x", "approximate": 0, "agent_id": None,
        "live_answer": 1,
    }  # fmt: skip
    return row | changes


def in_order() -> Evidence:
    """Four calls: one met an agent, one heard the message and opted out, nobody answered one, one never left."""
    calls = [
        record(1, "+391", T, agent_id=7),
        record(2, "+392", T, status="abandoned", disposition="abandoned"),
        record(3, "+393", T, status="busy", disposition="busy", live_answer=0),
        record(4, "+394", T, status="lost", disposition="lost", live_answer=0, approximate=1),
    ]
    leg = "agt-7-0badcafe"
    return Evidence(
        truth=[
            truth(1, "+391", T, bridged_at=T + 2, agent="7", talk_s=8.0, verdict="agent"),
            truth(2, "+392", T, message_started_at=T + 2, verdict="abandon", opted_out=True),
            truth(3, "+393", T, answered_at=None, silence_s=None, outcome="busy"),
        ],
        calls={row["id"]: row for row in calls},
        leads=[{"id": n, "state": "retry", "next_attempt_at": 1, "call_count": 1} for n in (1, 2, 3, 4)],
        agents=[
            {"id": 7, "name": "1001", "state": "ready", "state_reason": "", "leg_id": leg, "leg_mode": "nailed_up"}
        ],
        ledger={1: {"attempt_id": 1, "abandoned": 0}, 2: {"attempt_id": 2, "abandoned": 1}},
        do_not_call={"+392"},
        chain=ChainReport(checked=4),
        glance=Glance({leg: "b1"}, {}),
        live_agents=[{"name": "1001", "state": "ready"}],
        given=[Given("1001", 1, "sale", T + 11)],
    )


def changed(table: str, key: int, **values: object) -> Callable[[Evidence], None]:
    """A fault: one row of the evidence says something else."""

    def change(evidence: Evidence) -> None:
        getattr(evidence, table)[key].update(values)

    return change


def called_again(at: float) -> Callable[[Evidence], None]:
    """A fault: the number that opted out is called a second time."""

    def change(evidence: Evidence) -> None:
        evidence.truth.append(truth(5, "+392", at, answered_at=None, silence_s=None))
        evidence.calls[5] = record(5, "+392", at, status="busy", live_answer=0)
        evidence.leads.append({"id": 5, "state": "retry", "next_attempt_at": 1, "call_count": 1})
        evidence.chain = replace(evidence.chain, checked=5)

    return change


FAULTS: list[tuple[str, Callable[[Evidence], object]]] = [
    ("never_dialled_twice", lambda e: e.truth.append(e.truth[0])),
    ("never_dialled_twice", called_again(T + 5)),
    ("written_before_dialled", lambda e: e.calls.pop(3)),
    ("written_before_dialled", changed("calls", 3, created_at=(T + 1) * 1e6)),
    ("written_before_dialled", changed("calls", 3, number="+399")),
    ("every_attempt_ends", changed("calls", 3, closed_at=None)),
    ("every_attempt_ends", changed("calls", 3, status=None)),
    ("every_attempt_ends", changed("calls", 4, approximate=0)),
    ("attempts_without_a_call", changed("calls", 4, status="answered")),
    ("no_lead_is_stuck", changed("leads", 0, state="claimed")),
    ("no_lead_is_stuck", changed("leads", 0, next_attempt_at=None)),
    ("no_lead_is_stuck", changed("leads", 0, call_count=2)),
    ("no_agent_is_lost", changed("agents", 0, state="on_call")),
    ("no_agent_is_lost", changed("agents", 0, state="logged_out", leg_id="")),
    ("no_agent_is_lost", changed("agents", 0, leg_id="agt-7-00000000")),
    ("no_agent_is_lost", changed("live_agents", 0, state="paused")),
    ("ledger_is_the_truth", lambda e: e.ledger.pop(1)),
    ("ledger_is_the_truth", changed("ledger", 1, abandoned=1)),
    ("ledger_is_the_truth", changed("ledger", 2, abandoned=0)),
    ("ledger_is_the_truth", changed("calls", 1, agent_id=8)),
    ("ledger_is_the_truth", changed("calls", 2, status="customer_hangup")),
    ("ledger_is_the_truth", lambda e: e.ledger.update({3: {"attempt_id": 3, "abandoned": 0}})),
    ("nobody_in_silence", changed("truth", 0, silence_s=2.6)),
    ("opt_outs_hold", lambda e: e.do_not_call.clear()),
    ("opt_outs_hold", called_again(T + 50)),
    ("confirmed_dispositions_hold", changed("calls", 1, disposition="no_disposition")),
    ("records_are_chained", lambda e: setattr(e, "chain", ChainReport(checked=2, broken_at=3, reason="changed"))),
    ("records_are_chained", lambda e: setattr(e, "chain", ChainReport(checked=3))),
    ("pbx_is_left_clean", lambda e: e.glance.channels.update({"dlr-9-0badcafe": ""})),
    ("pbx_is_left_clean", lambda e: e.glance.database.update({"/dialerd/unattended/2": "x"})),
]


def test_a_run_in_order_has_no_complaint() -> None:
    assert findings(in_order()) == []


@pytest.mark.parametrize(("rule", "fault"), FAULTS)
def test_each_fault_is_found_by_its_rule(rule: str, fault: Callable[[Evidence], object]) -> None:
    evidence = in_order()
    fault(evidence)
    assert rule in {text.partition(":")[0] for text in findings(evidence)}


def test_every_rule_is_judged() -> None:
    assert {check.__name__ for check in CHECKS} == {rule for rule, _ in FAULTS}
