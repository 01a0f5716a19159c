"""Stories of the end of a talk: who closes the record, when, and with which disposition."""

from __future__ import annotations

from typing import Any

import pytest

from dialerd.core.agent import AgentState
from dialerd.core.call import HungUpBy, Status
from dialerd.core.errors import Conflict, Invalid
from dialerd.core.messages import AgentDispose, AgentLogout, AgentPause, AgentUnpause, CloseAttempt

from .stage import Stage
from .values import agent, campaign

S = AgentState


def talking(**changes: Any) -> tuple[Stage, int]:
    """A stage on which agent 1 talks."""
    stage = Stage(campaign(**changes), agents=[agent(1)])
    call = stage.dial()
    stage.meet(call)
    assert stage.agent_state() is S.ON_CALL
    return stage, call


def test_agent_hangs_up_first_and_is_in_wrap_up_before_the_channel_is_gone() -> None:
    stage, call = talking()
    stage.wait(10)
    stage.unbridge(call, HungUpBy.AGENT)
    assert stage.agent_state() is S.WRAP_UP
    stage.wait(0.5)
    stage.end(call)
    assert not stage.closed(call)
    stage.tell(AgentDispose(agent_id=1, code="sale", note="two boxes"))
    record = stage.record(call)
    assert (record.status, record.disposition, record.hung_up_by) == (Status.ANSWERED, "sale", HungUpBy.AGENT)
    assert record.note == "two boxes"
    assert record.talk_s() == 10.0
    assert stage.agent_state() is S.READY


def test_customer_hangs_up_first() -> None:
    stage, call = talking()
    stage.wait(7)
    stage.unbridge(call, HungUpBy.CUSTOMER)
    stage.end(call)
    stage.wait(31)
    record = stage.record(call)
    assert (record.hung_up_by, record.disposition, record.talk_s()) == (HungUpBy.CUSTOMER, "no_disposition", 7.0)


def test_a_hang_up_without_news_of_the_bridge_is_the_customers() -> None:
    stage, call = talking()
    stage.end(call)
    assert stage.agent_state() is S.WRAP_UP
    stage.wait(31)
    assert stage.record(call).hung_up_by is HungUpBy.CUSTOMER


@pytest.mark.parametrize("unbridged_first", [True, False])
def test_disposed_during_the_call_there_is_no_wrap_up(unbridged_first: bool) -> None:
    stage, call = talking()
    stage.tell(AgentDispose(agent_id=1, code="not_interested"))
    assert stage.agent_state() is S.ON_CALL
    if unbridged_first:
        stage.unbridge(call, HungUpBy.AGENT)
        assert stage.agent_state() is S.READY
        assert not stage.closed(call)
    stage.end(call)
    assert stage.agent_state() is S.READY
    assert stage.record(call).disposition == "not_interested"


def test_disposed_between_the_bridges_end_and_the_channels_end() -> None:
    stage, call = talking()
    stage.unbridge(call, HungUpBy.AGENT)
    stage.tell(AgentDispose(agent_id=1, code="callback"))
    assert stage.agent_state() is S.READY
    assert not stage.closed(call)
    stage.end(call)
    assert stage.record(call).disposition == "callback"


def test_a_wrap_up_of_no_length_closes_the_record_once() -> None:
    stage, call = talking(wrapup_time_s=0.0)
    stage.end(call)
    assert stage.closed(call)
    assert stage.ledger() == (1, 0)


def test_wrap_up_ends_at_its_limit_with_the_campaigns_default() -> None:
    stage, call = talking(wrapup_time_s=12.0, default_disposition="wrong_person")
    stage.end(call)
    stage.wait(11.5)
    assert stage.agent_state() is S.WRAP_UP
    stage.wait(0.6)
    assert stage.agent_state() is not S.WRAP_UP
    assert stage.record(call).disposition == "wrong_person"


def test_the_promise_to_call_again_goes_with_the_record() -> None:
    stage, call = talking()
    at = stage.now.plus(3600).wall
    stage.tell(AgentDispose(agent_id=1, code="callback", callback_at=at))
    stage.end(call)
    assert stage.all(CloseAttempt)[-1].callback_at == at


def test_pause_during_the_call_takes_effect_after_the_wrap_up() -> None:
    stage, call = talking()
    stage.tell(AgentPause(agent_id=1, reason="lunch"))
    assert stage.agent_state() is S.ON_CALL
    stage.end(call)
    assert stage.agent_state() is S.WRAP_UP
    stage.tell(AgentDispose(agent_id=1, code="sale"))
    assert (stage.agent_state(), stage.seat().reason) == (S.PAUSED, "lunch")


