"""Predictive campaigns on the stage: what the pacer sees and learns, and when nothing at all may be dialled."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest

from dialerd.core.campaign import DialMode
from dialerd.core.messages import AgentLogout, AgentPause, CallEnded, OpenAttempts, Originate
from dialerd.core.moment import Moment
from dialerd.core.pacing import Limit
from dialerd.core.predictive_flow import situation
from dialerd.core.why import why

from .stage import Stage
from .values import agent, campaign

PREDICTIVE = {"dial_mode": DialMode.PREDICTIVE, "max_dial_ratio": 10.0, "wrapup_time_s": 20.0}


def stage_of(agents: int = 4, **changes: object) -> Stage:
    return Stage(
        campaign(**(PREDICTIVE | changes)), agents=[agent(i) for i in range(1, agents + 1)], leads=500
    )  # fmt: skip


def placed(stage: Stage) -> int:
    return len(stage.all(Originate))


def nobody_answers(stage: Stage, seconds: int) -> None:
    """Every call rings for ten seconds in vain."""
    ended: set[int] = set()
    for _ in range(seconds):
        stage.wait(1)
        for order in stage.all(Originate):
            attempt = stage.attempt(order.attempt_id)
            if (
                order.attempt_id not in ended
                and attempt.dialed_at
                and stage.now.wall >= attempt.dialed_at + timedelta(seconds=10)
            ):
                ended.add(order.attempt_id)
                stage.tell(CallEnded(attempt_id=order.attempt_id, hangup_cause=19))


def test_it_dials_more_lines_than_agents_and_says_why() -> None:
    stage = stage_of(agents=4)
    stage.wait(2)
    assert placed(stage) > 4
    run = stage.dialer.floor.campaigns[1]
    text = stage.attempt(1).pacing_decision
    assert text.startswith("predictive calls=") and "risk=" in text and "credit=3.0" in text
    dials, sentence = why(stage.dialer.floor, stage.dialer.dialling, run, stage.now)
    assert dials and "one call for each free agent and 3 more until 30 calls have shown" in sentence
    nobody_answers(stage, 60)
    dials, sentence = why(stage.dialer.floor, stage.dialer.dialling, run, stage.now)
    assert dials and "would meet no agent with a chance of" in sentence


def test_the_less_people_answer_the_more_lines_it_uses() -> None:
    stage = stage_of(agents=4)
    stage.wait(2)
    at_first = len(stage.dialer.floor.calls)
    nobody_answers(stage, 120)
    assert len(stage.dialer.floor.calls) > at_first
    rate = stage.dialer.floor.campaigns[1].pacer.answers.rate
    assert rate.seen > 100 and rate.mean < 0.1


def test_what_the_pacer_sees_of_the_floor() -> None:
    stage = stage_of(agents=4)
    stage.wait(1)
    first, second, third, *_ = [o.attempt_id for o in stage.all(Originate)]
    stage.meet(first)
    stage.wait(30)
    stage.meet(second)
    stage.tell(CallEnded(attempt_id=second, hangup_cause=16))
    stage.wait(5)
    run = stage.dialer.floor.campaigns[1]
    seen = situation(stage.dialer.floor, run, 2, 1.5, stage.now)
    assert seen.talking == pytest.approx([35.0]) and seen.wrapping == pytest.approx([5.0])
    assert seen.idle == 2 and seen.credit == 1.5 and seen.staffed == 4
    assert max(age for age, _ in seen.ringing) == pytest.approx(35.0, abs=1.5)
    stage.tell(AgentPause(agent_id=1, reason="tea"))  # whoever is about to leave is expected by nobody
    stage.tell(AgentPause(agent_id=2, reason="tea"))
    after = situation(stage.dialer.floor, run, 2, 1.5, stage.now)
    assert len(after.talking) + len(after.wrapping) < 2 and third


def test_it_learns_talk_and_wrap_up_from_its_own_agents() -> None:
    stage = stage_of(agents=1, wrapup_time_s=7.0)
    pacer = stage.dialer.floor.campaigns[1].pacer
    stage.wait(2)
    call = stage.all(Originate)[0].attempt_id
    stage.meet(call)
    stage.wait(60)
    stage.tell(CallEnded(attempt_id=call, hangup_cause=16))
    stage.wait(10)
    assert (pacer.talk.seen, pacer.wrap.seen) == (1, 1)
    assert pacer.talk.mean_s < 180 and pacer.wrap.mean_s == pytest.approx(7.0, abs=0.2)


def test_with_the_budget_spent_it_dials_one_call_for_each_free_agent() -> None:
    stage = stage_of(agents=4)
    stage.dialer.floor.campaigns[1].ledger.add(stage.now.wall.timestamp(), 50, 3)
    stage.wait(3)
    assert placed(stage) == 4
    run = stage.dialer.floor.campaigns[1]
    assert run.decision is not None and run.decision.limit is Limit.BUDGET
    assert "abandon budget" in why(stage.dialer.floor, stage.dialer.dialling, run, stage.now)[1]


def test_zero_agents_zero_calls() -> None:
    stage = Stage(campaign(**PREDICTIVE), leads=50)
    stage.wait(5)
    assert placed(stage) == 0


@pytest.mark.parametrize("leaving", [AgentPause(agent_id=1, reason="tea"), AgentLogout(agent_id=1)])
def test_once_everybody_has_left_nothing_is_placed(leaving: AgentPause | AgentLogout) -> None:
    stage = stage_of(agents=3)
    stage.wait(3)
    for agent_id in (1, 2, 3):
        stage.tell(replace(leaving, agent_id=agent_id))
    before = placed(stage)
    nobody_answers(stage, 60)
    assert placed(stage) == before


def test_while_the_store_is_stalled_nothing_is_placed() -> None:
    stage = stage_of(agents=4)
    stage.commits = False
    stage.wait(60)
    intents = len(stage.all(OpenAttempts))
    assert placed(stage) == 0
    stage.wait(60)
    assert len(stage.all(OpenAttempts)) == intents, "no further intents either"


@pytest.mark.parametrize("jump", [timedelta(hours=-5), timedelta(hours=5), timedelta(days=-400), timedelta(days=400)])
def test_a_clock_that_jumps_opens_no_hole_in_the_limit(jump: timedelta) -> None:
    """Afterwards never more calls at once than agents, and the three abandons that a fresh window allows at most."""
    stage = stage_of(agents=4)
    ledger = stage.dialer.floor.campaigns[1].ledger
    ledger.add(stage.now.wall.timestamp(), 200, 9)
    stage.wait(2)
    assert placed(stage) == 4
    stage.now = Moment(stage.now.wall + jump, stage.now.mono)
    stage.wait(5)
    standing = ledger.standing(stage.now.wall.timestamp())
    assert standing.allowance <= 3
    plan = stage.dialer.floor.campaigns[1].decision
    assert plan is not None and plan.inputs.plan is not None and plan.inputs.plan.threshold <= 0.07
    if abs(jump) < timedelta(days=30):
        assert placed(stage) == 4, "the window still knows that nothing is left"


def test_events_that_come_late_or_never_leave_the_estimates_sane() -> None:
    stage = stage_of(agents=2)
    stage.wait(2)
    run = stage.dialer.floor.campaigns[1]
    for order in stage.all(Originate):
        stage.tell(CallEnded(attempt_id=order.attempt_id, hangup_cause=None, sip_cause=None))
        stage.tell(CallEnded(attempt_id=order.attempt_id, hangup_cause=16, sip_cause=200))
    stage.wait(2)
    assert math.isfinite(run.pacer.answers.rate.mean) and not run.fault


def test_agents_busy_for_another_campaign_are_not_expected_back() -> None:
    both = [agent(1, campaigns=(1, 2)), agent(2, campaigns=(1, 2))]
    stage = Stage(campaign(1, **PREDICTIVE), campaign(2, **PREDICTIVE), agents=both, leads=50)
    stage.wait(2)
    call = next(o.attempt_id for o in stage.all(Originate) if stage.attempt(o.attempt_id).campaign_id == 1)
    stage.meet(call)
    floor = stage.dialer.floor
    assert len(situation(floor, floor.campaigns[1], 0, 3.0, stage.now).talking) == 1
    assert situation(floor, floor.campaigns[2], 0, 3.0, stage.now).talking == []
