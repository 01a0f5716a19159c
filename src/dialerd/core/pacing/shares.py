"""Owns how ready agents are shared between campaigns: higher priority first, no agent counted twice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimant:
    """One campaign asking for agents: who is ready for it and how many calls it already has in flight."""

    campaign_id: int
    priority: int
    ready: frozenset[int]
    in_flight: int
    calls_per_agent: float


def share_agents(claimants: Sequence[Claimant]) -> dict[int, int]:
    """Given the claimants, return for each campaign how many ready agents it may count as its own.

    First every campaign keeps the agents that its calls in flight need (by priority), then the rest goes to the
    highest priority; an agent of several campaigns is counted for one of them only. Agents with few campaigns
    are used up first so that flexible agents stay available.
    """
    order = sorted(claimants, key=lambda c: (-c.priority, c.campaign_id))
    memberships: dict[int, int] = {}
    for claimant in order:
        for agent in claimant.ready:
            memberships[agent] = memberships.get(agent, 0) + 1
    taken: set[int] = set()
    own: dict[int, int] = {}
    for claimant in order:
        need = math.ceil(claimant.in_flight / max(1.0, claimant.calls_per_agent))
        free = sorted(claimant.ready - taken, key=lambda agent: (memberships[agent], agent))
        kept = free[:need]
        taken.update(kept)
        own[claimant.campaign_id] = len(kept)
    for claimant in order:
        rest = claimant.ready - taken
        taken.update(rest)
        own[claimant.campaign_id] += len(rest)
    return own
