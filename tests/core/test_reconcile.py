"""Stories of lost links and restarts: adopt the live, close the dead, lose nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dialerd.core.agent import AgentProfile, AgentState
from dialerd.core.call import Attempt, AttemptState, HungUpBy, Status
from dialerd.core.campaign import DialMode
from dialerd.core.messages import (
    AddDoNotCall,
    AgentLogin,
    AgentLogout,
    AttemptsOpened,
    ChannelSeen,
    CloseAttempt,
    ForgetTraces,
    Hangup,
    HangupAttempt,
    LogEvent,
    OpenAttempts,
    OptOutTrace,
    Originate,
    RingAgent,
    SaveAgentState,
    TestCall,
    UnattendedTrace,
)
from dialerd.core.pacing.ledger import Counts, LedgerHistory
from dialerd.core.restored import Restored, RestoredAgent

from .stage import Stage
from .values import NODE, START, agent, campaign, lead

A, S = AttemptState, AgentState
TOKEN = "ab" * 16


def attempt(attempt_id: int = 5, state: AttemptState = A.RINGING, **changes: object) -> Attempt:
    """An open attempt as the store gives it back."""
    values: dict[str, object] = {
        "id": attempt_id, "campaign_id": 1, "list_id": 1, "lead_id": 1005, "number": "39555001005", "node": NODE,
        "trunk": "out", "channel_id": f"dlr-{attempt_id}-0badcafe", "token": TOKEN, "dial_mode": "progressive",
        "created_at": START.wall, "state": state,
    }  # fmt: skip
    return Attempt(**(values | changes))  # type: ignore[arg-type]


def restarted(
    *attempts: Attempt, agents: tuple[RestoredAgent, ...] = (), unfinished: tuple[Attempt, ...] = ()
) -> Stage:
    """dialerd starts again; Asterisk is not connected yet."""
    start = Restored(
        campaigns=(campaign(),),
        agents=agents,
        open_attempts=attempts,
        unfinished_attempts=unfinished,
        ledger={1: LedgerHistory(rows=(Counts(START.wall.timestamp() - 3600, 9, 1),))},
    )
    return Stage(campaign(), link=False, restored=start)


def was(state: AgentState, leg: str = "agt-1-0000beef", *, profile: AgentProfile | None = None) -> RestoredAgent:
    """Agent 1 as last saved."""
    return RestoredAgent(profile=profile or agent(1), state=state, leg_id=leg, reason="tea")


def seen(unique_id: str, *, up: bool = True, bridge: str = "") -> ChannelSeen:
    """A channel in Asterisk's list."""
    return ChannelSeen(unique_id=unique_id, name=f"PJSIP/{unique_id}", up=up, bridge_id=bridge)


def trace(attempt_id: int = 5, **changes: object) -> UnattendedTrace:
    """The dialplan acted alone."""
    values: dict[str, object] = {
        "attempt_id": attempt_id, "token": TOKEN, "answered_at": START.plus(-20).wall, "reason": "refused",
        "message_started_at": START.plus(-18).wall, "message_ended_at": START.plus(-12).wall,
        "key": f"unattended/{attempt_id}",
    }  # fmt: skip
    return UnattendedTrace(**(values | changes))  # type: ignore[arg-type]


# -- the link dies and comes back


def test_no_new_calls_while_the_link_is_down_and_calls_that_are_up_stay_up() -> None:
    stage = Stage(campaign(), agents=[agent(1), agent(2)])
    stage.wait(1)
    talk, ringing = (o.attempt_id for o in stage.all(Originate))
    stage.meet(talk)
    stage.lose_link()
    stage.wait(120)
    assert len(stage.all(Originate)) == 2
    assert (stage.state(talk), stage.agent_state(1)) == (A.TALKING, S.ON_CALL)
    stage.connect(stage.leg(1, bridge="b"), stage.leg(2), stage.channel(talk, bridge="b"))
    assert (stage.state(talk), stage.agent_state(1)) == (A.TALKING, S.ON_CALL)
    assert (stage.record(ringing).status, stage.record(ringing).approximate) == (Status.LOST, True)
    stage.wait(2)
    assert len(stage.all(Originate)) == 3


