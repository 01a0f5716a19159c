"""Owns the HTML page of a simulation: table and charts in one file that loads nothing. Autoescape is always on.

Must not run or judge anything: rows and sentences come in as `dialerctl simulate` prints them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, BinaryIO

from jinja2 import Environment, PackageLoader, StrictUndefined

from dialerctl.simulate_screen import COLUMNS, agents, shown
from dialerctl.terminal import clean

Row = Mapping[str, Any]

DEFINITIONS = (
    ("Occupied", "Talk and wrap-up ÷ (talk, wrap-up and waiting), of all agents at work."),
    ("Wait, p90", "From the end of an agent's wrap-up to the next talk: the mean, and what nine of ten are below."),
    ("Abandoned, 95 %", "Abandoned ÷ answered by a person, with the interval that holds the true rate 19 times of 20."),
    ("Above", "Whether a legal window (the campaign's) that ended during the day had more than the target."),
    ("Dials/contact", "Calls placed for each one that a person answered."),
    ("Contacts/h", "People each agent spoke to, in an hour at work."),
    ("Talk min/h", "Minutes of conversation of each agent, in an hour at work."),
)  # fmt: skip


def write_page(rows: Sequence[Row], *, source: str, conclusion: str, notes: Sequence[str], file: BinaryIO) -> None:
    """Write one self-contained page, fit for a light and a dark screen, a phone and print."""
    environment = Environment(
        loader=PackageLoader("dialerctl", "reports/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("what_if.html.j2").render(
        title="What if: dial modes compared",
        source=clean(source),
        conclusion=clean(conclusion),
        notes=[clean(note) for note in notes],
        made=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
        columns=COLUMNS,
        rows=[_cells(row) for row in rows],
        charts=charts(rows),
        definitions=DEFINITIONS,
    )
    file.write(page.encode())


def _cells(row: Row) -> list[dict[str, Any]]:
    texts = shown(row)
    cells = []
    for column in COLUMNS:
        value = texts[column.key]
        text = "–" if value is None else f"{value:.1f} %" if isinstance(value, float) else str(value)
        bad = column.key == "above_text" and bool(row["runs_above"])
        cells.append({"text": clean(text), "right": column.right, "bad": bad})
    return cells


def charts(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Bars by team size: occupancy, talk per agent hour, wait, and the abandon rate with its interval and target."""
    found = [
        _chart(rows, "Occupied", "occupancy", 100.0, lambda row: f"{row['occupancy']:.0f} %"),
        _chart(rows, "Talk, minutes per agent hour", "talk_minutes_per_agent_hour", 60.0,
               lambda row: f"{row['talk_minutes_per_agent_hour']:.1f}"),
        _chart(rows, "Wait of an agent between two calls, seconds", "wait_s", None,
               lambda row: "–" if row["wait_s"] is None else f"{row['wait_s']:.1f}"),
    ]  # fmt: skip
    aimed = [row for row in rows if row["target"] is not None]
    if aimed:
        chart = _chart(aimed, "Abandoned, with the 95 % interval and the target", "abandon_rate", None,
                       lambda row: f"{row['abandon_rate']:.1f} %", also=("abandon_high", "target"))  # fmt: skip
        scale = chart["most"]
        for bar, row in zip((bar for group in chart["groups"] for bar in group["bars"]), _by_team(aimed), strict=True):
            bar.update(
                low=_share(row["abandon_low"], scale),
                high=_share(row["abandon_high"], scale),
                target=_share(row["target"], scale),
                bad=bool(row["runs_above"]),
            )
        found.append(chart)
    return found


def _chart(
    rows: Sequence[Row],
    title: str,
    key: str,
    most: float | None,
    text: Callable[[Row], str],
    also: tuple[str, ...] = (),
) -> dict[str, Any]:
    scale = most or max((float(row[name] or 0.0) for row in rows for name in (key, *also)), default=0.0) or 1.0
    groups: list[dict[str, Any]] = []
    for row in _by_team(rows):
        if not groups or groups[-1]["name"] != agents(row):
            groups.append({"name": agents(row), "bars": []})
        name = row["mode"] if row["target"] is None else f"{row['mode']} {row['target']:g} %"
        groups[-1]["bars"].append(
            {"name": name, "text": text(row), "width": _share(row[key], scale), "bad": False, "mode": row["mode"]}
        )
    return {"title": title, "groups": groups, "most": scale}


def _by_team(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: float(row["agents"]))


def _share(value: float | None, scale: float) -> float:
    """Percent of the scale, inside 0–100."""
    return round(min(100.0, max(0.0, 100 * float(value or 0.0) / scale)), 2)
