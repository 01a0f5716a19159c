"""Owns the page that the benchmark leaves in docs/: a chart of the headline cells and all the tables. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .runs import Row
from .table import Summary, grouped, note, paired

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 760, 420, 60, 40, 60
FONT = 'font-family="sans-serif" font-size="12"'
LOWEST = 60  # percent, where the chart's axis begins
COLOURS = ("#0b7285", "#c92a2a", "#e67700", "#5f3dc4", "#2b8a3e", "#868e96", "#a61e4d", "#1864ab")
CHARTED = ("dialerd", "oracle-idle", "oracle-all", "original", "vicidial-average-available-3", "vicidial-average",
           "eis-window", "progressive")  # fmt: skip


def write(rows: Iterable[Row], ours: str, command: str, folder: Path) -> list[Path]:
    """Write `pacing.md` and its chart into `folder`; return the files."""
    cells = grouped(rows)
    page, chart = folder / "pacing.md", folder / "pacing-headline.svg"
    chart.write_text(_chart(cells))
    page.write_text(_page(cells, ours, command, chart.name))
    return [page, chart]


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

![Occupancy by number of agents]({chart})
"""
COLUMNS = (
    "law", "occupancy", "abandoned", "95 %", "windows above", "worst 500", "idle s", "dials per contact", "µs",
    "difference",
)  # fmt: skip


def _page(cells: dict[str, dict[str, list[Row]]], ours: str, command: str, chart: str) -> str:
    lines = [INTRODUCTION.format(command=command, chart=chart)]
    for cell, laws in cells.items():
        runs = next(iter(laws.values()))
        lines += [
            f"## {cell}",
            "",
            f"{runs[0].agents} agents, limit {100 * runs[0].limit:g} %, {len(runs)} seeds.",
            *([f"{note(laws)[:1].upper()}{note(laws)[1:]}"] if runs[0].campaigns > 1 else []),
            "",
            f"| {' | '.join(COLUMNS)} |",
            "|---" * len(COLUMNS) + "|",
        ]
        order = sorted(laws.items(), key=lambda item: -Summary.of(item[1]).occupancy)
        lines += [_row(law, runs, laws.get(ours, ()), ours) for law, runs in order]
        lines.append("")
    return "\n".join(lines)


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


def _chart(cells: dict[str, dict[str, list[Row]]]) -> str:
    headline = [cell for cell in cells if cell.startswith("headline-") and "%" not in cell]
    headline.sort(key=lambda cell: next(iter(cells[cell].values()))[0].agents)
    step = (WIDTH - LEFT - 220) / max(1, len(headline) - 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {FONT}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="20" font-size="14">Occupancy (%) by number of agents, 3 % abandon limit</text>',
    ]
    for percent in range(LOWEST, 101, 10):
        y = _height(percent)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - 220}" y1="{y:.0f}" y2="{y:.0f}" stroke="#dee2e6"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.0f}" text-anchor="end">{percent}</text>')
    for number, cell in enumerate(headline):
        agents = next(iter(cells[cell].values()))[0].agents
        parts.append(f'<text x="{LEFT + number * step:.0f}" y="{HEIGHT - 35}" text-anchor="middle">{agents}</text>')
    charted = [law for law in CHARTED if any(law in cells[cell] for cell in headline)]
    for place, law in enumerate(charted):
        colour = COLOURS[place % len(COLOURS)]
        points = [
            (LEFT + number * step, _height(Summary.of(cells[cell][law]).occupancy))
            for number, cell in enumerate(headline)
            if law in cells[cell]
        ]
        line = " ".join(f"{x:.0f},{y:.1f}" for x, y in points)
        thick = 3 if place == 0 else 1.5
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="{thick}"/>')
        parts += [f'<circle cx="{x:.0f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        parts.append(f'<text x="{WIDTH - 205}" y="{TOP + 20 * place + 4}" fill="{colour}">{law}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _height(percent: float) -> float:
    return TOP + (100 - max(LOWEST, percent)) / (100 - LOWEST) * (HEIGHT - TOP - BOTTOM)