def test_intents_committed_while_the_link_is_down_are_not_sent() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    stage.commits = False
    stage.wait(1)
    intent = stage.all(OpenAttempts)[0].attempts[0]
    stage.lose_link()
    stage.commits = True
    stage.tell(AttemptsOpened(attempt_ids=(intent.id,)))
    assert not stage.all(Originate)
    assert "not connected" in stage.record(intent.id).note


def test_the_talk_ended_unseen() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    call = stage.dial()
    stage.meet(call)
    stage.lose_link()
    stage.connect(stage.leg(1))
    assert stage.agent_state() is S.WRAP_UP
    stage.wait(31)
    record = stage.record(call)
    assert (record.status, record.approximate, record.agent_id) == (Status.ANSWERED, True, 1)


def test_the_agents_leg_ended_unseen() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    stage.lose_link()
    stage.connect()
    assert stage.agent_state() is S.LOGGED_OUT
    assert "while Asterisk was not watched" in stage.all(SaveAgentState)[-1].reason


def test_an_unseen_answer_is_adopted_and_heard_of_again() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    call = stage.dial()
    stage.lose_link()
    stage.connect(stage.leg(1), stage.channel(call))
    assert (stage.state(call), stage.attempt(call).approximate) == (A.ANSWERED, True)
    stage.wait(61)
    assert stage.closed(call)


def test_a_hang_up_ordered_while_the_link_was_down_is_sent_again() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    call = stage.dial()
    stage.lose_link()
    stage.tell(HangupAttempt(attempt_id=call))
    assert not stage.closed(call)
    stage.connect(stage.leg(1), stage.channel(call, up=False))
    assert stage.record(call).status is Status.CANCELLED


def test_the_on_hook_phone_that_rang_when_the_link_died_is_not_blamed() -> None:
    stage = Stage(campaign(max_lines=1), agents=[agent(1, on_hook=True)])
    call = stage.dial()
    stage.answer(call)
    stage.ask(call)
    stage.lose_link()
    stage.connect(stage.channel(call))
    assert stage.agent_state() in (S.READY, S.RESERVED)
    assert stage.seat().pause_wanted is None
    stage.wait(2)
    assert stage.state(call) is A.ABANDONING


def test_the_dialplan_acted_alone_while_the_link_was_down() -> None:
    stage = Stage(campaign(dial_mode=DialMode.POWER, dial_ratio=2.0), agents=[agent(1, on_hook=True)])
    stage.wait(1)
    call, gone = (o.attempt_id for o in stage.all(Originate))
    stage.lose_link()
    token, other = stage.attempt(call).token, stage.attempt(gone).token
    stage.connect(stage.channel(call), traces=(trace(call, token=token), trace(gone, token=other)))
    assert stage.state(call) is A.ABANDONING
    record = stage.record(gone)
    assert (record.status, record.live_answer, record.answered_at) == (Status.ABANDONED, True, START.plus(-20).wall)
    assert (record.message_started_at, record.ended_at) == (START.plus(-18).wall, START.plus(-12).wall)
    stage.end(call)
    assert stage.record(call).status is Status.ABANDONED
    forgotten = [key for f in stage.all(ForgetTraces) for key in f.keys]
    assert sorted(forgotten) == [f"unattended/{call}", f"unattended/{gone}"]
    assert stage.ledger()[1] == 2


def test_a_test_call_that_the_dialplan_ended_alone_is_no_abandoned_call() -> None:
    stage = Stage(campaign(), agents=[agent(1)], leads=0)
    stage.tell(TestCall(campaign_id=1, lead=lead(77)))
    call = stage.all(Originate)[-1].attempt_id
    stage.lose_link()
    stage.connect(stage.leg(1), traces=(trace(call, token=stage.attempt(call).token),))
    record = stage.record(call)
    assert (record.status, record.live_answer, record.abandoned) == (Status.ABANDONED, False, False)
    assert stage.ledger() == (0, 0)


# -- restart


def test_a_bridged_call_survives_the_restart() -> None:
    talk = attempt(state=A.TALKING, agent_id=1, agent_channel="agt-1-0000beef", bridged_at=START.wall, live_answer=True)
    stage = restarted(talk, agents=(was(S.ON_CALL),))
    stage.connect(seen("agt-1-0000beef", bridge="x"), seen(talk.channel_id, bridge="x"))
    assert (stage.state(5), stage.agent_state()) == (A.TALKING, S.ON_CALL)
    stage.end(5)
    assert stage.agent_state() is S.WRAP_UP
    stage.wait(31)
    assert (stage.record(5).status, stage.record(5).agent_id) == (Status.ANSWERED, 1)


