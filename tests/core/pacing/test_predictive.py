"""The predictive plan: what it may never do, whatever it has seen."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from dialerd.core.campaign import DialMode
from dialerd.core.dialer import PACERS
from dialerd.core.pacing import Limit, PacingInputs, decide
from dialerd.core.pacing.predictive import FIRST_OUTCOMES, MOST_UNORDERED, PredictivePacer, Situation

AGES = st.lists(st.floats(0, 5000), max_size=12)


def situation(**changes: Any) -> Situation:
    """Ten agents: two idle, six talking, two wrapping up, with credit to spend."""
    values: dict[str, Any] = {
        "now_s": 1000.0, "idle": 2, "talking": [10.0, 50.0, 90.0, 120.0, 200.0, 300.0], "wrapping": [3.0, 15.0],
        "credit": 4.0, "limit": 0.03,
    }  # fmt: skip
    return Situation(**(values | changes))


def seasoned(chance: float = 0.2, seed: int = 1) -> PredictivePacer:
    """A pacer that has seen five hundred calls."""
    rng = random.Random(seed)
    pacer = PredictivePacer()
    for n in range(500):
        answered = rng.random() < chance
        pacer.call_ended(float(n), n + (rng.uniform(5, 15) if answered else 20.0), answered)
        pacer.talk_ended(rng.expovariate(1 / 150))
        pacer.wrap_up_ended(rng.expovariate(1 / 20))
    return pacer


def test_it_dials_beyond_the_idle_agents_while_the_risk_fits() -> None:
    plan = seasoned().plan(situation())
    assert plan.calls > 2 and max(plan.risks) <= plan.threshold < plan.next_risk


def test_without_credit_it_is_progressive() -> None:
    for credit in (
        0.99,
        0.0,
        -5.0,
    ):  # a risk of next to nothing needs none, but there is no such call on so small a floor
        assert seasoned().plan(situation(credit=credit)).calls == 2
        assert seasoned().plan(situation(credit=credit, ringing=[(5.0, ())])).calls == 1
        assert seasoned().plan(situation(credit=credit, idle=0, talking=[], wrapping=[])).calls == 0


def test_before_the_first_outcomes_everybody_may_answer() -> None:
    """With a guess of 25 % sixty idle agents got 150 calls; four in five answered, and 73 people were abandoned."""
    cold = situation(idle=60, talking=[], wrapping=[], credit=3.4)
    pacer = PredictivePacer()
    assert pacer.plan(cold).calls == 63
    assert pacer.plan(replace(cold, ringing=[(4.0, ())] * 63)).calls == 0
    for n in range(FIRST_OUTCOMES):
        pacer.call_ended(float(n), n + 10.0, n % 4 == 0)
    assert pacer.plan(cold).calls > 63


def test_on_a_large_floor_calls_of_next_to_no_risk_need_no_whole_abandon_of_credit() -> None:
    """Half of a hundred agents idle: their calls alone would leave most of them idle for long."""
    large = situation(idle=50, talking=[float(n) for n in range(50)], wrapping=[], credit=0.4)
    plan = seasoned().plan(large)
    assert plan.calls > 100 and max(plan.risks) <= plan.threshold == 1e-4 and plan.held
    assert seasoned().plan(replace(large, limit=1e-5)).threshold == pytest.approx(1e-6)
    assert seasoned().plan(replace(large, credit=0.0)).calls == 50


@given(st.integers(0, 300), AGES, AGES, st.integers(0, 20), st.floats(-10, 0.0))
@settings(deadline=None, max_examples=60)
def test_without_credit_no_call_can_be_in_the_way_of_another(
    idle: int, talking: list, ringing: list, waiting: int, credit: float
) -> None:
    calls = [(age, ()) for age in ringing]
    plan = seasoned().plan(situation(idle=idle, talking=talking, ringing=calls, waiting=waiting, credit=credit))
    assert plan.calls == max(0, min(200, idle - len(ringing) - waiting)), "exactly progressive"


@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.floats(-100, 1e6), st.booleans()), max_size=60),
    st.lists(st.floats(-100, 1e7), max_size=30),
    st.integers(0, 5), AGES, AGES,
)  # fmt: skip
@settings(deadline=None, max_examples=80)
def test_fed_with_nonsense_it_keeps_to_its_threshold(
    calls: list, lengths: list, idle: int, talking: list, ringing: list
) -> None:
    pacer = PredictivePacer()
    for dialled, ended, answered in calls:
        pacer.call_ended(dialled, ended, answered)
    for seconds in lengths:
        pacer.talk_ended(seconds)
        pacer.wrap_up_ended(seconds)
    plan = pacer.plan(situation(idle=idle, talking=talking, wrapping=[], ringing=[(age, ()) for age in ringing]))
    assert all(0 <= risk <= plan.threshold for risk in plan.risks)
    assert 0 < plan.chance < 1 and plan.calls <= 200


def test_nobody_there_is_nobody_to_dial_for() -> None:
    for credit in (0.0, 4.0, 1e6):
        assert seasoned().plan(situation(idle=0, talking=[], wrapping=[], credit=credit)).calls == 0


def test_more_credit_never_means_fewer_calls_and_more_waiting_never_more() -> None:
    calls = [seasoned().plan(situation(credit=credit)).calls for credit in (0.5, 1.5, 3.0, 5.0, 20.0)]
    assert calls == sorted(calls) and calls[0] < calls[-1]
    waiting = [seasoned().plan(situation(waiting=n)).calls for n in range(5)]
    assert waiting == sorted(waiting, reverse=True) and waiting[-1] == 0


def test_the_rarer_answers_are_the_more_calls_are_placed() -> None:
    calls = [seasoned(chance).plan(situation()).calls for chance in (0.05, 0.2, 0.6)]
    assert calls[0] > calls[1] > calls[2]


def test_quick_ends_do_not_count_before_slower_calls_dialled_earlier() -> None:
    pacer = PredictivePacer()
    for n in range(50):
        pacer.call_ended(100.0 + n, 110.0 + n, answered=True)
    before = pacer.answers.rate.seen
    pacer.plan(situation(now_s=160.0, ringing=[(61.0, ())]))  # dialled at 99, still ringing
    assert pacer.answers.rate.seen == before == 0
    pacer.plan(situation(now_s=161.0))
    assert pacer.answers.rate.seen == 50


def test_a_batch_is_learned_when_its_last_call_is_over_and_in_no_order_of_outcome() -> None:
    """Two hundred calls dialled at once: 40 answer, then 160 ring out. Neither half may look like a change."""
    pacer = PredictivePacer()
    for n in range(40):
        pacer.call_ended(100.0, 105.0 + n / 5, answered=True)
    pacer.plan(situation(now_s=115.0, ringing=[(15.0, ())] * 160))
    assert pacer.answers.rate.seen == 0
    for _ in range(160):
        pacer.call_ended(100.0, 120.0, answered=False)
    pacer.plan(situation(now_s=121.0))
    assert pacer.answers.rate.seen == 200 and pacer.answers.rate.mean == pytest.approx(0.2, abs=0.04)


def test_what_nobody_plans_with_does_not_pile_up() -> None:
    pacer = PredictivePacer()
    for n in range(3 * MOST_UNORDERED):
        pacer.call_ended(float(n), n + 1.0, answered=False)
    assert len(pacer._unordered) <= MOST_UNORDERED


@pytest.mark.parametrize(
    ("changes", "calls", "limit"),
    [
        ({}, 5, Limit.NONE),
        ({"max_dial_ratio": 0.5}, 4, Limit.NONE),
        ({"max_dial_ratio": 0.5, "in_flight": 4}, 0, Limit.AGENTS),
        ({"max_lines": 3}, 3, Limit.LINES),
        ({"staffed": 0}, 0, Limit.NO_AGENTS),
        ({"min_dial_ratio": 4.0, "abandon_allowance": 9}, 8, Limit.NONE),
        ({"min_dial_ratio": 4.0, "abandon_allowance": 1}, 5, Limit.BUDGET),
    ],
)
def test_the_operators_ratios_hold(changes: dict[str, Any], calls: int, limit: Limit) -> None:
    plan = seasoned().plan(situation(credit=100.0), most=5)
    assert plan.calls == 5
    values: dict[str, Any] = {
        "mode": DialMode.PREDICTIVE, "dial_ratio": 1.0, "ready": 2, "staffed": 8, "in_flight": 0, "lines_used": 0,
        "max_lines": 50, "trunk_free": 50, "rate_free": 50, "plan": plan,
    }  # fmt: skip
    decision = decide(PacingInputs(**(values | changes)), PACERS)
    assert (decision.calls, decision.limit) == (calls, limit)
    assert "threshold=" in decision.text() and "credit=" in decision.text()


def test_a_spent_budget_is_named() -> None:
    plan = seasoned().plan(situation(credit=0.2, ringing=[(3.0, ()), (4.0, ())]))
    inputs = PacingInputs(
        mode=DialMode.PREDICTIVE, dial_ratio=1.0, ready=2, staffed=10, in_flight=2, lines_used=2, max_lines=50,
        trunk_free=50, rate_free=50, plan=plan,
    )  # fmt: skip
    assert decide(inputs, PACERS).limit is Limit.BUDGET
    assert decide(replace(inputs, in_flight=1), PACERS) == replace(
        decide(inputs, PACERS), calls=1, ratio=0.2, inputs=replace(inputs, in_flight=1)
    ), "also when a free agent gets a call"
    assert decide(replace(inputs, max_dial_ratio=0.2), PACERS).limit is Limit.AGENTS, "credit would change nothing"
