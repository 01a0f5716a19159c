"""The lab's queue against theory: Erlang C with callers who wait for ever, A with patience, B with none."""

import math
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pytest
from benchmarks.pacing_lab.contract import Observation, View
from benchmarks.pacing_lab.durations import Constant, Exponential, Uniform
from benchmarks.pacing_lab.results import Result
from benchmarks.pacing_lab.scenario import Scenario
from benchmarks.pacing_lab.world import run

TICK_S = 10.0
SEEDS = range(10)
AGENTS, TALK_S, LOAD = 10, 60.0, 8.0


class PoissonAnswers:
    """A batch at each tick whose calls are answered at any time before the next: together a Poisson stream."""

    def __init__(self, per_s: float, seed: int) -> None:
        self.per_tick = per_s * TICK_S
        self.rng = np.random.default_rng([seed, 77])
        self.next_s = 0.0

    def decide(self, view: View) -> int:
        if view.now < self.next_s:
            return 0
        self.next_s = view.now + TICK_S
        return int(self.rng.poisson(self.per_tick))

    def observe(self, what: Observation) -> None:
        pass


def queue(seeds: Iterable[int] = SEEDS, **changes: object) -> list[Result]:
    scenario = Scenario(
        name="queue",
        agents=AGENTS,
        answer_rate=1.0,
        others=(),
        answer_after=Uniform(0.0, TICK_S),
        talk=Exponential(TALK_S),
        wrap=Constant(0.0),
        grace_s=math.inf,
        hours=40.0,
        tick_s=TICK_S,
        coalesce_s=0.0,
    ).but(**changes)
    return [run(scenario, PoissonAnswers(LOAD / TALK_S, seed), seed) for seed in seeds]


def agrees(values: list[float], theory: float) -> bool:
    """Say whether the theory lies in the 99.9 % interval of the mean over the seeds (t with nine degrees: 4.78)."""
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return abs(float(np.mean(values)) - theory) <= 4.78 * error


def erlang_b(agents: int, load: float) -> float:
    blocked = 1.0
    for number in range(1, agents + 1):
        blocked = load * blocked / (number + load * blocked)
    return blocked


def erlang_a(agents: int, load: float, patience_in_talks: float) -> tuple[float, float]:
    """Return the share abandoned and the share delayed, by the stationary law of the birth and death process."""
    weights = [1.0]
    for number in range(1, agents + 400):
        leaving = min(number, agents) + max(0, number - agents) / patience_in_talks
        weights.append(weights[-1] * load / leaving)
    shares = np.array(weights) / sum(weights)
    waiting = np.maximum(0, np.arange(len(shares)) - agents)
    return float(shares @ waiting / patience_in_talks / load), float(shares[agents:].sum())


def test_callers_who_wait_for_ever_wait_as_erlang_c_says() -> None:
    results = queue()
    blocked = erlang_b(AGENTS, LOAD)
    delayed = blocked / (1 - LOAD / AGENTS * (1 - blocked))
    assert agrees([float(np.mean(result.waits > 1e-9)) for result in results], delayed)
    assert agrees([float(np.mean(result.waits)) for result in results], delayed * TALK_S / (AGENTS - LOAD))
    assert agrees([result.occupancy for result in results], LOAD / AGENTS)
    assert all(result.abandoned == 0 for result in results)


@pytest.mark.parametrize("patience_s", [20.0, 120.0])
def test_callers_with_patience_abandon_as_erlang_a_says(patience_s: float) -> None:
    results = queue(patience=Exponential(patience_s))
    abandoned, delayed = erlang_a(AGENTS, LOAD, patience_s / TALK_S)
    assert agrees([result.abandon_rate for result in results], abandoned)
    assert agrees([float(np.mean(result.waits > 1e-9)) for result in results], delayed)


def test_callers_without_patience_are_lost_as_erlang_b_says() -> None:
    assert agrees([result.abandon_rate for result in queue(grace_s=0.0)], erlang_b(AGENTS, LOAD))


def test_callers_are_served_in_the_order_they_came() -> None:
    (result,) = queue(seeds=[1])
    assert all(one <= other for one, other in pairwise(result.answered_at))
