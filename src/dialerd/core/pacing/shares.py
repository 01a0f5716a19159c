"""Owns how ready agents are shared between campaigns: higher priority first, no agent counted twice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimant:
    """One campaign asking for agents: who is ready for it, its calls in flight, and the most it could place now."""

    campaign_id: int
    priority: int
    ready: frozenset[int]
    in_flight: int
    calls_per_agent: float
    room: int


def share_agents(claimants: Sequence[Claimant]) -> dict[int, int]:
    """Given the claimants, return for each campaign how many ready agents it may count as its own.

    First every campaign keeps the agents that its calls in flight need (by priority), then the highest priority
    takes what it has room for, and so on: a campaign without leads or lines leaves its agents to the others. An
    agent of several campaigns is counted for one of them only. Agents with few campaigns are used up first so that
    flexible agents stay available.
    """
    order = sorted(claimants, key=lambda c: (-c.priority, c.campaign_id))
    memberships: dict[int, int] = {}
    for claimant in order:
        for agent in claimant.ready:
            memberships[agent] = memberships.get(agent, 0) + 1
    taken: set[int] = set()
    own: dict[int, int] = {}
    for claimant in order:
        kept = _first(claimant, claimant.in_flight, taken, memberships)
        taken.update(kept)
        own[claimant.campaign_id] = len(kept)
    for claimant in order:
        more = _first(claimant, claimant.room, taken, memberships)
        taken.update(more)
        own[claimant.campaign_id] += len(more)
    return own


def _first(claimant: Claimant, calls: int, taken: set[int], memberships: dict[int, int]) -> list[int]:
    """The free agents that `calls` calls need."""
    needed = math.ceil(calls / max(1.0, claimant.calls_per_agent))
    free = claimant.ready - taken
    if not 0 < needed < len(free):
        return list(free) if needed > 0 else []
    return sorted(free, key=lambda agent: (memberships[agent], agent))[:needed]
