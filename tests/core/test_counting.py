"""When a call weighs in the abandon ledger: as soon as it is known what it is, and once, whatever happens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dialerd.core.abandon_window import AbandonWindow
from dialerd.core.agent import AgentState
from dialerd.core.call import AttemptState, Status
from dialerd.core.campaign import DialMode
from dialerd.core.messages import (
    CampaignSaved,
    HangupAttempt,
    LedgerLoaded,
    LoadLedger,
    MessageStarted,
    Originate,
    TestCall as TestingCall,
)
from dialerd.core.pacing.ledger import Counts, LedgerHistory
from dialerd.core.picture import picture

from .stage import Stage
from .test_reconcile import attempt, restarted, seen, trace, was
from .values import START, agent, campaign, lead

A, S = AttemptState, AgentState
LEG = "agt-1-0000beef"


def waiting(**changes: object) -> tuple[Stage, int]:
    """One agent talks; a second person has answered and waits."""
    stage = Stage(campaign(dial_mode=DialMode.POWER, dial_ratio=2.0, **changes), agents=[agent(1)], leads=2)
    stage.wait(1)
    first, second = (order.attempt_id for order in stage.all(Originate))
    stage.meet(first)
    stage.answer(second)
    stage.ask(second)
    return stage, second


def test_a_person_counts_from_the_verdict_and_an_abandon_from_the_end_of_the_wait() -> None:
    stage, second = waiting()
    assert stage.ledger() == (2, 0), "both are live answers; neither call has ended"
    before = stage.dialer.floor.campaigns[1].standing(stage.now).allowance
    stage.wait(1.9)
    assert stage.state(second) is A.ABANDONING
    assert stage.ledger() == (2, 1), "the message has not even begun"
    assert stage.dialer.floor.campaigns[1].standing(stage.now).allowance == before - 1, "and the pacer knows it"
    stage.tell(MessageStarted(attempt_id=second))
    stage.wait(20)
    (shown,) = picture(stage.dialer.floor, stage.dialer.dialling, stage.now)["campaigns"]
    assert shown["pacing"]["unfinished"] == {"live_answers": 2, "abandoned": 1}
    stage.end(second)
    assert stage.record(second).status is Status.ABANDONED
    assert stage.ledger() == (2, 1), "once"
    assert stage.dialer.floor.campaigns[1].counted.keys() == {1}, "what is finished is the store's"


def test_a_message_that_the_dialplan_began_counts_when_it_begins() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    call = stage.dial()
    stage.tell(MessageStarted(attempt_id=call))
    assert stage.ledger() == (1, 1)
    stage.end(call)
    assert stage.ledger() == (1, 1)


def test_who_is_hung_up_on_while_waiting_counts_at_once() -> None:
    stage, second = waiting()
    stage.hangups = False
    stage.tell(HangupAttempt(attempt_id=second))
    assert stage.ledger() == (2, 1)
    stage.end(second)
    assert stage.ledger() == (2, 1)


def test_who_hangs_up_in_time_is_no_abandon() -> None:
    stage, second = waiting()
    stage.end(second)
    assert stage.ledger() == (2, 0)


def test_a_machine_counts_from_the_verdict_and_not_when_the_message_overrules_it() -> None:
    stage = Stage(campaign(amd_enabled=True), agents=[agent(1)])
    stage.hangups = False
    call = stage.dial()
    stage.answer(call)
    stage.ask(call, amd="MACHINE")
    run = stage.dialer.floor.campaigns[1]
    assert (run.standing(stage.now).machines, stage.ledger()) == (1, (0, 0))
    stage.tell(MessageStarted(attempt_id=call))
    assert (run.standing(stage.now).machines, stage.ledger()) == (0, (1, 1))
    stage.end(call)
    assert (run.standing(stage.now).machines, stage.ledger()) == (0, (1, 1))


def test_a_test_call_never_counts() -> None:
    stage = Stage(campaign(), agents=[agent(1)], leads=0)
    stage.tell(TestingCall(campaign_id=1, lead=lead(1)))
    call = stage.all(Originate)[0].attempt_id
    stage.answer(call)
    stage.ask(call)
    stage.tell(MessageStarted(attempt_id=call))
    assert stage.ledger() == (0, 0)
    stage.end(call)
    assert stage.ledger() == (0, 0)


@pytest.mark.parametrize("closed_before", [True, False])
def test_the_store_is_asked_while_the_message_plays(closed_before: bool) -> None:
    """What is finished when the store is asked is in its answer, the rest is not; each call counts once."""
    stage, second = waiting()
    stage.wait(1.9)
    if closed_before:
        stage.end(second)
    day = replace(stage.dialer.floor.campaigns[1].campaign, abandon_window=AbandonWindow.ROLLING_24_HOURS)
    (ask,) = [c for c in stage.tell(CampaignSaved(campaign=day)) if isinstance(c, LoadLedger)]
    if not closed_before:
        stage.end(second)
    known = (Counts(stage.now.wall.timestamp(), 1, 1),) if closed_before else ()
    stage.tell(LedgerLoaded(campaign_id=1, request=ask.request, history=LedgerHistory(rows=known)))
    assert stage.ledger() == (2, 1)


@pytest.mark.parametrize(
    ("state", "live", "counted"),
    [
        (A.ABANDONING, True, (10, 2)),
        (A.TALKING, True, (10, 1)),
        (A.WAITING, True, (10, 1)),
        (A.MACHINE, False, (9, 1)),
        (A.RINGING, False, (9, 1)),
    ],
)
def test_a_restart_counts_what_the_store_has_no_finished_record_of(
    state: AttemptState, live: bool, counted: tuple[int, int]
) -> None:
    """The store knows 9 live answers, one of them abandoned, and this call is still open."""
    stage = restarted(attempt(state=state, live_answer=live, answered_at=START.wall), agents=(was(S.READY, LEG),))
    assert stage.ledger() == counted, "before Asterisk is asked"
    stage.connect(seen(LEG, bridge="holding"), traces=(trace(),) if state is A.ABANDONING else ())
    assert stage.closed(5)
    live_answers, abandoned = stage.ledger()
    assert (live_answers, abandoned) == counted or state is A.TALKING


def test_who_ended_unseen_in_the_abandon_message_is_abandoned_not_lost() -> None:
    """The daemon was killed between the end of the channel and the finished record."""
    ended = attempt(state=A.ABANDONING, live_answer=True, answered_at=START.wall, ended_at=START.wall)
    stage = restarted(unfinished=(ended,))
    assert stage.record(5).status is Status.ABANDONED
    assert stage.ledger() == (10, 2)


def test_a_known_person_whom_a_restarted_dialerd_hangs_up_on_is_abandoned() -> None:
    stage = restarted(attempt(state=A.WAITING, live_answer=True), agents=(was(S.READY, LEG),))
    stage.connect(stage.channel(5), seen(LEG, bridge="holding"))
    stage.hangups = False
    stage.tell(HangupAttempt(attempt_id=5))
    assert stage.ledger() == (10, 2)
    stage.end(5)
    assert (stage.record(5).status, stage.ledger()) == (Status.ABANDONED, (10, 2))
