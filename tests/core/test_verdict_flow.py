"""Stories of the seconds after an answer: agent, machine, message, silence limit, the AGI's questions."""

from __future__ import annotations

from typing import Any

import pytest

from dialerd.core.agent import AgentState
from dialerd.core.call import AttemptState, HungUpBy, Status
from dialerd.core.campaign import AbandonAction, DialMode, MeasuredFrom
from dialerd.core.deadlines import Wait
from dialerd.core.messages import (
    AgentPause,
    Event,
    Hangup,
    HangupAttempt,
    LogEvent,
    MessageEnded,
    MessageStarted,
    Originate,
    RingAgent,
    ShutdownBegan,
    TestCall,
    UnattendedTrace,
    VerdictAbandoned,
)

from .stage import Stage
from .values import agent, campaign, lead

A, S = AttemptState, AgentState
POWER: dict[str, Any] = {"dial_mode": DialMode.POWER, "dial_ratio": 2.0}


def two_calls_one_agent(**changes: Any) -> tuple[Stage, int, int]:
    """Power dialling: two phones ring for one agent."""
    stage = Stage(campaign(**(POWER | changes)), agents=[agent(1)])
    stage.wait(1)
    first, second = (o.attempt_id for o in stage.all(Originate))
    return stage, first, second


def on_hook_call() -> tuple[Stage, int, int]:
    """A person waits, the on-hook agent's phone rings."""
    stage = Stage(campaign(), agents=[agent(1, on_hook=True)])
    call = stage.dial()
    stage.answer(call)
    request = stage.ask(call)
    assert (stage.verdict(request), stage.agent_state()) == (None, S.RESERVED)
    return stage, call, request


def test_a_person_meets_the_agent_at_once() -> None:
    stage = Stage(campaign(amd_enabled=True), agents=[agent(1)])
    call = stage.dial()
    stage.ring(call)
    stage.wait(5)
    stage.answer(call)
    stage.wait(2)
    assert stage.verdict(stage.ask(call, "HUMAN", "HUMAN-800-800")) == "agent"
    assert (stage.state(call), stage.agent_state()) == (A.CONNECTING, S.RESERVED)
    stage.bridge(call)
    attempt = stage.attempt(call)
    assert (stage.state(call), stage.agent_state(), attempt.agent_id) == (A.TALKING, S.ON_CALL, 1)
    assert (attempt.ring_s(), attempt.wait_s(), attempt.live_answer) == (5.0, 2.0, True)
    assert (attempt.amd_result, attempt.amd_status, attempt.amd_cause) == ("human", "HUMAN", "HUMAN-800-800")


def test_a_machine_is_hung_up_and_the_agent_stays_free() -> None:
    stage = Stage(campaign(amd_enabled=True), agents=[agent(1)])
    call = stage.dial()
    stage.answer(call)
    assert stage.verdict(stage.ask(call, "MACHINE", "LONGGREETING-1-1")) == "machine"
    stage.end(call)
    record = stage.record(call)
    assert (record.status, record.disposition, record.amd_action) == (Status.MACHINE, "machine", "hangup")
    assert (record.hung_up_by, record.live_answer, stage.agent_state()) == (HungUpBy.DIALER, False, S.READY)


@pytest.mark.parametrize(("status", "result"), [("", ""), ("NOTSURE", "unsure"), ("TOOLONG", "unsure")])
def test_what_amd_cannot_say_meets_an_agent(status: str, result: str) -> None:
    stage = Stage(campaign(amd_enabled=True), agents=[agent(1)])
    call = stage.dial()
    stage.answer(call)
    assert stage.verdict(stage.ask(call, status)) == "agent"
    assert stage.attempt(call).amd_result == result


def test_amd_words_mean_nothing_when_the_campaign_runs_no_amd() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    call = stage.dial()
    stage.answer(call)
    assert stage.verdict(stage.ask(call, "MACHINE")) == "agent"


def test_agi_asks_before_ami_reports_the_answer() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    call = stage.dial()
    assert stage.verdict(stage.ask(call)) == "agent"
    at = stage.attempt(call).answered_at
    stage.wait(0.5)
    stage.answer(call)
    assert (stage.state(call), stage.attempt(call).answered_at) == (A.CONNECTING, at)


