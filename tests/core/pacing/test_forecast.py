"""The forecast against enumeration, and its large form against its exact one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from dialerd.core.pacing import forecast as module
from dialerd.core.pacing.forecast import Forecast

WEIGHTS = np.array([0.5, 0.5])
CHANCES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=4)


def rows(pairs: list[tuple[float, float]]) -> np.ndarray:
    return np.array(pairs, float).reshape(-1, 2)


def enumerated(idle: int, waiting: int, free: np.ndarray, answering: np.ndarray) -> float:
    """P(X ≤ Y), every combination of yes and no written out."""
    risk = 0.0
    for horizon, weight in enumerate(WEIGHTS):
        chances = [*free[:, horizon], *answering[:, horizon]]
        for happens in itertools.product((0, 1), repeat=len(chances)):
            chance = np.prod([p if yes else 1 - p for p, yes in zip(chances, happens, strict=True)])
            agents = idle + sum(happens[: len(free)])
            people = waiting + sum(happens[len(free) :])
            risk += weight * chance * (agents <= people)
    return risk


@given(st.integers(0, 3), st.integers(0, 4), CHANCES, CHANCES)
@settings(max_examples=150, deadline=None)
def test_small_floors_are_exact(idle: int, waiting: int, free: list, answering: list) -> None:
    forecast = Forecast(idle, rows(free), rows(answering), waiting, WEIGHTS)
    if idle - waiting + len(free) <= 0 or (not [p for p in free if max(p) > 1e-4] and idle <= waiting):
        assert forecast.risk() == 1.0
        return
    assert forecast.risk() == pytest.approx(enumerated(idle, waiting, rows(free), rows(answering)), abs=2e-3)


@given(st.integers(0, 3), CHANCES, CHANCES, st.tuples(st.floats(0, 1), st.floats(0, 1)))
@settings(deadline=None)
def test_one_more_call_never_lowers_the_risk(idle: int, free: list, answering: list, new: tuple) -> None:
    forecast = Forecast(idle, rows(free), rows(answering), 0, WEIGHTS)
    before = forecast.risk()
    forecast.add(np.array(new))
    assert forecast.risk() >= before - 1e-12
    assert 0 <= forecast.risk() <= 1 + 1e-12


def test_calls_for_idle_agents_carry_no_risk_at_all() -> None:
    forecast = Forecast(3, rows([(0.1, 0.2)]), rows([(0.9, 1.0), (0.5, 0.7)]), 0, WEIGHTS)
    assert forecast.risk() == 0.0
    forecast.add(np.array([0.2, 0.2]))
    assert forecast.risk() > 0


@pytest.mark.parametrize("idle", [0, 2, 6, 12])
@pytest.mark.parametrize("calls", [20, 60, 90])
def test_large_floors_are_within_a_point_of_the_exact_sum(
    idle: int, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(5)
    free, answering = rng.uniform(0, 0.25, (90, 2)), rng.uniform(0, 0.3, (calls, 2))
    monkeypatch.setattr(module, "EXACT_UP_TO", 10_000)
    exact = Forecast(idle, free, answering, 0, WEIGHTS)
    monkeypatch.setattr(module, "EXACT_UP_TO", 0)
    large = Forecast(idle, free, answering, 0, WEIGHTS)
    assert exact.exact and not large.exact
    assert large.risk() == pytest.approx(exact.risk(), abs=0.01)
