"""Owns the benchmark's pictures, as SVG: occupancy by floor, and occupancy by abandons in one cell. Runs nothing."""

from __future__ import annotations

from collections.abc import Mapping

from .registry import AT, LAWS
from .runs import Row
from .table import Summary

Cells = Mapping[str, Mapping[str, list[Row]]]

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 420, 60, 220, 40, 60
FONT = 'font-family="sans-serif" font-size="12"'
LOWEST = 60  # percent of occupancy, where the axis begins
COLOURS = ("#0b7285", "#c92a2a", "#e67700", "#5f3dc4", "#2b8a3e", "#868e96", "#a61e4d", "#1864ab")
CHARTED = ("dialerd", "oracle-idle", "oracle-all", "original", "vicidial-average-available-3", "vicidial-average",
           "eis-window", "progressive")  # fmt: skip
MOST_ABANDONED = 12.0  # percent, where the axis ends


def by_floor(cells: Cells) -> str:
    """Return the occupancy of some laws by number of agents."""
    headline = [cell for cell in cells if cell.startswith("headline-") and "%" not in cell]
    headline.sort(key=lambda cell: next(iter(cells[cell].values()))[0].agents)
    step = (WIDTH - LEFT - RIGHT) / max(1, len(headline) - 1)
    parts = _frame("Occupancy (%) by number of agents, 3 % abandon limit")
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
        parts.append(f'<text x="{WIDTH - RIGHT + 15}" y="{TOP + 20 * place + 4}" fill="{colour}">{law}</text>')
    return "\n".join([*parts, "</svg>", ""])


def by_abandons(cell: str, laws: Mapping[str, list[Row]], ours: str) -> str:
    """Return occupancy over abandons in one cell; dialerd's runs at several limits are joined by a line."""
    parts = _frame(f"{cell}: occupancy (%) over people abandoned (%)")
    limit = 100 * next(iter(laws.values()))[0].limit
    for percent in range(0, int(MOST_ABANDONED) + 1, 2):
        parts.append(f'<text x="{_across(percent):.0f}" y="{HEIGHT - 35}" text-anchor="middle">{percent}</text>')
    parts.append(
        f'<line x1="{_across(limit):.0f}" x2="{_across(limit):.0f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"'
        f' stroke="#c92a2a" stroke-dasharray="4 3"/><text x="{_across(limit) + 4:.0f}" y="{TOP - 4}"'
        f' fill="#c92a2a">limit</text>'
    )
    others = [(Summary.of(runs), law) for law, runs in laws.items() if law.partition(AT)[0] != ours]
    others.sort(key=lambda other: (other[0].abandon_percent, other[1]))
    for number, (all_of, law) in enumerate(others, 1):
        x, y = _across(all_of.abandon_percent), _height(all_of.occupancy)
        colour = "#868e96" if law in LAWS and LAWS[law].tuned else "#e67700"
        beyond = " →" if all_of.abandon_percent > MOST_ABANDONED else ""
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>')
        before = bool(beyond) or number % 2 == 1  # those that lie on one another keep their numbers apart
        side, at = ("end", x - 6) if before else ("start", x + 6)
        parts.append(f'<text x="{at:.1f}" y="{y + 3:.1f}" font-size="9" text-anchor="{side}">{number}</text>')
        listed = f"{number} {law}{beyond} {all_of.occupancy:.1f} %"
        where = f'x="{WIDTH - RIGHT + 15}" y="{TOP + 14 * number - 8}"'
        parts.append(f'<text {where} font-size="10" fill="{colour}">{listed}</text>')
    mine = [Summary.of(runs) for law, runs in laws.items() if law.partition(AT)[0] == ours or law == "progressive"]
    points = sorted((_across(one.abandon_percent), _height(one.occupancy)) for one in mine if _is_shown(one))
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    parts.append(f'<polyline points="{line}" fill="none" stroke="{COLOURS[0]}" stroke-width="2.5"/>')
    parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{COLOURS[0]}"/>' for x, y in points]
    if points:
        x, y = points[-1]
        parts.append(f'<text x="{x - 4:.1f}" y="{y - 9:.1f}" fill="{COLOURS[0]}" text-anchor="end">{ours}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _is_shown(one: Summary) -> bool:
    """Whether a point lies on the axes: a line to the edge would lie about what is beyond."""
    return one.abandon_percent <= MOST_ABANDONED


def _frame(title: str) -> list[str]:
    """The white ground, the title and the lines of occupancy."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {FONT} role="img">',
        f"<title>{title}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="20" font-size="14">{title}</text>',
    ]
    for percent in range(LOWEST, 101, 10):
        y = _height(percent)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.0f}" y2="{y:.0f}" stroke="#dee2e6"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.0f}" text-anchor="end">{percent}</text>')
    return parts


def _height(percent: float) -> float:
    return TOP + (100 - max(LOWEST, percent)) / (100 - LOWEST) * (HEIGHT - TOP - BOTTOM)


def _across(percent: float) -> float:
    return LEFT + min(percent, MOST_ABANDONED) / MOST_ABANDONED * (WIDTH - LEFT - RIGHT)