def test_nobody_free_means_the_message_and_it_counts() -> None:
    stage, first, second = two_calls_one_agent()
    stage.meet(first)
    stage.answer(second)
    request = stage.ask(second)
    assert stage.verdict(request) is None
    stage.wait(1.9)
    assert stage.verdict(request) == "abandon"
    stage.tell(MessageStarted(attempt_id=second))
    stage.wait(4)
    stage.tell(MessageEnded(attempt_id=second))
    stage.end(second)
    record = stage.record(second)
    assert (record.status, record.disposition, record.message_version) == (Status.ABANDONED, "abandoned", "v7")
    assert (record.hung_up_by, record.live_answer, record.wait_s()) == (HungUpBy.DIALER, True, 1.9)
    assert stage.ledger() == (2, 1)


def test_after_the_message_a_transferred_person_is_left_alone_and_counts_as_abandoned() -> None:
    transfer = {"abandon_action": AbandonAction.TRANSFER, "abandon_transfer_extension": "700"}
    stage, first, second = two_calls_one_agent(**transfer)
    assert {o.transfer_to for o in stage.all(Originate)} == {"700"}
    stage.meet(first)
    stage.answer(second)
    stage.ask(second)
    stage.wait(1.9)
    stage.tell(MessageStarted(attempt_id=second))
    assert not stage.dialer.drained, "the message plays"
    stage.tell(MessageEnded(attempt_id=second))
    assert stage.dialer.drained, "from here on it is somebody else's"
    stage.wait(300)
    assert not [h for h in stage.all(Hangup) if h.channel_id == stage.attempt(second).channel_id]
    stage.lose_link()
    stage.connect(stage.channel(second), stage.channel(first, bridge="b"), stage.leg(bridge="b"))
    stage.wait(300)
    assert stage.state(second) is A.ABANDONING, "nor after Asterisk was away"
    stage.tell(HangupAttempt(attempt_id=second))
    assert stage.record(second).status is Status.ABANDONED, "an operator can still end it"
    assert stage.ledger() == (2, 1)


def test_a_test_call_is_not_transferred() -> None:
    one = campaign(abandon_action=AbandonAction.TRANSFER, abandon_transfer_extension="700")
    stage = Stage(one, agents=[agent(1)], leads=0)
    stage.tell(TestCall(campaign_id=1, lead=lead(1)))
    assert [o.transfer_to for o in stage.all(Originate)] == [""]


def test_an_agent_who_comes_free_in_time_saves_the_waiting_person() -> None:
    stage, first, second = two_calls_one_agent(wrapup_time_s=0.0)
    stage.meet(first)
    stage.answer(second)
    request = stage.ask(second)
    stage.wait(1.0)
    stage.unbridge(first, HungUpBy.CUSTOMER)
    assert stage.verdict(request) == "agent"


@pytest.mark.parametrize(("after", "status"), [(1.0, Status.CUSTOMER_HANGUP), (1.74, Status.CUSTOMER_HANGUP)])
def test_customer_hangs_up_while_waiting(after: float, status: Status) -> None:
    stage, first, second = two_calls_one_agent()
    stage.meet(first)
    stage.answer(second)
    request = stage.ask(second)
    stage.wait(after)
    stage.end(second)
    record = stage.record(second)
    assert (record.status, record.hung_up_by, record.live_answer) == (status, HungUpBy.CUSTOMER, True)
    assert stage.verdict(request) == "hangup", "the AGI's question was forgotten"


def test_hung_up_by_us_while_waiting_is_abandoned() -> None:
    stage, first, second = two_calls_one_agent()
    stage.meet(first)
    stage.answer(second)
    stage.ask(second)
    stage.tell(HangupAttempt(attempt_id=second))
    assert (stage.record(second).status, stage.record(second).hung_up_by) == (Status.ABANDONED, HungUpBy.DIALER)


@pytest.mark.parametrize(
    ("amd", "measured", "status", "asked_after", "limit_after_question"),
    [
        (False, MeasuredFrom.GREETING_END, "", 0.5, 1.25),
        (False, MeasuredFrom.ANSWER, "", 0.5, 1.25),
        (True, MeasuredFrom.ANSWER, "HUMAN", 1.0, 0.75),
        (True, MeasuredFrom.ANSWER, "HUMAN", 3.0, 0.0),
        (True, MeasuredFrom.GREETING_END, "HUMAN", 3.0, 0.95),
        (True, MeasuredFrom.GREETING_END, "NOTSURE", 3.0, 0.95),
        (True, MeasuredFrom.GREETING_END, "", 0.0, 0.95),
    ],
)
def test_the_silence_limit(
    amd: bool, measured: MeasuredFrom, status: str, asked_after: float, limit_after_question: float
) -> None:
    changes = {"amd_enabled": amd, "abandon_measured_from": measured}
    stage, first, second = two_calls_one_agent(**changes)
    stage.answer(first)
    assert stage.verdict(stage.ask(first, "HUMAN")) == "agent"
    stage.bridge(first)
    stage.answer(second)
    stage.wait(asked_after)
    request = stage.ask(second, status)
    stage.wait(max(0.0, limit_after_question - 0.02))
    assert stage.verdict(request) == (None if limit_after_question else "abandon") or limit_after_question == 0.0
    stage.wait(0.04)
    assert stage.verdict(request) == "abandon"


