"""Stories of calls that nobody answers, that operators end, and of test calls."""

from __future__ import annotations

import pytest

from dialerd.core.agent import AgentState
from dialerd.core.call import HungUpBy, Status
from dialerd.core.campaign import CampaignState, DialMode
from dialerd.core.compliance import GateVerdict
from dialerd.core.errors import Unavailable
from dialerd.core.messages import (
    AgentDispose,
    AttemptRefused,
    Hangup,
    HangupAttempt,
    LogEvent,
    OpenAttempts,
    Originate,
    TestCall,
)
from dialerd.core.settings import Trunk

from .stage import Stage
from .values import NODE, agent, campaign, lead, settings


def placed(stage: Stage) -> int:
    """Calls placed so far."""
    return len(stage.all(Originate))


def test_a_test_call_plays_the_message_and_counts_nowhere() -> None:
    stage = Stage(campaign(dial_mode=DialMode.PREDICTIVE, state=CampaignState.STOPPED), agents=[agent(1)])
    stage.tell(TestCall(campaign_id=1, lead=lead(77)))
    call = stage.given
    assert isinstance(call, int)
    assert call == stage.all(Originate)[-1].attempt_id
    stage.answer(call)
    assert stage.verdict(stage.ask(call)) == "abandon"
    stage.end(call)
    record, run = stage.record(call), stage.dialer.floor.campaigns[1]
    assert (record.status, record.disposition, record.live_answer) == (Status.ANSWERED, "test_call", False)
    assert (*stage.ledger(), run.hour.last(60, stage.now.mono).calls) == (0, 0, 0)
    assert stage.agent_state() is AgentState.READY


def test_a_test_call_heeds_trunk_link_and_gate() -> None:
    trunk = {"out": Trunk(name="out", node=NODE, max_channels=1)}
    stage = Stage(campaign(), agents=[agent(1)], limits=settings(trunks=trunk))
    stage.dial()
    with pytest.raises(Unavailable, match="all 1 channels of trunk out"):
        stage.dialer.handle(TestCall(campaign_id=1, lead=lead(77)), stage.now)
    assert stage.dialer.answer is None
    stage.end(stage.all(Originate)[-1].attempt_id, 17)
    stage.commits = False
    stage.tell(TestCall(campaign_id=1, lead=lead(77)))
    verdict = GateVerdict(allowed=False, rule="calling_hours", detail="Tue 20:00 in Europe/Rome")
    refused = stage.all(OpenAttempts)[-1].attempts[0].id
    assert stage.given == refused
    stage.tell(AttemptRefused(attempt_id=refused, verdict=verdict))
    assert "Tue 20:00" in stage.all(LogEvent)[-1].text
    stage.lose_link()
    with pytest.raises(Unavailable, match="not connected"):
        stage.dialer.handle(TestCall(campaign_id=1, lead=lead(78)), stage.now)


@pytest.mark.parametrize(
    ("cause", "sip", "status"),
    [
        (17, 486, Status.BUSY), (19, None, Status.NO_ANSWER), (16, None, Status.NO_ANSWER),
        (34, 503, Status.CONGESTION),
        (1, 404, Status.INVALID_NUMBER), (21, 603, Status.REJECTED), (127, None, Status.FAILED),
    ],
)  # fmt: skip
def test_calls_that_nobody_answers(cause: int, sip: int | None, status: Status) -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    call = stage.dial()
    stage.ring(call)
    stage.wait(3)
    stage.end(call, cause, sip)
    record = stage.record(call)
    assert (record.status, record.disposition, record.hung_up_by) == (status, status.value, HungUpBy.NETWORK)
    assert (record.hangup_cause, record.sip_cause, record.ring_s()) == (cause, sip, 3.0)


def test_an_originate_without_an_end_is_hung_up_and_counts_as_an_attempt() -> None:
    stage = Stage(campaign(ring_timeout_s=30.0), agents=[agent(1)])
    call = stage.dial()
    stage.wait(46)
    assert any(h.channel_id == stage.record(call).channel_id for h in stage.all(Hangup))
    assert stage.record(call).status is Status.NO_ANSWER


def test_an_operator_cancels_a_ringing_call() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    call = stage.dial()
    stage.tell(HangupAttempt(attempt_id=call))
    assert (stage.record(call).status, stage.record(call).hung_up_by) == (Status.CANCELLED, HungUpBy.DIALER)


def test_disposed_calls_make_room_for_new_ones() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    for n in range(5):
        call = stage.dial() if n == 0 else stage.all(Originate)[-1].attempt_id
        stage.meet(call)
        stage.end(call)
        stage.tell(AgentDispose(agent_id=1, code="sale"))
        stage.wait(1)
    assert placed(stage) == 6
    assert stage.dialer.floor.campaigns[1].hour.last(60, stage.now.mono).talks == 5
