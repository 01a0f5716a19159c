"""Owns the choice of AMD parameters that keeps a limit in cross-validation. Knows nothing of searches, files, commands.

The best of thousands of sets is partly the luckiest: what just keeps a limit on the recordings searched on loses more
people elsewhere. So a stricter limit is used inside. Cross-validation says how many people are lost by a choice that
has not seen them, and the inner limit is the loosest with which the upper bound of that share keeps the limit wanted.
Voices differ more than chance does, so that bound is the higher of two: Wilson's over people, Student's over folds.

A looser limit wanted allows every inner limit that a stricter one did: its choice lets no more machines through. The
sets to choose from were found on all folds, so a fold is not wholly unseen: the figure is still somewhat too good.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from dialerd.core.amd.tuning import Counts, Limits, Recording, Trial, best, grouped, measure
from dialerd.core.campaign import AmdPolicy
from dialerd.core.intervals import wilson

FOLDS = 10
INNER_STEPS = 200
"""Inner limits are tried in steps of half a percent."""
T95 = (6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833)
"""One-sided 95 % of Student's t with 1 to 9 degrees of freedom."""


def folds(recordings: Sequence[Recording], count: int = FOLDS) -> list[list[Recording]]:
    """Part the recordings into `count` folds of about the same size, or fewer: groups stay whole, each has people.

    A recording without a group is one of its own.
    """
    groups = grouped(sorted(recordings, key=lambda one: (not one.person, one.name)))
    with_people = sum(any(each.person for each in group) for group in groups.values())
    parted: list[list[Recording]] = [[] for _ in range(min(count, with_people))]
    if not parted:
        return []
    people_first = sorted(groups.values(), key=lambda group: (not any(each.person for each in group), -len(group)))
    for group in people_first:
        min(parted, key=len).extend(group)
    return parted


def careful(
    trials: Sequence[Trial], parted: Sequence[Sequence[Recording]], limits: Limits, unsure: AmdPolicy = AmdPolicy.AGENT
) -> Trial | None:
    """The best of the trials at the loosest inner limit that keeps `limits.lost` on unseen folds; None without one.

    `parted`: the recordings that the trials were counted on, in folds. With fewer than two nothing can be validated.
    """
    if len(parted) < 2:
        return None
    kept = [each for each in trials if not each.counts.excess(Limits(1.0, limits.delay_ms))]
    table = [[measure(fold, each.parameters, unsure) for fold in parted] for each in kept]
    for step in range(int(limits.lost * INNER_STEPS + 1e-9), -1, -1):
        inner = step / INNER_STEPS
        chosen = best(kept, Limits(inner, limits.delay_ms))
        unseen = _unseen(table, len(parted), inner)
        if chosen is not None and unseen is not None and _highest(unseen) <= limits.lost:
            return chosen
    return None


def _unseen(table: Sequence[Sequence[Counts]], count: int, inner: float) -> list[Counts] | None:
    """What each fold comes to with the set that is best on the others at `inner`; None where none keeps it there."""
    found: list[Counts] = []
    for fold in range(count):
        errors: list[tuple[int, int, int]] = []
        for place, row in enumerate(table):
            others = [counts for number, counts in enumerate(row) if number != fold]
            lost = sum(counts.lost for counts in others)
            if lost <= inner * sum(counts.people for counts in others) + 1e-9:
                errors.append((sum(counts.leaked for counts in others), lost, place))
        if not errors:
            return None
        found.append(table[min(errors)[2]][fold])
    return found


def _highest(unseen: Sequence[Counts]) -> float:
    """The upper bound of the share of people lost, 0 to 1."""
    shares = [counts.lost / max(1, counts.people) for counts in unseen]
    mean = sum(shares) / len(shares)
    variance = sum((share - mean) ** 2 for share in shares) / (len(shares) - 1)
    student = mean + T95[min(len(shares) - 1, len(T95)) - 1] * math.sqrt(variance / len(shares))
    return max(wilson(sum(each.lost for each in unseen), sum(each.people for each in unseen))[1], student)
