"""Owns chance: the row of leads with their fates, the rows of talks and wrap-ups, each from a generator of its own.

The k-th lead of the list has the same fate in every law, the k-th talk the same length. Knows no law and no clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .contract import Kind, Lead
from .durations import BLOCK, Floats, lengths
from .scenario import Scenario

STREAMS = ("leads", "talks", "wraps", "passed", "late", "patience", "staff")


class Fate(NamedTuple):
    """What happens to a lead when it is called: a person answers if `luck` is below the answer rate of the hour."""

    lead: Lead
    luck: float
    answer_after_s: float
    kind: Kind
    ends_after_s: float
    amd_luck: float


class Chances:
    """All that is left to chance in one run."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        roots = np.random.SeedSequence(seed).spawn(len(STREAMS))
        rngs = {name: np.random.Generator(np.random.PCG64(root)) for name, root in zip(STREAMS, roots, strict=True)}
        self.fates: Iterator[Fate] = _fates(scenario, rngs["leads"])
        self.talks = lengths(scenario.talk, rngs["talks"])
        self.wraps = lengths(scenario.wrap, rngs["wraps"])
        self.passed_talks = lengths(scenario.passed_talk, rngs["passed"])
        self.patience = None if scenario.patience is None else lengths(scenario.patience, rngs["patience"])
        self.late = _late(scenario, rngs["late"])
        self.staff = rngs["staff"]


def _fates(scenario: Scenario, rng: np.random.Generator) -> Iterator[Fate]:
    kinds: list[Kind] = [one.kind for one in scenario.others]
    edges = np.cumsum([one.share for one in scenario.others])[:-1]
    shares = [one.share for one in scenario.segments] or [1.0]
    attempts = [one.attempts for one in scenario.segments] or [1]
    leads = [[Lead(segment, attempt) for attempt in range(most)] for segment, most in enumerate(attempts)]
    while True:
        luck = rng.random(BLOCK)
        if scenario.clumps is not None:
            luck = luck / _clumps(*scenario.clumps, rng)
        answers = scenario.answer_after.sample(rng, BLOCK)
        which = np.searchsorted(edges, rng.random(BLOCK))
        ends = np.choose(which, [one.length.sample(rng, BLOCK) for one in scenario.others]) if kinds else answers
        segments = np.searchsorted(np.cumsum(shares)[:-1], rng.random(BLOCK)).tolist()
        ways = [kinds[index] for index in which.tolist()] if kinds else ["no_answer"] * BLOCK
        columns = (luck, answers, ends, rng.random(BLOCK), rng.random(BLOCK))
        rows = zip(segments, ways, *(column.tolist() for column in columns), strict=True)
        for segment, kind, chance, answer, end, amd, of_attempts in rows:
            alike = leads[segment]
            yield Fate(alike[int(of_attempts * len(alike))], chance, answer, kind, end, amd)


def _clumps(leads: int, spread: float, rng: np.random.Generator) -> Floats:
    """Return a factor for each lead of a block: runs of `leads` share one, 1 ± spread."""
    signs = rng.choice([-1.0, 1.0], size=BLOCK // leads + 1)
    return np.repeat(1 + spread * signs, leads)[:BLOCK]


def _late(scenario: Scenario, rng: np.random.Generator) -> Iterator[float]:
    while True:
        late = rng.random(BLOCK) < scenario.late_share
        yield from np.where(late, scenario.late.sample(rng, BLOCK), 0.0).tolist()
