"""Owns the oracle: it tunes a law's one number on seeds of its own until the abandon rate is the one that is wanted.

Knows laws only as something made from a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .contract import Law
from .scenario import Scenario
from .world import run

TUNING_SEEDS = (901, 902)


@dataclass(frozen=True, slots=True)
class Tuned:
    """A number, and what it gave on the tuning seeds."""

    value: float
    abandon_rate: float
    occupancy: float


def outcome(make: Callable[[float], Law], value: float, scenario: Scenario, seeds: Iterable[int]) -> Tuned:
    """Return what a law with this number gives over these seeds together."""
    results = [run(scenario, make(value), seed) for seed in seeds]
    live = sum(result.live for result in results)
    abandoned = sum(result.abandoned for result in results)
    busy = sum(result.talk_s + result.wrap_s for result in results)
    there = sum(result.logged_in_s for result in results)
    return Tuned(value, abandoned / live if live else 0.0, busy / there if there else 0.0)


def tune(
    make: Callable[[float], Law],
    scenario: Scenario,
    target: float,
    low: float,
    high: float,
    seeds: Iterable[int] = TUNING_SEEDS,
    rounds: int = 10,
    slack: float = 1.03,
) -> Tuned:
    """Return the busiest setting found whose abandon rate is at most `slack` times the target.

    More of the number must mean more dialling. Bisection, because the rate grows with it up to noise; small floors take
    it in steps, so the target may not be used up.
    """
    seeds = tuple(seeds)
    best = outcome(make, low, scenario, seeds)
    for _ in range(rounds):
        middle = (low + high) / 2
        tried = outcome(make, middle, scenario, seeds)
        if tried.abandon_rate <= target * slack:
            low = middle
            if tried.occupancy >= best.occupancy:
                best = tried
        else:
            high = middle
    return best
