"""What is learned: answer rate, ringing times, talk and wrap-up."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

from dialerd.core.pacing.answers import AnswerModel, RingTable
from dialerd.core.pacing.drifting_rate import DriftingRate
from dialerd.core.pacing.durations import LONGEST_S, Durations
from dialerd.core.pacing.handling import free_table


def fed(rate: DriftingRate, chance: float, count: int, seed: int = 1) -> DriftingRate:
    rng = random.Random(seed)
    for _ in range(count):
        rate.observe(rng.random() < chance)
    return rate


@pytest.mark.parametrize(("chance", "within"), [(0.05, 0.2), (0.2, 0.12), (0.6, 0.05)])
def test_a_steady_rate_is_learned_closely(chance: float, within: float) -> None:
    errors = [fed(DriftingRate(0.25), chance, 3000, seed).mean / chance - 1 for seed in range(6)]
    assert np.sqrt(np.mean(np.square(errors))) < within


def test_a_doubled_rate_is_noticed_within_a_hundred_outcomes() -> None:
    seen = [fed(fed(DriftingRate(0.25), 0.2, 3000, seed), 0.4, 100, seed + 50).mean for seed in range(8)]
    assert np.mean(seen) > 0.3


def test_with_little_seen_the_cautious_chance_is_well_above_the_mean() -> None:
    few, many = fed(DriftingRate(0.25), 0.2, 10), fed(DriftingRate(0.25), 0.2, 5000)
    assert few.cautious(1.0) - few.mean > 2 * (many.cautious(1.0) - many.mean)


@given(st.lists(st.booleans(), max_size=300))
@settings(deadline=None)
def test_whatever_is_observed_the_rate_stays_a_chance(outcomes: list[bool]) -> None:
    rate = DriftingRate(0.25)
    for outcome in outcomes:
        rate.observe(outcome)
    assert 0 < rate.mean < 1 and rate.variance > 0 and math.isfinite(rate.cautious(3.0))


@given(st.floats(0, 7200), st.lists(st.floats(-10, 1e7), max_size=60), st.lists(st.floats(0, 1e6), max_size=20))
@example(7.0, [], [])
@settings(deadline=None)
def test_whatever_is_observed_survival_falls_from_one(prior: float, ended: list[float], going_on: list[float]) -> None:
    durations = Durations(prior)
    for seconds in ended:
        durations.observe(seconds)
    left = durations.survival(going_on)
    assert left[0] == 1.0 and np.all(np.diff(left) <= 1e-12) and np.all(left >= 0) and len(left) == LONGEST_S + 1


def test_talks_are_learned_with_those_that_go_on() -> None:
    """A hundred agents who talk 60 s on average, after a minute: without the unfinished talks they would seem short."""
    rng = np.random.default_rng(3)
    talks = rng.exponential(60.0, 100)
    durations = Durations(60.0)
    for seconds in talks[talks <= 60]:
        durations.observe(float(seconds))
    left = durations.survival([60.0] * int(np.sum(talks > 60)))
    assert left[30] == pytest.approx(math.exp(-30 / 60), abs=0.08)
    assert left[59] == pytest.approx(math.exp(-59 / 60), abs=0.08)
    assert durations.survival()[59] < left[59] - 0.1


def test_a_call_that_has_rung_for_long_is_worth_nothing() -> None:
    rng = random.Random(4)
    model = AnswerModel()
    for _ in range(2000):
        if rng.random() < 0.2:
            model.observe(True, rng.uniform(5, 15))
        else:
            model.observe(False, 20.0)
    table = RingTable.of(model)
    new, middle, old = table.chances([0.0, 8.0, 16.5], [0.2] * 3)
    assert new[-1] == pytest.approx(0.19, abs=0.03)
    assert middle[-1] < new[-1] and middle[0] > new[0], "it answers sooner, if at all"
    assert old[-1] < 0.03


def test_segments_that_answer_more_often_are_told_apart() -> None:
    rng = random.Random(5)
    model = AnswerModel()
    for n in range(4000):
        good = n % 2 == 0
        model.observe(rng.random() < (0.4 if good else 0.1), 10.0, ("good" if good else "bad", 1))
    assert model.chance(("good", 1)) == pytest.approx(0.4, abs=0.07)
    assert model.chance(("bad", 1)) == pytest.approx(0.1, abs=0.03)
    assert model.chance(("unknown", 1)) == pytest.approx(0.25, abs=0.05)


def test_what_all_calls_have_in_common_is_learned_once() -> None:
    """Sixty unlucky calls of one list, one hour and all first attempts: the same surprise must not count four times."""
    plain, told = AnswerModel(), AnswerModel()
    for n in range(60):
        plain.observe(n % 20 == 0, 10.0)
        told.observe(n % 20 == 0, 10.0, ("list", 1, 9))
    assert plain.chance() < 0.15
    assert told.chance(("list", 1, 9)) == pytest.approx(plain.chance())
    assert told.chance(("list", 1, 10)) == pytest.approx(plain.chance()), "nothing is known of ten o'clock"


def test_agents_who_talk_have_their_wrap_up_still_before_them() -> None:
    talk, wrap = Durations(100.0), Durations(20.0)
    rng = np.random.default_rng(6)
    for _ in range(800):
        talk.observe(float(rng.exponential(100.0)))
        wrap.observe(float(rng.exponential(20.0)))
    table = free_table(talk, wrap, [], [])
    ahead = np.array([5.0, 15.0, 30.0])
    talking = table.by(ahead).chances([50.0], [])[0]
    wrapping = table.by(ahead).chances([], [5.0])[0]
    # two exponential stages one after the other; and one alone
    expected = 1 - (100 * np.exp(-ahead / 100) - 20 * np.exp(-ahead / 20)) / 80
    assert talking == pytest.approx(expected, abs=0.03)
    assert wrapping == pytest.approx(1 - np.exp(-ahead / 20), abs=0.08)


def test_many_leads_at_once_have_the_chances_they_have_one_by_one() -> None:
    model, rng = AnswerModel(), random.Random(5)
    segments = [(rng.randrange(3), rng.randrange(1, 4), rng.randrange(24)) for _ in range(200)]
    for segment in segments:
        model.observe(rng.random() < 0.1 * segment[1], rng.uniform(1, 20), segment)
    for deviations in (0.0, -0.5, 1.7):
        one_by_one = [model.chance(segment, deviations=deviations) for segment in segments]
        assert model.chance_of_each(segments, deviations=deviations) == one_by_one
        assert len(set(one_by_one)) > 10
