"""Owns the page that the benchmark leaves in docs/: what came out in short, pictures, all the tables. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from .charts import by_abandons, by_floor
from .findings import in_short
from .runs import Row
from .table import Summary, grouped, note, paired

INTRODUCTION = """\
# Pacing: who keeps agents busiest within the abandon limit

Written by `{command}`. What the cells and laws are: `benchmarks/pacing_lab/presets.py`, `grid.py` and
`registry.py`; how dialerd decides: [decision 0010](decisions/0010-predictive-pacing.md).

Every law meets the same leads with the same fates and the same talks. dialerd starts each run knowing nothing but a
new campaign's guesses (180 s talk, 30 s wrap-up). Occupancy counts after the warm-up, abandons from the first call.
*Windows above*: rolling 24 hours with 100 or more live answers that end above the limit. *Oracle* laws have their one
number tuned beforehand on other seeds of the same world: bounds, no competitors. `dialerd@law`: dialerd with the
abandon rate that this law realised as its limit. In `shared-…` cells two campaigns share
all agents: abandons of the worse campaign. *Difference*: dialerd minus the law in points, paired by seed, with
its 95 % interval.
"""
COLUMNS = ("law", "occupancy", "abandoned", "95 %", "windows above", "worst 500", "idle s", "dials per contact", "µs",
           "difference")  # fmt: skip
PICTURED = ("headline-5", "headline-10", "headline-30")


def write(rows: Iterable[Row], ours: str, command: str, folder: Path, missed: Sequence[str]) -> list[Path]:
    """Write `pacing.md` and its pictures into `folder`; `missed`: the gates' sentences. Return the files."""
    cells = grouped(rows)
    pictures = {"pacing-headline.svg": ("Occupancy by number of agents", by_floor(cells))}
    for cell in PICTURED:
        if cell in cells:
            what = f"{cell}: occupancy over abandons"
            pictures[f"pacing-{cell}.svg"] = what, by_abandons(cell, cells[cell], ours)
    lines = [INTRODUCTION.format(command=command), "## In short", "", *in_short(cells, ours, missed)]
    for name, (what, _) in pictures.items():
        lines += [f"![{what}]({name})", ""]
    for cell, laws in cells.items():
        lines += _cell(cell, laws, ours)
    page = folder / "pacing.md"
    page.write_text("\n".join(lines))
    for name, (_, svg) in pictures.items():
        (folder / name).write_text(svg)
    return [page, *(folder / name for name in pictures)]


def _cell(cell: str, laws: dict[str, list[Row]], ours: str) -> Iterable[str]:
    runs = next(iter(laws.values()))
    yield f"## {cell}"
    yield ""
    yield f"{runs[0].agents} agents, limit {100 * runs[0].limit:g} %, {len(runs)} seeds."
    if runs[0].campaigns > 1:
        yield note(laws)
    yield ""
    yield f"| {' | '.join(COLUMNS)} |"
    yield "|---" * len(COLUMNS) + "|"
    for law, of_law in sorted(laws.items(), key=lambda item: -Summary.of(item[1]).occupancy):
        yield _row(law, of_law, laws.get(ours, ()), ours)
    yield ""


def _row(law: str, runs: list[Row], our_runs: Iterable[Row], ours: str) -> str:
    all_of = Summary.of(runs)
    low, high = all_of.interval
    difference = "" if law == ours else str(paired(our_runs, runs))
    name = f"**{law}**" if law == ours else law
    return (
        f"| {name} | {all_of.occupancy:.1f} % | {all_of.abandon_percent:.2f} % | {low:.1f}–{high:.1f} |"
        f" {all_of.windows_above} of {all_of.windows} | {all_of.worst:.1f} % | {all_of.mean('idle_mean_s'):.0f} |"
        f" {all_of.mean('dials_per_contact'):.2f} | {all_of.mean('decision_us'):.0f} | {difference} |"
    )
