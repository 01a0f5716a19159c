"""Owns the table: rows of one cell and law over the seeds, and paired differences with 95 % intervals. Runs nothing."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
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

    @property
    def low(self) -> float:
        """The lower end of the 95 % interval."""
        return self.mean - self.half

    def __str__(self) -> str:
        return f"{self.mean:+.1f} ±{self.half:.1f}" if self.seeds > 1 else f"{self.mean:+.1f}"


@dataclass(frozen=True, slots=True)
class Summary:
    """The runs of one law in one cell together. Shares in percent."""

    runs: tuple[Row, ...]
    live: int
    abandoned: int
    windows_above: int
    windows: int

    @classmethod
    def of(cls, runs: Iterable[Row]) -> Summary:
        """Add up some runs, at least one."""
        rows = tuple(runs)
        return cls(
            rows,
            sum(row.live for row in rows),
            sum(row.abandoned for row in rows),
            sum(row.windows_above for row in rows),
            sum(row.windows for row in rows),
        )

    def mean(self, name: str) -> float:
        """Return the mean of one column over the runs."""
        return float(np.mean([getattr(row, name) for row in self.runs]))

    @property
    def occupancy(self) -> float:
        return 100 * self.mean("occupancy")

    @property
    def abandon_percent(self) -> float:
        return 100 * self.abandoned / max(1, self.live)

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the abandon rate."""
        low, high = wilson(self.abandoned, self.live)
        return 100 * low, 100 * high

    @property
    def worst(self) -> float:
        """The worst abandon rate of 500 answers in a row."""
        return 100 * max(row.worst for row in self.runs)


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
        for law, runs in sorted(laws.items(), key=lambda item: -Summary.of(item[1]).occupancy):
            gap = "" if law == against or against not in laws else str(paired(laws[against], runs))
            yield _line(cell, law, runs) + f" {gap:>21}"
        first = next(iter(laws.values()))[0]
        if first.campaigns > 1:
            yield f"{cell}: {note(laws)}"
        yield ""


def note(laws: Mapping[str, list[Row]]) -> str:
    """Return what the abandons of a cell of several campaigns are, and what each law gives the smallest of them."""
    number = next(iter(laws.values()))[0].campaigns
    shares = (f"{law} {100 * Summary.of(runs).mean('least_share'):.0f} %" for law, runs in sorted(laws.items()))
    return (
        f"{number} campaigns share the floor; abandons, answers and windows are those of the worse one. "
        f"Of the agents' busy time the campaign with least of it gets: {', '.join(shares)}."
    )


def _line(cell: str, law: str, runs: list[Row]) -> str:
    all_of = Summary.of(runs)
    low, high = all_of.interval
    return (
        f"{cell[:28]:28} {law:30} {all_of.occupancy:7.1f} % {all_of.abandon_percent:7.2f} %"
        f" {f'{low:.1f}-{high:.1f}':>11} {100 * all_of.windows_above / max(1, all_of.windows):6.0f} %"
        f" {all_of.worst:4.0f} % {all_of.mean('idle_mean_s'):5.0f} {all_of.mean('idle_p90_s'):5.0f}"
        f" {all_of.mean('dials_per_contact'):6.2f} {all_of.mean('decision_us'):6.0f}"
        f" {100 * all_of.mean('after_shift'):7.1f} %"
    )
