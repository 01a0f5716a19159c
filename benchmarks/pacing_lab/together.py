"""Owns the run of a cell whatever it is made of: each of its campaigns with a law of its own, and what came of all.

The worse of several campaigns is the one that is reported: a floor keeps the limit when each of its campaigns does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .campaign import Campaign
from .contract import Law
from .results import Result
from .scenario import Scenario
from .shared import Cell, as_in_production, campaigns_of
from .world import World, all_to_one

SEEDS_APART = 1_000_003  # the second campaign's chances are those of another seed


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a floor gave: one result for each of its campaigns."""

    results: tuple[Result, ...]

    @property
    def worse(self) -> Result:
        """The campaign furthest beyond what it may abandon; where none is, that of the highest abandon rate."""
        return max(self.results, key=lambda one: (max(0.0, one.excess), one.abandon_rate))

    def windows_above(self, limit: float) -> tuple[int, int]:
        """Return how many 24 h windows are above the limit, and of how many, in the campaign with most of them."""
        return max((one.windows_above(limit) for one in self.results), key=lambda pair: (pair[0], -pair[1]))

    @property
    def least_share(self) -> float:
        """The share of the agents' talk and wrap-up that the campaign with least of it got."""
        total = sum(one.handled_s for one in self.results)
        return min(one.handled_s for one in self.results) / total if total else 0.0


def run_cell(cell: Cell, make: Callable[[Scenario], Law], seed: int, calls_per_agent: float) -> Outcome:
    """Run a law, made afresh for each campaign, in a cell."""
    campaigns = [
        Campaign(one, make(one), seed + SEEDS_APART * number, number=number, calls_per_agent=calls_per_agent)
        for number, one in enumerate(campaigns_of(cell))
    ]
    return Outcome(tuple(World(campaigns, as_in_production if len(campaigns) > 1 else all_to_one).run()))
