"""Owns the table: rows of one cell and law over the seeds, and paired differences with 95 % intervals. Runs nothing."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .results import wilson
from .runs import Row


@dataclass(frozen=True, slots=True)
class Difference:
    """How many points of occupancy one law has more than another in the same worlds."""

    mean: float
    half: float  # half the width of the 95 % interval
    seeds: int

    def __str__(self) -> str:
        return f"{self.mean:+.1f} ±{self.half:.1f}" if self.seeds > 1 else f"{self.mean:+.1f}"


def t_quantile(degrees: int) -> float:
    """Return the 97.5 % point of Student's distribution (Cornish-Fisher; within 1 % from three degrees on)."""
    exact = {1: 12.706, 2: 4.303}
    if degrees in exact:
        return exact[degrees]
    z = 1.959964
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / degrees + second / degrees**2 + third / degrees**3


def paired(one: Iterable[Row], other: Iterable[Row]) -> Difference:
    """Return the difference of two laws over the seeds which both have run."""
    by_seed = {row.seed: row.occupancy for row in other}
    gaps = [100 * (row.occupancy - by_seed[row.seed]) for row in one if row.seed in by_seed]
    if not gaps:
        return Difference(math.nan, math.nan, 0)
    half = t_quantile(len(gaps) - 1) * float(np.std(gaps, ddof=1)) / math.sqrt(len(gaps)) if len(gaps) > 1 else math.inf
    return Difference(float(np.mean(gaps)), half, len(gaps))


def grouped(rows: Iterable[Row]) -> dict[str, dict[str, list[Row]]]:
    """Return the rows by cell and law, in the order in which they came."""
    cells: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        cells[row.cell][row.law].append(row)
    return {cell: dict(laws) for cell, laws in cells.items()}


HEAD = (
    f"{'cell':28} {'law':30} {'occupancy':>9} {'abandoned':>9} {'95 %':>11} {'windows':>8} {'worst':>6}"
    f" {'idle':>5} {'p90':>5} {'dials':>6} {'us':>6} {'200 after':>9}"
)


def lines(rows: Iterable[Row], against: str) -> Iterable[str]:
    """Yield the table; `against` is the law from which each other one is subtracted."""
    yield HEAD + f" {f'{against} minus it':>21}"
    for cell, laws in grouped(rows).items():
        for law, runs in sorted(laws.items(), key=lambda item: -_mean(item[1], "occupancy")):
            gap = "" if law == against or against not in laws else str(paired(laws[against], runs))
            yield _line(cell, law, runs) + f" {gap:>21}"
        yield ""


def _line(cell: str, law: str, runs: list[Row]) -> str:
    live, abandoned = sum(row.live for row in runs), sum(row.abandoned for row in runs)
    low, high = wilson(abandoned, live)
    above, windows = sum(row.windows_above for row in runs), sum(row.windows for row in runs)
    return (
        f"{cell[:28]:28} {law:30} {100 * _mean(runs, 'occupancy'):7.1f} % {100 * abandoned / max(1, live):7.2f} %"
        f" {f'{100 * low:.1f}-{100 * high:.1f}':>11} {100 * above / max(1, windows):6.0f} % {100 * _worst(runs):4.0f} %"
        f" {_mean(runs, 'idle_mean_s'):5.0f} {_mean(runs, 'idle_p90_s'):5.0f} {_mean(runs, 'dials_per_contact'):6.2f}"
        f" {_mean(runs, 'decision_us'):6.0f} {100 * _mean(runs, 'after_shift'):7.1f} %"
    )


def _mean(runs: list[Row], name: str) -> float:
    return float(np.mean([getattr(row, name) for row in runs]))


def _worst(runs: list[Row]) -> float:
    return max(row.worst for row in runs)
