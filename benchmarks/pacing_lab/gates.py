"""Owns what is demanded of dialerd's pacing in the benchmark, and the sentences about what is missed. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .matching import EQUAL_WITHIN, at_equal_abandons
from .results import FREE_ABANDONS
from .runs import Row
from .table import Difference, Summary, grouped, paired

HEADLINE = {
    ("headline-5", 0.03): 78.5, ("headline-10", 0.03): 84.0, ("headline-30", 0.03): 91.0, ("headline-100", 0.03): 95.5,
    ("headline-5-1%", 0.01): 75.0, ("headline-10-1%", 0.01): 80.5, ("headline-30-1%", 0.01): 89.0,
    ("headline-100-1%", 0.01): 94.5,
}  # fmt: skip
"""Least occupancy in percent, with everything learned on line."""
AIM = {"headline-5": 80.0, "headline-10": 85.0, "headline-30": 91.5, "headline-100": 96.0}
ON_THE_WAY = 2  # abandons that no law can take back once the last of the credit is gone
FIRST = 200  # live answers
MOST_WINDOWS_ABOVE = 0.01
ORACLES = ("oracle-idle", "oracle-all")
ORACLE_WITHIN = 1.0  # points
KEPT = 1.1  # an oracle's number is tuned on other seeds: so much above the limit may it be on these
STEP_FACTOR, STEP_UP_TO_AGENTS = 1.5, 50


def failures(rows: Iterable[Row], ours: str, slack: float) -> list[str]:
    """Return what is not good enough, one sentence each; `slack`: points of occupancy that a short run may miss."""
    cells = {cell: laws for cell, laws in grouped(rows).items() if laws.get(ours)}
    found: list[str] = []
    for cell, laws in cells.items():
        found += (f"{cell}: {sentence}" for sentence in _limit(cell, laws[ours]))
        found += (f"{cell}: {sentence}" for sentence in _occupancy(cell, laws, ours, slack))
    return [*found, *_on_average(cells, ours)]


def _limit(cell: str, runs: list[Row]) -> Iterator[str]:
    """What is missed of the abandon limit, and of safety."""
    if any(row.without_staff for row in runs):
        yield "calls were placed without staff"
    for row in runs:
        allowed = max(FREE_ABANDONS, row.limit * row.live) + ON_THE_WAY
        if row.abandoned > allowed:
            yield f"{row.abandoned} of {row.live} abandoned with seed {row.seed}"
        at_first = max(FREE_ABANDONS, FIRST * row.limit) + ON_THE_WAY
        if row.first * FIRST > at_first:
            yield f"{100 * row.first:.1f} % of the first {FIRST} abandoned, seed {row.seed}"
    all_of = Summary.of(runs)
    above, windows = all_of.windows_above, all_of.windows
    if windows >= 1 / MOST_WINDOWS_ABOVE and above > MOST_WINDOWS_ABOVE * windows:
        yield f"{above} of {windows} windows of 24 hours are above the limit"
    if runs[0].doubled:
        large = runs[0].agents > STEP_UP_TO_AGENTS
        after = all_of.mean("settled" if large else "after_shift")
        if after > (1.0 if large else STEP_FACTOR) * runs[0].limit:
            since = " from ten minutes" if large else ""
            yield f"{100 * after:.1f} % of the {FIRST} live answers{since} after the step are abandoned"


def _occupancy(cell: str, laws: Mapping[str, list[Row]], ours: str, slack: float) -> Iterator[str]:
    """What is missed of keeping agents busy, by itself and beside the others."""
    runs = laws[ours]
    busy = Summary.of(runs).occupancy
    least = HEADLINE.get((cell, runs[0].limit), 0.0) - slack
    if busy < least:
        yield f"agents are busy {busy:.1f} %, wanted {least:.1f} %"
    if "progressive" in laws and (gap := paired(runs, laws["progressive"])).mean < -slack / 10:
        yield f"{gap} points against progressive"
    if (best := against_the_best_oracle(laws, ours)) is not None and best.mean < -ORACLE_WITHIN - slack:
        yield f"{best} points against the best oracle-tuned law"
    for law, gap in at_equal_abandons(laws, ours):
        if gap.low < -EQUAL_WITHIN:
            yield f"{gap} points against {law} at no more abandons"


def _on_average(cells: Mapping[str, Mapping[str, list[Row]]], ours: str) -> Iterator[str]:
    """What is missed over all cells together."""
    every = Summary.of(row for laws in cells.values() for row in laws[ours])  # campaigns' windows are few in a cell
    if len(cells) > 1 and every.windows_above > MOST_WINDOWS_ABOVE * every.windows:
        yield f"{every.windows_above} of all {every.windows} windows of 24 hours are above the limit"
    oracle = [gap.mean for laws in cells.values() if (gap := against_the_best_oracle(laws, ours)) is not None]
    equal = [gap.mean for laws in cells.values() for _, gap in at_equal_abandons(laws, ours)]
    for what, gaps in (("the best oracle-tuned law", oracle), ("rivals at no more abandons", equal)):
        if gaps and sum(gaps) / len(gaps) <= 0:
            yield f"on average {sum(gaps) / len(gaps):+.1f} points against {what}"


def against_the_best_oracle(laws: Mapping[str, list[Row]], ours: str) -> Difference | None:
    """By how much dialerd is busier than the busiest tuned law that keeps the limit; None in a world that changes."""
    runs = laws[ours]
    if not runs[0].stationary:
        return None
    gaps = [paired(runs, laws[oracle]) for oracle in ORACLES if oracle in laws and keeps(laws[oracle])]
    return min(gaps, key=lambda gap: gap.mean, default=None)


def keeps(runs: list[Row]) -> bool:
    """Whether a tuned law keeps the limit on these seeds, too: else it is no bound."""
    return Summary.of(runs).abandon_percent <= 100 * KEPT * runs[0].limit