def test_a_pause_only_wished_for_is_taken_back() -> None:
    stage, call = talking()
    stage.tell(AgentPause(agent_id=1, reason="lunch"))
    stage.tell(AgentUnpause(agent_id=1))
    stage.end(call)
    stage.tell(AgentDispose(agent_id=1, code="sale"))
    assert stage.agent_state() is S.READY


def test_logout_during_the_call_waits_for_the_disposition() -> None:
    stage, call = talking()
    stage.tell(AgentLogout(agent_id=1))
    assert stage.agent_state() is S.ON_CALL
    stage.unbridge(call, HungUpBy.CUSTOMER)
    stage.end(call)
    assert stage.agent_state() is S.WRAP_UP
    stage.tell(AgentDispose(agent_id=1, code="sale"))
    assert stage.agent_state() is S.LOGGED_OUT
    assert stage.seat().leg_id == ""
    assert stage.record(call).disposition == "sale"


def test_logout_in_wrap_up_closes_the_record_with_the_default() -> None:
    stage, call = talking()
    stage.end(call)
    stage.tell(AgentLogout(agent_id=1))
    assert stage.agent_state() is S.LOGGED_OUT
    assert stage.record(call).disposition == "no_disposition"


def test_forced_logout_hangs_up_the_leg_and_the_call_ends() -> None:
    stage, call = talking()
    stage.tell(AgentLogout(agent_id=1, force=True))
    assert (stage.agent_state(), stage.seat().reason) == (S.LOGGED_OUT, "logged out")
    stage.end(call)
    assert stage.record(call).hung_up_by is HungUpBy.AGENT


def test_the_agents_leg_is_lost_in_mid_call() -> None:
    stage, call = talking()
    stage.wait(4)
    stage.put_down(1)
    assert (stage.agent_state(), stage.seat().reason) == (S.LOGGED_OUT, "the phone hung up")
    stage.end(call)
    record = stage.record(call)
    assert (record.status, record.agent_id, record.hung_up_by) == (Status.ANSWERED, 1, HungUpBy.AGENT)
    assert "leg was lost" in record.note


def test_a_customer_left_behind_by_a_lost_leg_is_hung_up_not_forgotten() -> None:
    stage, call = talking()
    stage.put_down(1)
    stage.wait(6)
    assert stage.record(call).hangup_cause == 16, "closed without a hang-up: the customer hears silence"


def test_a_hang_up_that_asterisk_never_reports_is_closed_in_the_end() -> None:
    stage, call = talking()
    stage.hangups = False
    stage.unbridge(call, HungUpBy.AGENT)
    stage.tell(AgentDispose(agent_id=1, code="sale"))
    stage.wait(125)
    record = stage.record(call)
    assert record.approximate
    assert (record.status, record.disposition, record.talk_s()) == (Status.ANSWERED, "sale", 0.0)


@pytest.mark.parametrize("code", ["busy", "no_disposition", "nonsense", ""])
def test_codes_that_agents_cannot_give(code: str) -> None:
    stage, _ = talking()
    with pytest.raises(Invalid, match="known: callback, dnc"):
        stage.dialer.handle(AgentDispose(agent_id=1, code=code), stage.now)


def test_a_machine_that_reached_an_agent_is_no_live_answer() -> None:
    stage, call = talking()
    run = stage.dialer.floor.run(1)
    assert run.standing(stage.now).live == 1
    stage.tell(AgentDispose(agent_id=1, code="machine"))
    assert run.standing(stage.now).live == 0, "it counts no more from the agent's word on"
    stage.unbridge(call, HungUpBy.AGENT)
    stage.end(call)
    record = stage.record(call)
    assert (record.status, record.disposition, record.live_answer) == (Status.ANSWERED, "machine", False)
    assert (run.standing(stage.now).live, run.standing(stage.now).machines) == (0, 0)


def test_an_agent_may_think_again_during_the_call() -> None:
    stage, call = talking()
    for code in ("machine", "sale"):
        stage.tell(AgentDispose(agent_id=1, code=code))
    stage.unbridge(call, HungUpBy.AGENT)
    stage.end(call)
    assert stage.record(call).live_answer and stage.dialer.floor.run(1).standing(stage.now).live == 1


def test_nothing_to_dispose_of() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    with pytest.raises(Conflict, match="no call to dispose of"):
        stage.dialer.handle(AgentDispose(agent_id=1, code="sale"), stage.now)


def test_a_repeated_unbridge_does_not_lengthen_the_talk() -> None:
    stage, call = talking()
    stage.wait(5)
    stage.unbridge(call, HungUpBy.AGENT)
    stage.wait(3)
    stage.unbridge(call, HungUpBy.CUSTOMER)
    stage.end(call)
    stage.tell(AgentDispose(agent_id=1, code="sale"))
    assert (stage.record(call).talk_s(), stage.record(call).hung_up_by) == (5.0, HungUpBy.AGENT)
