"""AMD's delay against the silence limit: what is measured, when it is too much, and whom it keeps from starting."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st
from tests.core.stage import START, Stage
from tests.core.values import agent, campaign, settings

from dialerd.core.amd.delay import (
    FEWEST,
    KEPT,
    PersonsVerdict,
    VerdictTimes,
    certain_problem,
    late_verdicts,
    percentile,
    possible_delay,
)
from dialerd.core.campaign import AmdParameters, Campaign, CampaignState, CampaignVerb, MeasuredFrom
from dialerd.core.errors import Conflict
from dialerd.core.machine_messages import AmdCutOff
from dialerd.core.messages import (
    CampaignOrder,
    CampaignSaved,
    LogEvent,
    MessageStarted,
    Originate,
    UnattendedTrace,
)
from dialerd.core.picture import picture
from dialerd.core.remembered import Remembered
from dialerd.core.restored import Restored
from dialerd.core.traces import AMD_TOO_SLOW, CUT_NOTE

FROM_ANSWER = campaign(amd_enabled=True, abandon_measured_from=MeasuredFrom.ANSWER)
FROM_GREETING = campaign(amd_enabled=True)


def times(*verdicts: PersonsVerdict, parameters: AmdParameters | None = None) -> VerdictTimes:
    made = VerdictTimes(parameters or AmdParameters())
    made.remember(verdicts)
    return made


def delays(seconds: list[float]) -> VerdictTimes:
    return times(*(PersonsVerdict(one) for one in seconds))


def test_from_the_answer_all_of_the_delay_counts() -> None:
    spread = delays([1.0] * 90 + [2.5] * 10).against_limit(MeasuredFrom.ANSWER)
    assert spread is not None and (spread.calls, spread.median_s, spread.p95_s) == (100, 1.0, 2.5)


def test_from_the_greetings_end_only_the_silence_after_it_counts() -> None:
    seen = times(PersonsVerdict(1.9), PersonsVerdict(0.5), PersonsVerdict(5.0, greeted=False))
    spread = seen.against_limit(MeasuredFrom.GREETING_END)
    assert spread is not None and (spread.median_s, spread.p95_s) == (0.5, 0.8), "0, 0.5 and AMD's 0.8 s of silence"
    answer = seen.from_answer()
    assert answer is not None and answer.p95_s == 5.0


def test_few_calls_prove_nothing() -> None:
    slow = [5.0] * (FEWEST - 1)
    assert not delays(slow).over_limit(FROM_ANSWER)
    assert delays([*slow, 5.0]).over_limit(FROM_ANSWER)
    assert not delays([*slow, 5.0]).over_limit(replace(FROM_ANSWER, amd_enabled=False))
    assert times().from_answer() is None


def test_one_in_twenty_may_be_late_two_may_not() -> None:
    assert not delays([1.0] * 95 + [9.0] * 5).over_limit(FROM_ANSWER)
    assert delays([1.0] * 94 + [9.0] * 6).over_limit(FROM_ANSWER)
    assert not delays([2.0] * 100).over_limit(FROM_ANSWER), "the limit itself is kept"


def test_whom_the_limit_cut_off_is_over_it() -> None:
    cut = [PersonsVerdict(2.0, cut=True)] * 6
    seen = times(*[PersonsVerdict(1.0)] * 94, *cut)
    assert seen.over_limit(FROM_ANSWER)
    assert "more than 2.00 s after the answer (p95 of the last 100 people)" in late_verdicts(FROM_ANSWER, seen)
    assert not seen.over_limit(replace(FROM_ANSWER, abandon_after_s=3.0)), "of a longer limit they say nothing"


def test_other_parameters_begin_anew() -> None:
    seen = delays([9.0] * KEPT)
    seen.change(AmdParameters())
    assert len(seen.seen) == KEPT
    seen.change(AmdParameters(greeting=900))
    assert not seen.seen


@given(st.lists(st.floats(0, 10), min_size=1, max_size=300))
def test_the_percentiles_are_of_the_last_ones(seconds: list[float]) -> None:
    spread = delays(seconds).from_answer()
    last = sorted(seconds[-KEPT:])
    assert spread is not None and spread.calls == len(last)
    assert spread.p95_s == last[math.ceil(0.95 * len(last)) - 1] and spread.median_s in last


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.floats(0.01, 1))
def test_a_percentile_is_the_nearest_rank(values: list[int], share: float) -> None:
    found = percentile({value: values.count(value) for value in values}, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6
    assert sum(value < found for value in values) < share * len(values) + 1e-6
    assert percentile({}, share) is None


def test_parameters_that_can_never_keep_the_limit_are_a_problem() -> None:
    assert certain_problem(FROM_ANSWER) == certain_problem(FROM_GREETING) == ""
    slow = AmdParameters(after_greeting_silence=2100)
    assert "before 2.1 s after the end of the greeting" in certain_problem(replace(FROM_GREETING, amd=slow))
    slower = AmdParameters(after_greeting_silence=1950)
    assert certain_problem(replace(FROM_GREETING, amd=slower)) == ""
    assert "before 2.05 s after the answer" in certain_problem(replace(FROM_ANSWER, amd=slower))
    assert certain_problem(replace(FROM_ANSWER, amd=slower, amd_over_limit=True)) == ""
    assert certain_problem(replace(FROM_ANSWER, amd=slower, amd_enabled=False)) == ""


def test_before_enough_was_seen_the_parameters_warn() -> None:
    assert "may take up to 5 s" in possible_delay(FROM_ANSWER, times())
    assert possible_delay(FROM_ANSWER, delays([1.0] * FEWEST)) == "", "then the measure speaks"
    assert possible_delay(FROM_GREETING, times()) == ""
    quick = replace(FROM_ANSWER, amd=AmdParameters(total_analysis_time=1800))
    assert possible_delay(quick, times()) == ""


# ---------------------------------------------------------------- the dialer


def next_call(stage: Stage, number: int) -> int:
    """The attempt id of the call with this number, counted from 0; it is placed when the agent is free."""
    while len(stage.all(Originate)) <= number:
        stage.wait(0.5)
    return stage.all(Originate)[number].attempt_id


def asked(wanted: Campaign, delay_s: float, status: str = "HUMAN") -> Stage:
    """A stage on which AMD has judged one call."""
    stage = Stage(wanted, agents=[agent(1)])
    call = stage.dial()
    stage.answer(call)
    stage.wait(delay_s)
    stage.ask(call, status, f"{status}-1")
    return stage


@pytest.mark.parametrize(("status", "greeted"), [("HUMAN", True), ("NOTSURE", False)])
def test_a_persons_verdict_is_remembered(status: str, greeted: bool) -> None:
    seen = asked(FROM_GREETING, 1.25, status).dialer.floor.run(1).verdicts.seen
    assert list(seen) == [PersonsVerdict(pytest.approx(1.25), greeted=greeted)]


@pytest.mark.parametrize("status", ["MACHINE", "HANGUP", ""])
def test_other_verdicts_are_not(status: str) -> None:
    assert not asked(FROM_GREETING, 1.25, status).dialer.floor.run(1).verdicts.seen


@pytest.mark.parametrize("told_at_once", [True, False])
def test_a_call_that_amd_kept_over_the_limit_counts_and_blames_no_agi(told_at_once: bool) -> None:
    """Asterisk tells at once; the trace, read when the call is over or after a lost link, says the same."""
    stage = Stage(FROM_ANSWER, agents=[agent(1)])
    for number in range(12):  # more in a row than it takes to give up on an AGI that is not reached
        call = next_call(stage, number)
        stage.answer(call)
        stage.wait(2.0)
        attempt = stage.attempt(call)
        trace = UnattendedTrace(
            attempt_id=call, token=attempt.token, answered_at=None, message_started_at=None, message_ended_at=None,
            reason=AMD_TOO_SLOW, key=f"unattended-{call}",
        )  # fmt: skip
        if told_at_once:
            stage.tell(AmdCutOff(attempt_id=call))
            stage.tell(MessageStarted(attempt_id=call))
        stage.tell(trace)
        stage.end(call)
        assert stage.record(call).note == CUT_NOTE and stage.record(call).abandoned
    seen = stage.dialer.floor.run(1).verdicts.seen
    assert list(seen) == [PersonsVerdict(2.0, cut=True)] * 12
    assert not stage.dialer.floor.agi_problem("pbx")


def slow_stage(wanted: Campaign) -> Stage:
    """A stage that remembers slow verdicts from before its start."""
    remembered = Remembered(verdicts=(PersonsVerdict(2.5),) * FEWEST)
    return Stage(
        wanted, limits=settings(), restored=Restored(campaigns=(wanted,), remembered={1: remembered}), log_in=False
    )


def start(stage: Stage) -> None:
    stage.dialer.handle(CampaignOrder(campaign_id=1, verb=CampaignVerb.START), stage.now)


def test_a_campaign_with_late_verdicts_is_refused_until_something_changes() -> None:
    wanted = replace(FROM_ANSWER, state=CampaignState.STOPPED)
    stage = slow_stage(wanted)
    with pytest.raises(Conflict, match=r"2\.50 s after the answer .*--amd-over-limit"):
        start(stage)
    (shown,) = picture(stage.dialer.floor, stage.dialer.dialling, stage.now)["campaigns"]
    assert "cannot start yet" in shown["why"] and shown["start_problems"]
    assert shown["amd"]["over_limit"] and shown["amd"]["p95_s"] == 2.5
    stage.tell(CampaignSaved(campaign=replace(wanted, abandon_after_s=3.0)))
    start(stage)
    for change in ({"amd_over_limit": True}, {"amd": AmdParameters(greeting=900)}, {"amd_enabled": False}):
        again = slow_stage(wanted)
        again.tell(CampaignSaved(campaign=replace(wanted, **change)))
        start(again)


def test_a_campaign_that_runs_goes_on_with_a_warning() -> None:
    stage = slow_stage(FROM_ANSWER)
    run = stage.dialer.floor.run(1)
    assert stage.dialer.dialling.obstacle(run, stage.now) == ""
    (shown,) = picture(stage.dialer.floor, stage.dialer.dialling, stage.now)["campaigns"]
    assert any("2.50 s after the answer" in warning for warning in shown["warnings"])
    stage.wait(2.0)
    (shown,) = picture(stage.dialer.floor, stage.dialer.dialling, stage.now)["campaigns"]
    assert shown["why"].endswith("and abandon_after is 2 s")


def test_the_operator_is_told_once_when_the_limit_is_passed() -> None:
    stage = Stage(FROM_ANSWER, agents=[agent(1)])
    stage.dialer.floor.run(1).verdicts.remember([PersonsVerdict(3.0)] * 9 + [PersonsVerdict(1.0)] * (FEWEST - 12))
    told: list[int] = []
    for number in range(5):
        call = next_call(stage, number)
        stage.answer(call)
        stage.wait(1.9)
        stage.ask(call, "HUMAN")
        stage.end(call)
        told.append(len([log for log in stage.all(LogEvent) if "p95 of the last" in log.text]))
    assert told == [0, 0, 1, 1, 1], "with the fiftieth verdict, and no more"


def test_the_picture_without_amd_and_before_the_first_verdict() -> None:
    stage = Stage(campaign())
    (shown,) = picture(stage.dialer.floor, stage.dialer.dialling, START)["campaigns"]
    assert shown["amd"] is None
    stage = Stage(FROM_ANSWER)
    (shown,) = picture(stage.dialer.floor, stage.dialer.dialling, START)["campaigns"]
    assert (shown["amd"]["verdicts"], shown["amd"]["p95_s"], shown["amd"]["over_limit"]) == (0, None, False)
    assert any("may take up to 5 s" in warning for warning in shown["warnings"])
