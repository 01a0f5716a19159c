"""What a restart makes of calls whose last moments nobody saw: the ledger must say what the person met."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dialerd.core.agent import AgentState
from dialerd.core.call import AttemptState, Status
from dialerd.core.messages import AgentDispose, Hangup, Originate, SaveAttempt, SendVerdict

from .stage import Stage
from .test_reconcile import attempt, restarted, seen, trace, was
from .values import agent, campaign

A, S = AttemptState, AgentState
LEG = "agt-1-0000beef"


def verdict_follows_its_record(stage: Stage, verdict: str, state: AttemptState) -> bool:
    """The attempt was given to the store in this state before its verdict was given to the AGI."""
    sent = next(i for i, c in enumerate(stage.said) if isinstance(c, SendVerdict) and c.verdict == verdict)
    return any(isinstance(c, SaveAttempt) and c.attempt.state is state for c in stage.said[:sent])


def test_the_verdict_is_written_before_it_is_sent() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    call = stage.dial()
    stage.answer(call)
    stage.ask(call)
    assert verdict_follows_its_record(stage, "agent", A.CONNECTING)
    saved = [c.attempt for c in stage.all(SaveAttempt) if c.attempt.state is A.CONNECTING]
    assert (saved[0].agent_id, saved[0].agent_channel) == (1, stage.seat(1).leg_id)


def test_the_abandon_and_the_machine_are_written_before_they_are_sent() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    call = stage.dial()
    stage.put_down(1)
    stage.answer(call)
    stage.ask(call)
    stage.wait(2)
    assert verdict_follows_its_record(stage, "abandon", A.ABANDONING)
    stage = Stage(replace(campaign(), amd_enabled=True), agents=[agent(1)])
    call = stage.dial()
    stage.answer(call)
    stage.ask(call, amd="MACHINE", cause="MAXWORDS-4-3")
    assert verdict_follows_its_record(stage, "machine", A.MACHINE)


@pytest.mark.parametrize("pbx_lived", [True, False])
def test_who_was_given_an_agent_and_left_no_trace_met_that_agent(pbx_lived: bool) -> None:
    given = attempt(state=A.CONNECTING, live_answer=True, agent_id=1, agent_channel=LEG)
    stage = restarted(given, agents=(was(S.RESERVED, LEG),))
    stage.connect(*([seen(LEG, bridge="holding")] if pbx_lived else []))
    record = stage.record(5)
    assert (record.status, record.agent_id, record.approximate) == (Status.ANSWERED, 1, True)


def test_who_was_given_an_agent_and_ended_before_the_comparison_met_that_agent() -> None:
    given = attempt(state=A.CONNECTING, live_answer=True, agent_id=1, agent_channel=LEG)
    stage = restarted(given, agents=(was(S.RESERVED, LEG),))
    stage.end(5)
    stage.connect(seen(LEG, bridge="holding"))
    record = stage.record(5)
    assert (record.status, record.agent_id, record.approximate) == (Status.ANSWERED, 1, True)


def test_an_agent_that_the_dialplan_was_not_told_of_is_not_in_the_record() -> None:
    given = attempt(state=A.CONNECTING, live_answer=True, agent_id=1, agent_channel=LEG)
    stage = restarted(given, agents=(was(S.RESERVED, LEG),))
    stage.connect(seen(LEG, bridge="holding"), traces=(trace(),))
    record = stage.record(5)
    assert (record.status, record.agent_id, record.agent_channel) == (Status.ABANDONED, None, "")
    assert stage.agent_state() is S.READY


def test_who_still_waited_when_the_call_ended_by_itself_has_hung_up() -> None:
    stage = restarted(attempt(state=A.WAITING, live_answer=True), agents=(was(S.READY, LEG),))
    stage.connect(seen(LEG, bridge="holding"))
    record = stage.record(5)
    assert (record.status, record.live_answer, record.approximate) == (Status.CUSTOMER_HANGUP, True, True)


def test_who_waited_when_asterisk_itself_died_was_abandoned() -> None:
    stage = restarted(attempt(state=A.WAITING, live_answer=True), agents=(was(S.READY, LEG),))
    stage.connect()
    assert stage.record(5).status is Status.ABANDONED


def test_a_machine_stays_a_machine() -> None:
    stage = restarted(attempt(state=A.MACHINE))
    stage.connect(seen(LEG, bridge="holding"))
    assert (stage.record(5).status, stage.record(5).approximate) == (Status.MACHINE, True)


def test_a_talk_with_an_on_hook_agent_is_adopted_though_the_store_does_not_know_the_leg() -> None:
    person = agent(1, on_hook=True)
    given = attempt(state=A.CONNECTING, live_answer=True, agent_id=1, agent_channel=LEG)
    stage = restarted(given, agents=(was(S.RESERVED, "", profile=person),))
    stage.connect(seen(LEG, bridge="b7"), seen("dlr-5-0badcafe", bridge="b7"))
    assert (stage.state(5), stage.agent_state(), stage.seat(1).leg_id) == (A.TALKING, S.ON_CALL, LEG)
    stage.wait(120)
    assert not stage.all(Hangup), "two people who talk were cut off"
    stage.end(5)
    assert (stage.record(5) if stage.closed(5) else stage.attempt(5)).status is Status.ANSWERED


def test_a_disposition_given_during_the_talk_is_written_at_once() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    call = stage.dial()
    stage.meet(call)
    said = stage.tell(AgentDispose(agent_id=1, code="sale"))
    assert [c.attempt.disposition for c in said if isinstance(c, SaveAttempt)] == ["sale"]


def test_people_whom_the_dialplan_met_while_dialerd_was_dead_do_not_stop_the_dialling() -> None:
    ringing = [attempt(n, A.RINGING, lead_id=1000 + n, number=f"3955500{n:04}") for n in range(1, 9)]
    stage = restarted(*ringing, agents=(was(S.READY, LEG),))
    stage.connect(seen(LEG, bridge="holding"), *(seen(one.channel_id) for one in ringing))
    for one in ringing:
        stage.tell(trace(one.id))
        stage.end(one.id)
    assert [stage.record(one.id).status for one in ringing] == [Status.ABANDONED] * 8
    stage.wait(1)
    assert stage.all(Originate), "the restarted dialerd rests though its AGI was never tried"