def test_a_talk_that_the_store_did_not_know_of_is_adopted() -> None:
    call = attempt(state=A.RINGING)
    stage = restarted(call, agents=(was(S.READY),))
    stage.connect(seen("agt-1-0000beef", bridge="x"), seen(call.channel_id, bridge="x"))
    assert (stage.state(5), stage.agent_state(), stage.attempt(5).approximate) == (A.TALKING, S.ON_CALL, True)


def test_a_ringing_call_is_adopted_and_its_question_answered() -> None:
    call = attempt(state=A.DIALING)
    stage = restarted(call, agents=(was(S.READY),))
    stage.connect(seen("agt-1-0000beef", bridge="h"), seen(call.channel_id, up=False))
    stage.answer(5)
    assert stage.verdict(stage.ask(5)) == "agent"


@pytest.mark.parametrize("state", [A.WAITING, A.CONNECTING])
def test_a_person_who_waited_is_given_a_free_agent_not_the_old_one(state: AttemptState) -> None:
    old = attempt(5, state, agent_id=1, agent_channel="agt-1-0000beef", answered_at=START.wall, live_answer=True)
    talk = attempt(
        6, A.TALKING, agent_id=1, agent_channel="agt-1-0000beef", bridged_at=START.wall, number="39555001006"
    )
    stage = restarted(old, talk, agents=(was(S.ON_CALL),))
    stage.connect(seen("agt-1-0000beef", bridge="x"), seen(talk.channel_id, bridge="x"), seen(old.channel_id))
    request = stage.ask(5)
    assert stage.verdict(request) is None, "two calls for one agent"
    stage.wait(2)
    assert stage.verdict(request) == "abandon"


@pytest.mark.parametrize(
    ("state", "live", "status"),
    [
        (A.INTENDED, False, Status.LOST),
        (A.RINGING, False, Status.LOST),
        (A.ANSWERED, False, Status.LOST),
        (A.WAITING, True, Status.ABANDONED),
        (A.ABANDONING, True, Status.ABANDONED),
    ],
)
def test_gone_without_a_trace(state: AttemptState, live: bool, status: Status) -> None:
    stage = restarted(attempt(state=state, live_answer=live))
    assert not stage.all(CloseAttempt), "closed before Asterisk was asked"
    stage.connect()
    record = stage.record(5)
    assert (record.status, record.approximate, record.disposition) == (status, True, status.value)
    stage.wait(3)
    assert not stage.all(Originate)


@pytest.mark.parametrize(
    ("reason", "status"),
    [("refused", Status.ABANDONED), ("timeout", Status.ABANDONED), ("hangup", Status.CUSTOMER_HANGUP)],
)
def test_gone_with_a_trace(reason: str, status: Status) -> None:
    stage = restarted(attempt())
    stage.connect(traces=(trace(reason=reason),))
    assert (stage.record(5).status, stage.record(5).approximate) == (status, True)
    said = [type(c) for c in stage.said if isinstance(c, CloseAttempt | ForgetTraces)]
    assert said == [CloseAttempt, ForgetTraces], "the trace was forgotten before the record"


def test_a_trace_with_a_wrong_token_is_not_believed() -> None:
    stage = restarted(attempt())
    stage.connect(traces=(trace(token="0" * 32),))
    assert (stage.record(5).status, stage.record(5).live_answer) == (Status.LOST, False)


def test_a_test_call_stays_one_over_the_restart() -> None:
    stage = restarted(attempt(dial_mode="test", live_answer=True, state=A.WAITING))
    stage.connect(traces=(trace(),))
    assert (stage.record(5).disposition, stage.record(5).live_answer) == ("test_call", False)
    assert stage.ledger() == (9, 1)


