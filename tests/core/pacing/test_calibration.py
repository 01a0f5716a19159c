"""Tests of dialerd.core.pacing.calibration: the interval is Poisson's, and each fit is named."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, strategies as st

from dialerd.core.pacing.calibration import MANY, Fit, calibration, interval


@pytest.mark.parametrize(
    ("mean", "low", "high"), [(0.0, 0, 0), (0.5, 0, 2), (1.0, 0, 3), (5.0, 1, 10), (10.0, 4, 17), (100.0, 81, 120)]
)
def test_intervals_of_the_tables(mean: float, low: int, high: int) -> None:
    assert interval(mean) == (low, high)


@given(st.floats(0, 5000))
def test_at_most_one_in_forty_lies_on_either_side(mean: float) -> None:
    low, high = interval(mean)
    assert 0 <= low <= mean + 1 and mean - 1 <= high
    if 0 < mean <= MANY:

        def below(count: int) -> float:
            return math.fsum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(count))

        assert below(low) <= 0.025 + 1e-9 and 1 - below(high + 1) <= 0.025 + 1e-9


def test_the_two_ways_to_count_meet() -> None:
    exact, normal = interval(MANY), interval(MANY + 1e-6)
    assert abs(exact[0] - normal[0]) <= 2 and abs(exact[1] - normal[1]) <= 2


@pytest.mark.parametrize(
    ("expected", "happened", "fit"),
    [
        (0.0, 0, Fit.TOO_FEW),
        (2.0, 0, Fit.TOO_FEW),
        (2.0, 2, Fit.AS_FORECAST),
        (10.0, 3, Fit.FEWER),
        (10.0, 4, Fit.AS_FORECAST),
        (10.0, 18, Fit.MORE),
        (0.01, 1, Fit.MORE),
    ],
)
def test_fits(expected: float, happened: int, fit: Fit) -> None:
    assert calibration(expected, happened).fit is fit


def test_a_true_forecast_is_rarely_called_wrong() -> None:
    rng = random.Random(5)
    wrong = 0
    for _ in range(400):
        chances = [rng.uniform(0, 0.06) for _ in range(400)]
        happened = sum(rng.random() < chance for chance in chances)
        wrong += calibration(sum(chances), happened).fit in (Fit.MORE, Fit.FEWER)
    assert wrong <= 30
