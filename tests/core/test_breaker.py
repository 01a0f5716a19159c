"""What fails every time is left alone but for probes: the breaker by itself, on trunks and on the AGI."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings as hypothesis_settings, strategies as st

from dialerd.core.breaker import Breaker
from dialerd.core.call import Status
from dialerd.core.campaign import DialMode
from dialerd.core.health import problems
from dialerd.core.messages import (
    AttemptsOpened,
    CallEnded,
    CloseAttempt,
    LogEvent,
    MessageStarted,
    OpenAttempts,
    Originate,
    OriginateFailed,
    TestCall,
    UnattendedTrace,
    VerdictAsked,
)
from dialerd.core.why import why

from .stage import Stage
from .values import agent, campaign, lead

MANY: dict[str, Any] = {"dial_mode": DialMode.POWER, "dial_ratio": 3.0}


@hypothesis_settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(["fail", "work", "try"]), st.floats(0, 30)), max_size=60))
def test_between_two_successes_no_more_than_the_limit_and_one_probe_a_pause(steps: list[tuple[str, float]]) -> None:
    breaker = Breaker(limit=5, first_pause_s=5, longest_pause_s=60)
    now, in_a_row = 0.0, 0
    probes: list[float] = []
    for step, pause in steps:
        now += pause
        if step == "work":
            breaker.worked()
            in_a_row, probes = 0, []
            assert breaker.free(9, now) == 9
        elif step == "fail":
            breaker.failed("503", now)
            in_a_row += 1
            assert breaker.open is (in_a_row >= 5)
        else:
            free = breaker.free(9, now)
            breaker.took(free, now)
            if in_a_row < 5:
                assert free == 9
            elif free:
                assert free == 1
                probes.append(now)
                assert breaker.free(9, now) == 0, "one probe, then a pause"
    gaps = [later - earlier for earlier, later in pairwise(probes)]
    assert all(gap >= min(5 * 2 ** (n + 1), 60) - 1e-6 for n, gap in enumerate(gaps)), gaps
    assert breaker.failures == in_a_row


def fail_everything(stage: Stage, **causes: int) -> None:
    """Every call that has been sent is refused by the network at once."""
    for call in [c for c in stage.dialer.floor.calls.values() if c.attempt.dialed_at is not None]:
        stage.tell(CallEnded(attempt_id=call.attempt.id, **causes))


def hours_of(stage: Stage, seconds: int, **causes: int) -> None:
    """Time passes, and the network refuses whatever is dialled within a second."""
    for _ in range(seconds):
        stage.wait(1)
        fail_everything(stage, **causes)


def test_a_trunk_that_answers_503_to_everything_does_not_burn_the_list() -> None:
    stage = Stage(campaign(**MANY), agents=[agent(i) for i in (1, 2, 3, 4)], leads=2000)
    hours_of(stage, 600, hangup_cause=34, sip_cause=503)
    placed = stage.all(Originate)
    assert 10 <= len(placed) <= 10 + 12 + 12, f"{len(placed)} calls in ten minutes"
    (told,) = [p for p in problems(stage.dialer.floor) if "trunk out" in p]
    assert "refuses every call" in told and "503" in told and "congestion" in told
    run = stage.dialer.floor.campaigns[1]
    dials, sentence = why(stage.dialer.floor, stage.dialer.dialling, run, stage.now)
    assert not dials and "trunk out refuses every call" in sentence, sentence
    warnings = [c.text for c in stage.all(LogEvent) if "trunk out" in c.text]
    assert len(warnings) == 1, "told once"
    assert all(c.attempt.status is Status.CONGESTION for c in stage.all(CloseAttempt))


def test_it_heals_with_the_first_probe_that_the_network_takes() -> None:
    stage = Stage(campaign(**MANY), agents=[agent(1), agent(2)], leads=500)
    hours_of(stage, 120, hangup_cause=34, sip_cause=503)
    before = len(stage.all(Originate))
    for _ in range(70):
        stage.wait(1)
        if len(stage.all(Originate)) > before:
            break
    (probe,) = stage.all(Originate)[before:]
    stage.ring(probe.attempt_id)
    assert not problems(stage.dialer.floor)
    stage.wait(3)
    assert len(stage.all(Originate)) > before + 2, "as many as before"
    assert any("takes calls again" in c.text for c in stage.all(LogEvent))


@pytest.mark.parametrize("causes", [{"hangup_cause": 17, "sip_cause": 486}, {"hangup_cause": 1, "sip_cause": 404}])
def test_refusals_by_the_called_party_are_a_trunk_that_works(causes: dict[str, int]) -> None:
    stage = Stage(campaign(**MANY), agents=[agent(1)], leads=500)
    hours_of(stage, 60, **causes)
    assert not problems(stage.dialer.floor) and len(stage.all(Originate)) > 60


def test_a_carrier_that_forbids_every_call_is_a_trunk_that_refuses() -> None:
    """SIP 403, as after an unpaid bill: never a ring between the refusals, so it is not the people called."""
    stage = Stage(campaign(**MANY), agents=[agent(1)], leads=500)
    hours_of(stage, 60, hangup_cause=21, sip_cause=403)
    (problem,) = problems(stage.dialer.floor)
    assert "rejected (SIP 403)" in problem
    assert len(stage.all(Originate)) < 20


def test_a_channel_that_cannot_be_made_counts_and_a_lost_link_does_not() -> None:
    stage = Stage(campaign(**MANY), agents=[agent(1)], leads=500)
    for _ in range(20):
        stage.wait(1)
        for call in list(stage.dialer.floor.calls.values()):
            stage.tell(OriginateFailed(channel_id=call.attempt.channel_id, reason="no such endpoint", certain=True))
    assert "no such endpoint" in problems(stage.dialer.floor)[0]
    stage = Stage(campaign(**MANY), agents=[agent(1)], leads=500)
    for _ in range(20):
        stage.wait(1)
        for call in list(stage.dialer.floor.calls.values()):
            stage.tell(OriginateFailed(channel_id=call.attempt.channel_id, reason="link", certain=False))
    assert not problems(stage.dialer.floor)


def test_a_test_call_goes_through_and_its_success_heals() -> None:
    stage = Stage(campaign(**MANY), agents=[agent(1)], leads=500)
    hours_of(stage, 30, hangup_cause=34, sip_cause=503)
    assert problems(stage.dialer.floor)
    stage.tell(TestCall(campaign_id=1, lead=lead(9999)))
    attempt_id = stage.given
    assert isinstance(attempt_id, int)
    stage.ring(attempt_id)
    assert not problems(stage.dialer.floor)


def unattended(stage: Stage, calls: int) -> None:
    """People answer, and the dialplan plays the message without ever asking: Asterisk does not reach our AGI."""
    for _ in range(calls):
        before = len(stage.all(Originate))
        stage.wait(1)
        for sent in stage.all(Originate)[before:]:
            stage.answer(sent.attempt_id)
            stage.tell(MessageStarted(attempt_id=sent.attempt_id))
            stage.tell(
                UnattendedTrace(
                    attempt_id=sent.attempt_id, token=sent.token, answered_at=None, message_started_at=None,
                    message_ended_at=None, reason="refused", key=f"unattended-{sent.attempt_id}",
                )
            )  # fmt: skip
            stage.tell(CallEnded(attempt_id=sent.attempt_id, hangup_cause=16))


def test_people_are_not_called_to_hear_the_message_because_the_agi_is_unreachable() -> None:
    stage = Stage(campaign(), agents=[agent(1)], leads=500)
    unattended(stage, 300)
    abandoned = [c for c in stage.all(CloseAttempt) if c.attempt.status is Status.ABANDONED]
    assert 3 <= len(abandoned) <= 3 + 6, f"{len(abandoned)} people in five minutes"
    (told,) = problems(stage.dialer.floor)
    assert "AGI" in told and "3 calls" not in told.split("AGI")[0], told
    dials, sentence = why(stage.dialer.floor, stage.dialer.dialling, stage.dialer.floor.campaigns[1], stage.now)
    assert not dials and "AGI" in sentence
    for _ in range(400):  # a probe whose AGI asks
        before = len(stage.all(Originate))
        stage.wait(1)
        if len(stage.all(Originate)) > before:
            break
    stage.meet(stage.all(Originate)[-1].attempt_id)
    assert not problems(stage.dialer.floor)


def test_a_hangup_before_the_verdict_is_nobodys_fault() -> None:
    stage = Stage(campaign(), agents=[agent(1)], leads=100)
    for _ in range(10):
        call = stage.dial()
        stage.answer(call)
        token = stage.dialer.floor.calls[call].attempt.token
        stage.tell(
            UnattendedTrace(
                attempt_id=call, token=token, answered_at=None, message_started_at=None,
                message_ended_at=None, reason="hangup", key=f"unattended-{call}",
            )
        )  # fmt: skip
        stage.tell(CallEnded(attempt_id=call, hangup_cause=0))
    assert not problems(stage.dialer.floor)


# -- a store that neither writes nor fails


def test_a_store_that_does_not_answer_gets_no_further_intents_and_is_named() -> None:
    stage = Stage(campaign(**MANY), agents=[agent(1)], leads=500)
    stage.commits = False
    stage.wait(30)
    opened = stage.all(OpenAttempts)
    assert len({a.id for c in opened for a in c.attempts}) <= 4, "no more while nobody knows of the first"
    (told,) = problems(stage.dialer.floor)
    assert "has not committed" in told
    stage.commits = True
    late = [call.attempt.id for call in stage.dialer.floor.calls.values()]
    stage.tell(AttemptsOpened(attempt_ids=tuple(late)))
    sent = [o.attempt_id for o in stage.all(Originate)]
    assert not set(late) & set(sent), "what allowed them half a minute ago may not hold any more"
    closed = {c.attempt.id: c.attempt for c in stage.all(CloseAttempt)}
    assert {closed[i].status for i in late} == {Status.CANCELLED}
    assert "not sent" in closed[late[0]].note
    stage.wait(2)
    assert stage.all(Originate) and not problems(stage.dialer.floor)


def test_a_store_that_takes_two_seconds_is_waited_for() -> None:
    stage = Stage(campaign(), agents=[agent(1)], leads=10)
    stage.commits = False
    stage.wait(2)
    (waiting,) = stage.dialer.floor.calls
    stage.wait(1.5)
    stage.tell(AttemptsOpened(attempt_ids=(waiting,)))
    assert [o.attempt_id for o in stage.all(Originate)] == [waiting]


# -- forged verdict requests


def test_a_flood_of_forged_verdict_requests_writes_a_few_lines() -> None:
    stage = Stage(campaign(), agents=[agent(1)], leads=10)
    call = stage.dial()
    for _ in range(1000):
        assert stage.verdict(stage.ask(call, token="f" * 32)) == "refused"
    warned = [c.text for c in stage.all(LogEvent) if "wrong token" in c.text]
    assert 1 <= len(warned) <= 5
    stage.wait(61)
    other = next(iter(stage.dialer.floor.calls), 999)
    stage.tell(VerdictAsked(request_id=5000, attempt_id=other, token="f" * 32, amd_status="", amd_cause=""))
    assert any("more before" in c.text for c in stage.all(LogEvent))


# -- why, when there is nothing to dial


def test_between_two_claims_the_reason_is_still_the_leads() -> None:
    """The agents that a campaign without leads leaves to the others are not busy."""
    stage = Stage(campaign(), agents=[agent(1)], leads=0)
    for _ in range(12):
        stage.wait(1)
        _, sentence = why(stage.dialer.floor, stage.dialer.dialling, stage.dialer.floor.campaigns[1], stage.now)
        assert "lead" in sentence and "busy" not in sentence, sentence