@pytest.mark.parametrize("measured", MeasuredFrom)
@pytest.mark.parametrize("amd", [True, False])
def test_dialerd_decides_before_the_dialplans_own_guard(measured: MeasuredFrom, amd: bool) -> None:
    stage, _, second = two_calls_one_agent(amd_enabled=amd, abandon_measured_from=measured)
    stage.tell(AgentPause(agent_id=1, reason="gone"))
    order = next(o for o in stage.all(Originate) if o.attempt_id == second)
    stage.answer(second)
    asked = stage.now.mono
    stage.ask(second, "NOTSURE")
    due = stage.dialer.floor.deadlines._at[Wait.LIMIT, second]
    assert due - asked < order.guard_s
    assert (order.guard_from is MeasuredFrom.GREETING_END) == (amd and measured is MeasuredFrom.GREETING_END)


def test_a_failed_bridge_sets_the_agent_aside_and_another_takes_the_call() -> None:
    stage = Stage(campaign(max_lines=1), agents=[agent(1), agent(2)])
    call = stage.dial()
    stage.answer(call)
    assert stage.verdict(stage.ask(call)) == "agent"
    assert stage.verdict(stage.ask(call)) == "agent"
    assert (stage.agent_state(1), stage.seat(1).reason) == (S.PAUSED, "the bridge failed")
    stage.bridge(call)
    assert (stage.agent_state(2), stage.attempt(call).agent_id) == (S.ON_CALL, 2)


def test_a_failed_bridge_with_nobody_else_ends_in_the_message() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    call = stage.dial()
    stage.answer(call)
    stage.ask(call)
    stage.wait(1.0)
    request = stage.ask(call)
    assert stage.verdict(request) is None
    stage.wait(0.8)
    assert stage.verdict(request) == "abandon"
    assert stage.attempt(call).agent_id is None


def test_the_leg_lost_while_connecting_leaves_a_limit_and_the_message_for_the_next_question() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    call = stage.dial()
    stage.answer(call)
    stage.ask(call)
    stage.put_down(1)
    assert (stage.agent_state(), stage.state(call)) == (S.LOGGED_OUT, A.WAITING)
    stage.wait(2)
    assert stage.state(call) is A.ABANDONING
    assert stage.verdict(stage.ask(call)) == "abandon"


def test_a_verdict_without_a_bridge_ends_in_a_hang_up_that_counts() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    call = stage.dial()
    stage.answer(call)
    stage.ask(call)
    stage.wait(3.5)
    assert stage.record(call).status is Status.ABANDONED
    assert stage.agent_state() in (S.READY, S.RESERVED)


def test_wrong_token_learns_nothing_and_changes_nothing() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    call = stage.dial()
    stage.answer(call)
    assert stage.verdict(stage.ask(call, token="0" * 32)) == "refused"
    assert (stage.state(call), stage.agent_state()) == (A.ANSWERED, S.READY)
    assert "wrong token" in stage.all(LogEvent)[-1].text


def test_a_second_question_releases_the_first() -> None:
    stage, first, second = two_calls_one_agent()
    stage.meet(first)
    stage.answer(second)
    old, new = stage.ask(second), stage.ask(second)
    assert (stage.verdict(old), stage.verdict(new)) == ("refused", None)


def test_an_agi_that_went_away_gets_no_answer() -> None:
    stage, first, second = two_calls_one_agent()
    stage.meet(first)
    stage.answer(second)
    request = stage.ask(second)
    stage.tell(VerdictAbandoned(request_id=request, attempt_id=second))
    stage.wait(3)
    assert stage.verdict(request) is None
    stage.end(second)
    assert stage.record(second).status is Status.ABANDONED


def test_on_hook_agent_answers_and_is_hung_up_after_the_talk() -> None:
    stage, call, request = on_hook_call()
    stage.wait(0.5)
    stage.pick_up(1)
    assert stage.verdict(request) == "agent"
    stage.bridge(call)
    leg = stage.seat().leg_id
    stage.end(call)
    assert (stage.agent_state(), stage.seat().leg_id) == (S.WRAP_UP, "")
    assert any(getattr(c, "channel_id", "") == leg for c in stage.said)


