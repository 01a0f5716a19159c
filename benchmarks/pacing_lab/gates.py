"""Owns what is demanded of dialerd's pacing in the benchmark, and the sentences about what is missed. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterable

from .runs import Row
from .table import Summary, grouped, paired

HEADLINE = {
    ("headline-5", 0.03): 78.5, ("headline-10", 0.03): 84.0, ("headline-30", 0.03): 91.0, ("headline-100", 0.03): 95.5,
    ("headline-5-1%", 0.01): 75.0, ("headline-10-1%", 0.01): 80.5, ("headline-30-1%", 0.01): 89.0,
    ("headline-100-1%", 0.01): 94.5,
}  # fmt: skip
"""Least occupancy in percent, with everything learned on line."""
FREE_ABANDONS = 3  # of the first hundred live answers
ON_THE_WAY = 2  # abandons that no law can take back once the last of the credit is gone
FIRST, SHIFTED = 200, ("step", "leave")  # live answers; cells whose `after_shift` counts from a shift instead
MOST_WINDOWS_ABOVE = 0.01
STEP_FACTOR, STEP_UP_TO_AGENTS = 1.5, 50


def failures(rows: Iterable[Row], ours: str, slack: float) -> list[str]:
    """Return what is not good enough, one sentence each; `slack`: points of occupancy that a short run may miss."""
    found: list[str] = []
    for cell, laws in grouped(rows).items():
        runs = laws.get(ours)
        if not runs:
            continue
        if any(row.without_staff for row in runs):
            found.append(f"{cell}: calls were placed without staff")
        for row in runs:
            allowed = max(FREE_ABANDONS, row.limit * row.live) + ON_THE_WAY
            if row.abandoned > allowed:
                found.append(f"{cell}: {row.abandoned} of {row.live} abandoned with seed {row.seed}")
            at_first = max(FREE_ABANDONS, FIRST * row.limit) + ON_THE_WAY
            if not cell.startswith(SHIFTED) and row.after_shift * FIRST > at_first:
                found.append(f"{cell}: {100 * row.after_shift:.1f} % of the first {FIRST} abandoned, seed {row.seed}")
        all_of = Summary.of(runs)
        above, windows = all_of.windows_above, all_of.windows
        if windows >= 1 / MOST_WINDOWS_ABOVE and above > MOST_WINDOWS_ABOVE * windows:
            found.append(f"{cell}: {above} of {windows} windows of 24 hours are above the limit")
        least = HEADLINE.get((cell, runs[0].limit), 0.0) - slack
        if all_of.occupancy < least:
            found.append(f"{cell}: agents are busy {all_of.occupancy:.1f} %, wanted {least:.1f} %")
        if "progressive" in laws and (gap := paired(runs, laws["progressive"])).mean < -slack / 10:
            found.append(f"{cell}: {gap} points against progressive")
        if cell.startswith("step-x2") and runs[0].agents <= STEP_UP_TO_AGENTS:
            after = all_of.mean("after_shift")
            if after > STEP_FACTOR * runs[0].limit:
                found.append(f"{cell}: {100 * after:.1f} % of the 200 live answers after the step are abandoned")
    return found
