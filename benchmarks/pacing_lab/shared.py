"""Owns cells in which several campaigns share one floor, and how its idle agents are shared: as in production."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dialerd.core.pacing.shares import share_agents, turn_at

from .campaign import Campaign
from .scenario import Scenario, StaffChange


@dataclass(frozen=True, slots=True)
class Shared:
    """Campaigns of equal priority whose calls all agents take. The floor and its time are those of the first."""

    name: str
    campaigns: tuple[Scenario, ...]

    def __post_init__(self) -> None:
        if len({(one.agents, one.hours, one.abandon_limit) for one in self.campaigns}) != 1:
            raise ValueError(f"{self.name}: campaigns on one floor have the same agents, hours and limit")

    def but(self, name: str | None = None, **changes: Any) -> Shared:
        """Return this cell with some things changed in every campaign."""
        return replace(self, name=name or self.name, campaigns=tuple(one.but(**changes) for one in self.campaigns))

    @property
    def agents(self) -> int:
        return self.campaigns[0].agents

    @property
    def hours(self) -> float:
        return self.campaigns[0].hours

    @property
    def abandon_limit(self) -> float:
        return self.campaigns[0].abandon_limit

    @property
    def staffing(self) -> tuple[StaffChange, ...]:
        return self.campaigns[0].staffing

    @property
    def steps(self) -> tuple[tuple[float, float], ...]:
        return tuple(step for one in self.campaigns for step in one.steps)

    @property
    def stationary(self) -> bool:
        """Say whether nothing changes but by chance in any of the campaigns."""
        return all(one.stationary for one in self.campaigns)


Cell = Scenario | Shared


def campaigns_of(cell: Cell) -> tuple[Scenario, ...]:
    """Return the campaigns of a cell: one, where it is a scenario."""
    return cell.campaigns if isinstance(cell, Shared) else (cell,)


def as_in_production(campaigns: Sequence[Campaign], idle: Collection[int], now: float) -> dict[int, int]:
    """Return how many idle agents are each campaign's, as the dialler counts them."""
    ready = frozenset(idle)
    own = share_agents([campaign.claim(ready, now) for campaign in campaigns], turn_at(now))
    return {number: len(agents) for number, agents in own.items()}
