"""Owns how ready agents are shared between campaigns: higher priority first, no agent counted twice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimant:
    """One campaign asking for agents: who is ready for it, its calls in flight, and the most it could place now.

    `spare`: calls beyond its agents that it may have at all (what the abandon ledger still allows); None: any.
    `forecasts`: it dials by who will be free, not so many calls for each agent (predictive).
    """

    campaign_id: int
    priority: int
    ready: frozenset[int]
    in_flight: int
    calls_per_agent: float
    room: int
    spare: int | None = None
    forecasts: bool = False

    def agents_for(self, calls: int) -> int:
        """How many agents `calls` calls need."""
        at_least = calls - self.spare if self.spare is not None else 0
        return max(math.ceil(calls / max(1.0, self.calls_per_agent)), at_least)


def share_agents(claimants: Sequence[Claimant]) -> dict[int, list[int]]:
    """Given the claimants, return for each campaign the ready agents that it may count as its own.

    First every campaign keeps the agents that its calls in flight need (by priority), then the highest priority
    takes what it has room for, and so on: a campaign without leads or lines leaves its agents to the others. Who is
    left belongs to the first campaign that forecasts: ten idle agents bear more calls than five times two. An agent
    of several campaigns is counted for one of them only. Agents with few campaigns are used up first so that flexible
    agents stay available.
    """
    order = sorted(claimants, key=lambda c: (-c.priority, c.campaign_id))
    memberships: dict[int, int] = {}
    for claimant in order:
        for agent in claimant.ready:
            memberships[agent] = memberships.get(agent, 0) + 1
    taken: set[int] = set()
    own: dict[int, list[int]] = {}
    for claimant in order:
        kept = _first(claimant, claimant.agents_for(claimant.in_flight), taken, memberships)
        taken.update(kept)
        own[claimant.campaign_id] = kept
    for claimant in order:
        wanted = claimant.agents_for(claimant.in_flight + claimant.room) - len(own[claimant.campaign_id])
        more = _first(claimant, wanted, taken, memberships)
        taken.update(more)
        own[claimant.campaign_id] += more
    for claimant in order:
        if claimant.forecasts and claimant.room > 0:  # whom nobody else wants may as well be counted on
            more = list(claimant.ready - taken)
            taken.update(more)
            own[claimant.campaign_id] += more
    return own


def _first(claimant: Claimant, needed: int, taken: set[int], memberships: dict[int, int]) -> list[int]:
    """The first `needed` free agents."""
    free = claimant.ready - taken
    if not 0 < needed < len(free):
        return list(free) if needed > 0 else []
    return sorted(free, key=lambda agent: (memberships[agent], agent))[:needed]
