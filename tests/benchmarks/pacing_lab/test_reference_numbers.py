"""The numbers in shared/reference/pacing.md that an independent re-statement must give again: 2.3, 2.4, 8 (1.8).

Cells of the reference that this lab does not give again stand in `benchmarks/pacing_lab/reference.md` with the reason.
"""

import pytest
from benchmarks.pacing_lab.laws.original import Original
from benchmarks.pacing_lab.laws.simple import DialUpTo, RatioOnIdle
from benchmarks.pacing_lab.laws.vicidial import Method, Vicidial
from benchmarks.pacing_lab.markov import Cell, best
from benchmarks.pacing_lab.oracle import outcome, tune
from benchmarks.pacing_lab.presets import headline, vicidial_reference
from benchmarks.pacing_lab.world import run

# agents, answer rate; optimum occupancy and abandons in percent; lines for 1, 2, 3 idle agents
MARKOV = [
    (3, 0.2, 77.8, 1.3, (1, 3, 6)),
    (5, 0.2, 80.3, 1.7, (1, 3, 6)),
    (10, 0.2, 85.6, 2.9, (1, 4, 7)),
    (20, 0.2, 89.6, 2.9, (1, 5, 9)),
    (10, 0.1, 83.9, 3.0, (2, 6, 12)),
    (10, 0.4, 88.7, 3.0, (1, 3, 4)),
    (5, 0.4, 85.6, 0.4, (1, 2, 4)),
]


@pytest.mark.parametrize(("agents", "rate", "occupancy", "abandons", "levels"), MARKOV)
def test_the_optimum_of_the_markov_cells(
    agents: int, rate: float, occupancy: float, abandons: float, levels: tuple[int, ...]
) -> None:
    optimum = best(Cell(agents, rate), limit=0.03)
    assert 100 * optimum.occupancy == pytest.approx(occupancy, abs=0.15)
    assert 100 * optimum.abandon_rate == pytest.approx(abandons, abs=0.15)
    assert optimum.levels[0] == 0
    assert optimum.levels[1:4] == pytest.approx(levels, abs=1)


@pytest.mark.parametrize(("agents", "occupancy", "abandons"), [(5, 76.3, 1.0), (10, 82.9, 2.0)])
def test_the_tables_of_the_optimum_inside_the_world(agents: int, occupancy: float, abandons: float) -> None:
    optimum = best(Cell(agents, 0.2), limit=0.03)
    got = outcome(lambda _: DialUpTo(optimum.levels), 0, headline(agents).but(hours=60), seeds=(1, 2))
    assert 100 * got.occupancy == pytest.approx(occupancy, abs=1.0)
    assert 100 * got.abandon_rate == pytest.approx(abandons, abs=0.5)


def test_the_best_ratio_on_idle_agents_found_by_the_oracle() -> None:
    """From 2.5 on two idle agents get five lines: a step, so the 3 % are not used up."""
    tuned = tune(RatioOnIdle, headline(10).but(hours=24), target=0.03, low=1, high=6, rounds=6, slack=1.0)
    fresh = outcome(RatioOnIdle, tuned.value, headline(10).but(hours=32), seeds=(1, 2))
    assert 100 * fresh.occupancy == pytest.approx(83.0, abs=1.2)
    assert 100 * fresh.abandon_rate == pytest.approx(3.0, abs=1.0)


# pacing.md 2.4, the headline cell, days of eight hours
ADAPTIVE = [
    (5, False, 3.0, 68.5, 3.3),
    (10, False, 3.0, 68.7, 3.1),
    (5, True, 3.0, 71.4, 3.1),
    (10, True, 3.0, 75.4, 3.0),
    (30, True, 3.0, 87.1, 0.7),
    (10, True, 10.0, 70.6, 3.1),
]


@pytest.mark.parametrize(("agents", "available", "maximum", "occupancy", "abandons"), ADAPTIVE)
def test_an_adaptive_level_in_the_headline_cells(
    agents: int, available: bool, maximum: float, occupancy: float, abandons: float
) -> None:
    got = outcome(
        lambda _: Vicidial("HARD_LIMIT", available_only=available, maximum_level=maximum),
        0,
        headline(agents).but(hours=40),
        seeds=(1, 2),
    )
    assert 100 * got.occupancy == pytest.approx(occupancy, abs=1.6)
    assert 100 * got.abandon_rate == pytest.approx(abandons, abs=0.5)


# pacing.md 8, 1.8: talk minutes per agent-hour and drop percentage; method, level or maximum, available only
VICIDIAL: list[tuple[int, Method, float, bool, float, float]] = [
    (5, "RATIO", 1.0, False, 23.7, 0.0),
    (10, "RATIO", 1.0, False, 23.6, 0.0),
    (5, "RATIO", 2.0, False, 39.2, 20.9),
    (10, "RATIO", 2.0, False, 41.3, 13.2),
    (20, "RATIO", 2.0, False, 42.9, 6.8),
    (50, "RATIO", 2.0, False, 43.4, 1.4),
    (5, "RATIO", 2.5, True, 35.7, 2.8),
    (20, "RATIO", 5.0, True, 43.1, 2.7),
    (5, "AVERAGE", 3.0, False, 24.4, 3.3),
    (10, "AVERAGE", 3.0, False, 24.8, 3.3),
    (20, "AVERAGE", 3.0, False, 25.4, 3.1),
    (10, "AVERAGE", 3.0, True, 36.9, 1.2),
    (20, "AVERAGE", 3.0, True, 37.4, 0.1),
    (5, "AVERAGE", 6.0, True, 26.5, 3.1),
    (50, "AVERAGE", 6.0, True, 43.2, 0.4),
    (10, "AVERAGE", 10.0, True, 25.6, 3.2),
    (10, "HARD_LIMIT", 6.0, True, 28.1, 3.1),
    (10, "TAPERED", 6.0, True, 29.2, 3.0),
]


@pytest.mark.parametrize(("agents", "method", "level", "available", "talk_minutes", "drops"), VICIDIAL)
def test_vicidials_own_reference_world(
    agents: int, method: Method, level: float, available: bool, talk_minutes: float, drops: float
) -> None:
    start = level if method == "RATIO" else 1.0
    results = [
        run(
            vicidial_reference(agents),
            Vicidial(method, start, available, maximum_level=level, ghost_s=12.0, latest_clock=1700),
            seed,
        )
        for seed in (0, 1, 2)
    ]
    talk = sum(result.talk_minutes for result in results) / 3
    dropped = 100 * sum(result.abandoned for result in results) / sum(result.live for result in results)
    assert talk == pytest.approx(talk_minutes, abs=1.3)
    assert dropped == pytest.approx(drops, abs=max(0.6, 0.13 * drops))


def test_the_original_law_exceeds_its_target_on_a_small_floor() -> None:
    got = outcome(lambda _: Original(), 0, headline(5).but(hours=40), seeds=(1, 2))
    assert got.abandon_rate > 0.04