def test_on_hook_agent_who_does_not_answer_is_paused_and_the_person_hears_the_message() -> None:
    stage, call, request = on_hook_call()
    stage.wait(1.9)
    assert stage.verdict(request) == "abandon"
    assert (stage.agent_state(), stage.seat().reason) == (S.PAUSED, "the phone did not answer")
    stage.end(call)
    assert stage.record(call).status is Status.ABANDONED


def test_on_hook_agent_who_declines_is_paused_and_the_next_is_rung() -> None:
    stage = Stage(campaign(max_lines=1), agents=[agent(1, on_hook=True), agent(2, on_hook=True)])
    call = stage.dial()
    stage.answer(call)
    request = stage.ask(call)
    stage.put_down(1)
    assert (stage.agent_state(1), stage.agent_state(2)) == (S.PAUSED, S.RESERVED)
    stage.pick_up(2)
    assert stage.verdict(request) == "agent"


def test_customer_gone_while_the_on_hook_phone_rings() -> None:
    stage, call, _ = on_hook_call()
    leg = stage.seat().leg_id
    stage.end(call)
    assert (stage.agent_state(), stage.seat().leg_id) == (S.READY, "")
    assert leg in [c.leg_id for c in stage.all(RingAgent)]
    assert leg in [getattr(c, "channel_id", "") for c in stage.said]


def test_an_agent_on_the_line_is_preferred_to_a_phone_that_must_ring() -> None:
    stage = Stage(campaign(max_lines=1), agents=[agent(1, on_hook=True), agent(2)])
    call = stage.dial()
    stage.answer(call)
    assert stage.verdict(stage.ask(call)) == "agent"
    assert stage.attempt(call).agent_id == 2


def trace(stage: Stage, call: int, **changes: object) -> UnattendedTrace:
    """What the dialplan leaves behind when it acts alone."""
    values: dict[str, object] = {
        "attempt_id": call, "token": stage.attempt(call).token, "answered_at": stage.now.wall, "reason": "timeout",
        "message_started_at": stage.now.wall, "message_ended_at": None, "key": f"unattended/{call}",
    }  # fmt: skip
    return UnattendedTrace(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("message_first", [True, False])
def test_the_dialplan_acts_alone_while_we_watch(message_first: bool) -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    call = stage.dial()
    events: list[Event] = [MessageStarted(attempt_id=call), trace(stage, call)]
    for event in events if message_first else events[::-1]:
        stage.tell(event)
    assert stage.state(call) is A.ABANDONING
    stage.end(call)
    record = stage.record(call)
    assert (record.status, record.live_answer, stage.agent_state()) == (Status.ABANDONED, True, S.READY)
    assert record.message_started_at is not None


def test_the_dialplan_acts_alone_while_an_agent_is_rung() -> None:
    stage, call, request = on_hook_call()
    stage.tell(MessageStarted(attempt_id=call))
    assert (stage.agent_state(), stage.seat().leg_id) == (S.READY, "")
    assert stage.verdict(request) == "abandon"


def test_a_trace_with_a_wrong_token_is_not_believed() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    call = stage.dial()
    stage.answer(call)
    stage.tell(trace(stage, call, token="0" * 32))
    assert stage.state(call) is A.ANSWERED


def test_an_answer_after_which_nothing_comes_is_hung_up() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    call = stage.dial()
    stage.answer(call)
    stage.wait(61)
    assert stage.record(call).hung_up_by is HungUpBy.DIALER


def test_shutdown_abandons_nobody() -> None:
    stage, first, second = two_calls_one_agent(wrapup_time_s=0.0)
    stage.meet(first)
    stage.answer(second)
    request = stage.ask(second)
    stage.tell(ShutdownBegan())
    assert not stage.dialer.drained
    stage.unbridge(first, HungUpBy.CUSTOMER)
    assert stage.verdict(request) == "agent"
    stage.bridge(second)
    assert stage.dialer.drained


@pytest.mark.parametrize("by_event", [True, False])
def test_a_machines_verdict_that_never_arrived_is_overruled_by_the_message(by_event: bool) -> None:
    """Written, and dialerd died before it was sent: the dialplan played the message, so a live answer was abandoned."""
    stage = Stage(campaign(amd_enabled=True), agents=[agent(1)])
    call = stage.dial()
    stage.answer(call)
    stage.ask(call, "MACHINE", "INITIALSILENCE-2500-2500")
    assert stage.state(call) is AttemptState.MACHINE
    stage.tell(MessageStarted(attempt_id=call) if by_event else trace(stage, call))
    stage.end(call)
    assert (stage.record(call).status, stage.record(call).live_answer) == (Status.ABANDONED, True)
    assert stage.ledger() == (1, 1)
