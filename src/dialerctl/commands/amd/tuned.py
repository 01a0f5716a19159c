"""Owns what a tuning found, as figures on the held-out recordings, and whether it may be proposed. Prints nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dialerctl.commands.amd.recordings import Labelled
from dialerctl.failure import Failure

if TYPE_CHECKING:
    from dialerd.core.amd.tuning import Recording, Trial
    from dialerd.core.campaign import AmdParameters, AmdPolicy

FEWEST = 20
"""People and machines that each half needs: an error of one is five percent of them."""
MOST_LEAKED = 0.5
"""Where more machines than this reach an agent, detection is not worth its delay: nothing is proposed."""
SHOWN_LIMITS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3)


@dataclass(frozen=True, slots=True)
class Row:
    """One parameter set on the held-out recordings. Shares are 0 to 1, intervals 95 % (Wilson), delays seconds."""

    name: str
    arguments: str
    people: int
    lost: int
    machines: int
    leaked: int
    unsure: int
    lost_interval: tuple[float, float]
    leaked_interval: tuple[float, float]
    delay_median_s: float | None
    delay_p95_s: float | None

    @property
    def lost_share(self) -> float:
        """People taken for machines."""
        return self.lost / self.people

    @property
    def leaked_share(self) -> float:
        """Machines that reach an agent."""
        return self.leaked / self.machines


@dataclass(frozen=True, slots=True)
class Tuned:
    """The whole result. `refusal` says why nothing is proposed; else `proposal` and the `columns` that set it."""

    searched: tuple[int, int]  # people, machines
    presets: tuple[Row, ...]
    present: Row | None
    proposal: Row | None
    columns: Mapping[str, int]
    frontier: tuple[Row, ...]
    refusal: str
    warning: str


def tuned(
    labelled: Sequence[Labelled],
    *,
    lost_limit: float,
    delay_limit_s: float | None,
    unsure: str,
    held_out: float,
    seed: int,
    present: Mapping[str, int] | None,
    tried: Callable[[int, int], object],
    carefully: bool = False,
) -> Tuned:
    """Search on one part of the recordings and measure on the other; Failure when they are too few.

    `present`: the campaign's nine columns as they are. `lost_limit` is a share of people, 0 to 1. `carefully`: what is
    proposed keeps the limit in cross-validation, not just on the recordings searched on.
    """
    from dialerd.core.amd.careful import careful, folds
    from dialerd.core.amd.presets import PRESETS
    from dialerd.core.amd.search import search
    from dialerd.core.amd.tuning import Limits, best
    from dialerd.core.campaign import AmdParameters, AmdPolicy

    policy = AmdPolicy(unsure)
    kept, held = halves(labelled, held_out, seed)
    now = AmdParameters.of_columns(present) if present else None
    delay_ms = round(delay_limit_s * 1000) if delay_limit_s is not None else None
    trials = search(kept, delay_ms=delay_ms, unsure=policy, also=[now] if now else [], seed=seed, tried=tried)

    def row(name: str, parameters: AmdParameters) -> Row:
        return _row(name, parameters, held, policy)

    limits = Limits(lost_limit, delay_ms)
    chosen = careful(trials, folds(kept), limits, policy) if carefully else best(trials, limits)
    proposal = row("proposal", chosen.parameters) if chosen is not None else None
    refusal = _refusal(proposal, trials, lost_limit, delay_ms, lambda each: row("", each.parameters).leaked_share)
    if chosen is None and carefully and best(trials, limits) is not None:
        refusal = (
            f"no parameter set is sure to lose at most {100 * lost_limit:g} % of people like the "
            f"{_people_machines(kept)[0]} searched on: label more recordings, or choose a looser limit"
        )
    points: dict[AmdParameters, float] = {}
    for limit in SHOWN_LIMITS:
        if (each := best(trials, Limits(limit, delay_ms))) is not None:
            points.setdefault(each.parameters, limit)
    return Tuned(
        searched=_people_machines(kept),
        presets=tuple(row(name, parameters) for name, parameters in PRESETS.items()),
        present=row("present", now) if now else None,
        proposal=proposal,
        columns=chosen.parameters.columns() if chosen is not None and not refusal else {},
        frontier=tuple(row(f"at most {100 * limit:g} %", parameters) for parameters, limit in points.items()),
        refusal=refusal,
        warning=_warning(proposal, lost_limit),
    )


def halves(labelled: Sequence[Labelled], held_out: float, seed: int) -> tuple[list[Recording], list[Recording]]:
    """The recordings to search on and those to measure on; Failure when one part is too small."""
    from dialerd.core.amd.frames import frames
    from dialerd.core.amd.tuning import Recording, split

    made = [Recording(each.name, each.person, frames(each.samples), each.group) for each in labelled]
    if any(each.held_out is not None for each in labelled):
        decided = list(zip(made, labelled, strict=True))
        parts = [one for one, each in decided if not each.held_out], [one for one, each in decided if each.held_out]
    else:
        parts = split(made, held_out=held_out, seed=seed)
    for part, name in zip(parts, ("to search on", "held out"), strict=True):
        people, machines = _people_machines(part)
        if min(people, machines) < FEWEST:
            raise Failure(
                f"too few recordings: {people} people and {machines} machines are {name}, and {FEWEST} of each are "
                "needed (label more recordings, or change --held-out)"
            )
    return parts


def _people_machines(recordings: Iterable[Recording]) -> tuple[int, int]:
    people = [each.person for each in recordings]
    return sum(people), len(people) - sum(people)


def _row(name: str, parameters: AmdParameters, held: Sequence[Recording], policy: AmdPolicy) -> Row:
    from dialerd.core.amd.tuning import measure
    from dialerd.core.intervals import wilson

    counts = measure(held, parameters, policy)
    median, p95 = counts.delay_ms(0.5), counts.delay_ms(0.95)
    return Row(
        name=name,
        arguments=parameters.arguments(),
        people=counts.people,
        lost=counts.lost,
        machines=counts.machines,
        leaked=counts.leaked,
        unsure=counts.unsure,
        lost_interval=wilson(counts.lost, counts.people),
        leaked_interval=wilson(counts.leaked, counts.machines),
        delay_median_s=median / 1000 if median is not None else None,
        delay_p95_s=p95 / 1000 if p95 is not None else None,
    )


def _refusal(
    proposal: Row | None,
    trials: Sequence[Trial],
    lost_limit: float,
    delay_ms: int | None,
    leaked: Callable[[Trial], float],
) -> str:
    """Why nothing is proposed; empty when the proposal stands."""
    within = f" and a delay of at most {delay_ms / 1000:g} s" if delay_ms is not None else ""
    if proposal is None:
        return f"no parameter set loses at most {100 * lost_limit:g} % of the people{within}"
    if proposal.leaked_share <= MOST_LEAKED:
        return ""
    useful = [
        each.counts.lost / each.counts.people
        for each in trials
        if each.counts.leaked <= MOST_LEAKED * each.counts.machines and leaked(each) <= MOST_LEAKED
    ]
    cure = "no limit does better" if not useful else f"--lost-limit {math.ceil(100 * min(useful)):d} would do better"
    low, high = proposal.leaked_interval
    return (
        f"to lose at most {100 * lost_limit:g} % of the people{within}, most machines have to be sent to agents: "
        f"{100 * proposal.leaked_share:.0f} % of them ({100 * low:.0f}-{100 * high:.0f}) would reach one; {cure}"
    )


def _warning(proposal: Row | None, lost_limit: float) -> str:
    if proposal is None or proposal.lost_interval[0] <= lost_limit:
        return ""
    return (
        f"on the held-out recordings {100 * proposal.lost_share:.1f} % of the people are lost, certainly more than the "
        f"{100 * lost_limit:g} % wanted: they differ from those searched on, so expect more than the limit"
    )


def as_values(row: Row | None) -> dict[str, Any] | None:
    """One row for JSON."""
    if row is None:
        return None
    return {
        "name": row.name,
        "parameters": row.arguments,
        "people": row.people,
        "lost": row.lost,
        "lost_share": round(row.lost_share, 5),
        "lost_interval": [round(each, 5) for each in row.lost_interval],
        "machines": row.machines,
        "leaked": row.leaked,
        "leaked_share": round(row.leaked_share, 5),
        "leaked_interval": [round(each, 5) for each in row.leaked_interval],
        "unsure": row.unsure,
        "delay_median_s": row.delay_median_s,
        "delay_p95_s": row.delay_p95_s,
    }