def test_an_ended_attempt_without_a_final_record_is_closed_at_once() -> None:
    ended = attempt(
        state=A.ENDED, status=Status.ANSWERED, ended_at=START.wall, bridged_at=START.plus(-9).wall, agent_id=1
    )
    stage = restarted(unfinished=(replace(ended),))
    assert (stage.record(5).status, stage.record(5).disposition, stage.record(5).agent_id) == (
        Status.ANSWERED,
        "no_disposition",
        1,
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [(S.READY, S.READY), (S.WRAP_UP, S.READY), (S.PAUSED, S.PAUSED), (S.RESERVED, S.READY), (S.ON_CALL, S.READY)],
)
@pytest.mark.parametrize("on_hook", [False, True])
def test_agents_come_back_as_they_were(before: AgentState, after: AgentState, on_hook: bool) -> None:
    leg = "" if on_hook and before is not S.ON_CALL else "agt-1-0000beef"
    stage = restarted(agents=(was(before, leg, profile=agent(1, on_hook=on_hook)),))
    assert stage.agent_state() is S.LOGGED_OUT
    stage.connect(*([] if on_hook else [seen(leg, bridge="hold")]))
    assert stage.agent_state() is after
    assert stage.all(SaveAgentState)[-1].state is after


def test_an_idle_on_hook_leg_left_over_from_before_is_hung_up() -> None:
    stage = restarted(agents=(was(S.ON_CALL, profile=agent(1, on_hook=True)),))
    stage.connect(seen("agt-1-0000beef", bridge="hold"))
    assert (stage.agent_state(), stage.seat().leg_id) == (S.READY, "")
    assert {h.channel_id for h in stage.all(Hangup)} == {"agt-1-0000beef"}


def test_an_agent_whose_leg_went_with_asterisk_is_logged_out_with_the_reason() -> None:
    stage = restarted(agents=(was(S.READY),))
    stage.connect()
    last = stage.all(SaveAgentState)[-1]
    assert (last.state, last.leg_id) == (S.LOGGED_OUT, "")
    assert "ended" in last.reason


def test_channels_that_belong_to_nobody_are_hung_up_but_no_talk_is_cut() -> None:
    stage = Stage(campaign(), link=False)
    stage.connect(
        seen("dlr-90-00000001", up=False),
        seen("dlr-91-00000001"),
        seen("agt-8-00000001", bridge="hold8"),
        seen("agt-9-00000001", bridge="talk"),
        seen("dlr-92-00000001", bridge="talk"),
    )
    assert [h.channel_id for h in stage.all(Hangup)] == ["dlr-90-00000001", "agt-8-00000001"]


def test_traces_of_closed_attempts_are_named_and_forgotten() -> None:
    stage = Stage(campaign(), link=False)
    stage.connect(traces=(trace(71), trace(72)))
    assert "71, 72" in stage.all(LogEvent)[-1].text
    assert stage.all(ForgetTraces)[-1].keys == ("unattended/71", "unattended/72")


@pytest.mark.parametrize("known", [True, False])
def test_an_opt_out_is_kept_before_its_trace_is_forgotten(known: bool) -> None:
    stage = restarted(*([attempt()] if known else []))
    stage.tell(OptOutTrace(number="", at=START.wall, source="abandon", attempt_id=5, key="optout/a5"))
    added, forgotten = [c for c in stage.said if isinstance(c, AddDoNotCall | ForgetTraces)]
    assert isinstance(added, AddDoNotCall) and isinstance(forgotten, ForgetTraces)
    assert (added.number, added.attempt_id) == ("39555001005" if known else "", 5)
    assert forgotten.keys == ("optout/a5",)


# -- agents' legs


def test_login_rings_the_phone_and_a_ringing_login_can_be_taken_back() -> None:
    stage = Stage(campaign(), agents=[agent(1)], log_in=False)
    stage.phones = stage.hangups = False
    stage.tell(AgentLogin(agent_id=1))
    assert len(stage.all(RingAgent)) == 1
    stage.tell(AgentLogout(agent_id=1))
    stage.pick_up(1)  # the answer crossed the hang-up
    assert (stage.agent_state(), stage.seat().leg_id) == (S.LOGGED_OUT, "")


def test_a_phone_that_never_answers_ends_the_login() -> None:
    stage = Stage(campaign(), agents=[agent(1)], log_in=False)
    stage.phones = stage.hangups = False
    stage.tell(AgentLogin(agent_id=1))
    stage.wait(41)
    assert (stage.seat().leg_id, stage.all(SaveAgentState)[-1].reason) == ("", "the phone did not answer")


def test_who_ended_first_stays_known() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    call = stage.dial()
    stage.meet(call)
    stage.hangups = False
    stage.tell(HangupAttempt(attempt_id=call, by_agent=True))
    stage.put_down(1)
    stage.end(call)
    assert stage.record(call).hung_up_by is HungUpBy.AGENT
