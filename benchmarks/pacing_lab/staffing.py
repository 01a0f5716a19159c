"""Owns who comes and goes when: log-ins, leavings and breaks as a plan drawn before the run starts. Knows no law."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .scenario import Scenario


class Move(NamedTuple):
    """An agent logs in or is to leave at this time."""

    at_s: float
    agent: int
    comes: bool
    announced: bool


def number_of_agents(scenario: Scenario) -> int:
    """Return how many agents there are in all, with those who come later."""
    return scenario.agents + sum(change.by for change in scenario.staffing if change.by > 0)


def plan(scenario: Scenario, rng: np.random.Generator) -> list[Move]:
    """Return all moves of a run in the order of time. Who has left for good takes no further break."""
    end = scenario.hours * 3600
    first = np.sort(rng.random(scenario.agents)) * scenario.log_in_over_s
    moves = [Move(float(at), agent, True, False) for agent, at in enumerate(first)]
    here: dict[int, float] = {agent: float(at) for agent, at in enumerate(first)}
    gone: dict[int, float] = {}
    new = scenario.agents
    for change in sorted(scenario.staffing, key=lambda one: one.at_s):
        if change.by > 0:
            comers = range(new, new + change.by)
            new += change.by
            moves += [Move(change.at_s, agent, True, False) for agent in comers]
            here |= dict.fromkeys(comers, change.at_s)
        else:
            staying = sorted(agent for agent in here if agent not in gone)
            for agent in rng.permutation(staying)[: -change.by].tolist():
                moves.append(Move(change.at_s, agent, False, change.announced))
                gone[agent] = change.at_s
    if scenario.breaks is not None:
        for agent, since in here.items():
            moves += _breaks(scenario, agent, since, gone.get(agent, end), rng)
    return sorted(moves, key=lambda move: move.at_s)


def _breaks(scenario: Scenario, agent: int, since: float, until: float, rng: np.random.Generator) -> list[Move]:
    assert scenario.breaks is not None
    moves: list[Move] = []
    at = since + float(rng.exponential(scenario.breaks.every_s))
    while True:
        back = at + float(rng.exponential(scenario.breaks.length_s))
        announced = bool(rng.random() < scenario.breaks.announced_share)
        if back >= until:
            return moves
        moves += [Move(at, agent, False, announced), Move(back, agent, True, False)]
        at = back + float(rng.exponential(scenario.breaks.every_s))
