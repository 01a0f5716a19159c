"""Owns the Markov decision process of dialling: busy agents and ringing lines, the best lines for each number of idle.

Exponential times, no grace, answers and non-answers ring equally long (pacing.md 2.3). Knows nothing of the world.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .durations import Floats


@dataclass(frozen=True, slots=True)
class Cell:
    """A floor whose optimum is sought."""

    agents: int
    answer_rate: float
    ring_s: float = 12.0
    handle_s: float = 170.0
    most_lines: int = 0  # 0: as many as could make sense

    @property
    def lines(self) -> int:
        return self.most_lines or round(2.2 * self.agents / self.answer_rate**0.8) + 6


@dataclass(frozen=True, slots=True)
class Optimum:
    """A policy: the lines to dial up to for 0, 1, 2 … idle agents; and what it gives."""

    levels: tuple[int, ...]
    occupancy: float
    abandon_rate: float
    price: float  # busy share of the floor, in seconds, that an abandon costs


def best(cell: Cell, limit: float, rounds: int = 14) -> Optimum:
    """Return the busiest deterministic policy found that keeps the limit: bisection on the price of an abandon."""
    low, high = 0.0, 40.0 * cell.handle_s / cell.agents
    values = np.zeros((cell.agents + 1, cell.lines + 1))
    found: Optimum | None = None
    for _ in range(rounds):
        price = (low + high) / 2
        target, values = _iterate(cell, price, values)
        occupancy, abandon_rate = _long_run(cell, target)
        levels = tuple(int(target[cell.agents - idle, 0]) for idle in range(cell.agents + 1))
        if abandon_rate <= limit:
            high = price
            if found is None or occupancy > found.occupancy:
                found = Optimum(levels, occupancy, abandon_rate, price)
        else:
            low = price
    assert found is not None
    return found


def _iterate(cell: Cell, price: float, values: Floats) -> tuple[np.ndarray, Floats]:
    """Return for each state the lines after the decision, and the relative values, by value iteration.

    The values are those before the decision; one step is one event of the uniformised chain.
    """
    busy = np.arange(cell.agents + 1)[:, None].astype(float)
    lines = np.arange(cell.lines + 1)[None, :].astype(float)
    ends, rings = 1 / cell.handle_s, 1 / cell.ring_s
    total = cell.agents * ends + cell.lines * rings
    free, answer, fail = busy * ends / total, lines * rings * cell.answer_rate / total, lines * rings / total
    fail = fail - answer
    stay = 1 - free - answer - fail
    reward = busy / cell.agents - price * answer * total * (busy == cell.agents)
    reward = reward / total
    after = values
    for step in range(200_000):
        after = (
            reward
            + stay * values
            + free * np.vstack([values[:1], values[:-1]])
            + answer * _one_line_less(np.vstack([values[1:], values[-1:]]))
            + fail * _one_line_less(values)
        )
        new = np.maximum.accumulate(after[:, ::-1], axis=1)[
            :, ::-1
        ]  # more lines may be dialled at once, none taken back
        change = new - values
        values = new - new[0, 0]
        if step % 50 == 0 and change.max() - change.min() < 2e-5 / total:
            break
    best_of_more = np.empty(values.shape, dtype=int)
    level = np.full(cell.agents + 1, cell.lines)
    for line in range(cell.lines, -1, -1):
        better = after[:, line] >= after[np.arange(cell.agents + 1), level] - 1e-12
        level = np.where(better, line, level)
        best_of_more[:, line] = level
    return best_of_more, values


def _one_line_less(values: Floats) -> Floats:
    return np.hstack([values[:, :1], values[:, :-1]])


def _long_run(cell: Cell, target: np.ndarray) -> tuple[float, float]:
    """Return occupancy and abandon rate of a policy from the stationary distribution over states after decisions."""
    states: dict[tuple[int, int], int] = {}
    queue = [(0, int(target[0, 0]))]
    rows: list[tuple[int, tuple[int, int], float]] = []
    while queue:
        state = queue.pop()
        if state in states:
            continue
        busy, lines = state
        states[state] = len(states)
        moves = []
        if busy:
            moves.append(((busy - 1, lines), busy / cell.handle_s))
        if lines:
            moves.append(((min(busy + 1, cell.agents), lines - 1), lines * cell.answer_rate / cell.ring_s))
            moves.append(((busy, lines - 1), lines * (1 - cell.answer_rate) / cell.ring_s))
        for (next_busy, next_lines), rate in moves:
            then = (next_busy, int(target[next_busy, next_lines]))
            rows.append((states[state], then, rate))
            queue.append(then)
    generator = np.zeros((len(states), len(states)))
    for origin, then, rate in rows:
        generator[states[then], origin] += rate
        generator[origin, origin] -= rate
    generator[0] = 1.0
    wanted = np.zeros(len(states))
    wanted[0] = 1.0
    share = np.linalg.solve(generator, wanted)
    busy_of = np.array([busy for busy, _ in states], dtype=float)
    lines_of = np.array([lines for _, lines in states], dtype=float)
    answers = share @ lines_of
    return float(share @ busy_of / cell.agents), float(share @ (lines_of * (busy_of == cell.agents)) / answers)
