"""Owns what parameters of AMD do to labelled recordings, and which of several sets is best. Knows no files, no search.

Two errors are weighed: a person whom AMD takes for a machine is lost; a machine that AMD does not recognise is leaked,
that is, it reaches an agent. Fewer of one are more of the other, so the limit on lost people is the caller's choice.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from dialerd.core.amd.frames import Frames
from dialerd.core.amd.model import judge
from dialerd.core.amd.status import AmdResult, treated_as
from dialerd.core.campaign import AmdParameters, AmdPolicy
from dialerd.core.intervals import nearest_rank


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """One labelled call. `group` is the voice or text it shares with others, "" when it shares none."""

    name: str
    person: bool
    frames: Frames
    group: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a proposal must keep. `lost`: share of people, 0 to 1. `delay_ms`: p95 for people called HUMAN, or none."""

    lost: float = 0.05
    delay_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """What one parameter set did to the recordings. `delays_ms`: of people called HUMAN, ascending."""

    people: int
    lost: int
    machines: int
    leaked: int
    unsure: int
    delays_ms: tuple[int, ...]

    def delay_ms(self, share: float) -> int | None:
        """The delay that this share (0 to 1) of the people called HUMAN do not exceed; None when there are none."""
        if not self.delays_ms:
            return None
        return self.delays_ms[nearest_rank(share, len(self.delays_ms))]

    @property
    def p95_ms(self) -> float:
        """The delay of 95 of 100; infinite when nobody was called HUMAN: nobody is known in any time."""
        delay = self.delay_ms(0.95)
        return math.inf if delay is None else delay

    def excess(self, limits: Limits) -> float:
        """How far the limits are exceeded: 0 when they are kept, infinite when there is a limit but no delay."""
        over = max(0.0, self.lost - limits.lost * self.people - 1e-9) / max(1, self.people)
        return over if limits.delay_ms is None else over + max(0.0, self.p95_ms / limits.delay_ms - 1)


@dataclass(frozen=True, slots=True)
class Trial:
    """A parameter set and what it did."""

    parameters: AmdParameters
    counts: Counts


def measure(recordings: Iterable[Recording], parameters: AmdParameters, unsure: AmdPolicy = AmdPolicy.AGENT) -> Counts:
    """Judge every recording with one parameter set and count; ValueError for a negative parameter."""
    people = lost = machines = leaked = not_sure = 0
    delays: list[int] = []
    for each in recordings:
        verdict = judge(each.frames, parameters)
        result = verdict.result
        not_sure += result is AmdResult.UNSURE
        to_agent = treated_as(result, unsure=unsure, not_run=AmdPolicy.AGENT) is AmdPolicy.AGENT
        if not each.person:
            machines += 1
            leaked += to_agent
            continue
        people += 1
        lost += not to_agent
        if result is AmdResult.HUMAN:
            delays.append(verdict.after_ms)
    return Counts(people, lost, machines, leaked, not_sure, tuple(sorted(delays)))


def split(
    recordings: Sequence[Recording], *, held_out: float = 0.5, seed: int = 1
) -> tuple[list[Recording], list[Recording]]:
    """Return the recordings to search on and those held out, at least the share `held_out` (0 to 1).

    Groups stay whole, so that no voice is on both sides; a recording without a group is one of its own. The same seed
    and names give the same halves whatever the order. Raises ValueError for a share that is not 0 to 1.
    """
    if not 0 <= held_out <= 1:
        raise ValueError(f"held_out must be 0 to 1, not {held_out}")
    groups = grouped(sorted(recordings, key=lambda one: one.name))
    order = sorted(groups)
    order = [order[place] for place in np.random.default_rng(seed).permutation(len(order))]
    kept: list[Recording] = []
    held: list[Recording] = []
    for key in order:
        (held if len(held) < held_out * len(recordings) else kept).extend(groups[key])
    return kept, held


def grouped(recordings: Iterable[Recording]) -> dict[tuple[str, str], list[Recording]]:
    """The recordings by what must stay together, in their order: a group, or a recording that has none by itself."""
    groups: dict[tuple[str, str], list[Recording]] = {}
    for each in recordings:
        groups.setdefault(("group", each.group) if each.group else ("file", each.name), []).append(each)
    return groups


def best(trials: Iterable[Trial], limits: Limits) -> Trial | None:
    """The trial within the limits with the fewest machines leaked, then the fewest people lost; None without one."""
    kept = [each for each in trials if not each.counts.excess(limits)]
    return min(kept, key=_errors) if kept else None


def frontier(trials: Iterable[Trial]) -> list[Trial]:
    """The trials that no other beats in both errors, from the fewest lost to the fewest leaked."""
    found: list[Trial] = []
    for each in sorted(trials, key=lambda one: (one.counts.lost, one.counts.leaked)):
        if not found or each.counts.leaked < found[-1].counts.leaked:
            found.append(each)
    return found


def _errors(trial: Trial) -> tuple[int, int, float]:
    counts = trial.counts
    return counts.leaked, counts.lost, counts.p95_ms
