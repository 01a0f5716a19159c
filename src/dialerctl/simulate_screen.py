"""Owns what `dialerctl simulate` shows: table, bars, the sentence that says what follows. Pure: rows in, text out."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from dialerctl import output
from dialerctl.output import Column
from dialerctl.terminal import pad, width

Row = Mapping[str, Any]
BAR = 40
LEAST_BAR = 8
KEYS = 3  # the columns that tell a row from the others: they begin every part of a table that is too wide
BLOCKS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")
LIMIT_OF_CHANCE = 0.02  # less of a difference in talk time is called none
MUCH = 0.7  # of all calls that calls_per_second allows: it is what holds dialling back
FEW_ANSWERS = 300  # with fewer, one day says little about an abandon rate

COLUMNS = (
    Column("mode"),
    Column("target_text", "target", "number"),
    Column("agents_text", "agents", "number"),
    Column("occupancy", "occupied", "rate"),
    Column("wait_text", "wait", "number"),
    Column("p90_text", "p90", "number"),
    Column("abandon_text", "abandoned", "number"),
    Column("interval_text", "95 %", "number"),
    Column("above_text", "above", "number"),
    Column("dials_text", "dials/contact", "number"),
    Column("contacts_text", "contacts/h", "number"),
    Column("talk_text", "talk min/h", "number"),
)


def screen(
    rows: Sequence[Row],
    *,
    source: str,
    conclusion: str,
    notes: Sequence[str],
    colour: bool = False,
    to_file: bool = False,
    limit: int = 0,
) -> str:
    """Everything: table, bars, conclusion, where it comes from, what to mind. `to_file`: it is not this terminal's.

    `limit`: widest line of table and bars (0: none).
    """
    plain = not to_file and not _can_draw(getattr(sys.stdout, "encoding", None))
    parts = [
        *_tables([shown(row) for row in rows], colour=colour, limit=limit),
        "Occupancy and talk per agent hour:\n" + bars(rows, plain=plain, limit=limit),
    ]
    if conclusion:
        parts.append(click.style(conclusion, bold=True) if colour else conclusion)
    parts.append("\n".join([source, *notes]))
    text = "\n\n".join(parts)
    return text.replace("–", "-") if plain else text


def _tables(rows: Sequence[Row], *, colour: bool, limit: int) -> list[str]:
    """One table, or as many below each other as it takes to stay within `limit`."""
    keys, others = COLUMNS[:KEYS], list(COLUMNS[KEYS:])
    found = []
    while others:
        fitting = len(others)
        while limit and fitting > 1 and _width(output.table(rows, (*keys, *others[:fitting]))) > limit:
            fitting -= 1
        found.append(output.table(rows, (*keys, *others[:fitting]), colour=colour))
        del others[:fitting]
    return found


def _width(text: str) -> int:
    return max(width(line) for line in text.splitlines())


def shown(row: Row) -> dict[str, str | float | None]:
    """A row as people read it."""
    above = row["runs_above"]
    aimed = row["target"] is not None
    return {
        "mode": row["mode"],
        "occupancy": row["occupancy"],
        "target_text": f"{row['target']:g} %" if aimed else None,
        "agents_text": f"{row['agents']:g}",
        "wait_text": _seconds(row["wait_s"]),
        "p90_text": _seconds(row["wait_p90_s"]),
        "abandon_text": f"{row['abandon_rate']:.1f} %",
        "interval_text": f"{row['abandon_low']:.1f}–{row['abandon_high']:.1f} %",
        "above_text": None if not aimed else "no" if not above else f"{above} of {row['runs']} days" if row["runs"] > 1
        else "yes",
        "dials_text": None if row["dials_per_contact"] is None else f"{row['dials_per_contact']:.2f}",
        "contacts_text": f"{row['contacts_per_agent_hour']:.1f}",
        "talk_text": f"{row['talk_minutes_per_agent_hour']:.1f}",
    }  # fmt: skip


def _seconds(value: float | None) -> str | None:
    return None if value is None else f"{value:.0f} s" if value >= 10 else f"{value:.1f} s"


def label(row: Row) -> str:
    """What tells a row from the others: `predictive 3 %, 10 agents`."""
    target = "" if row["target"] is None else f" {row['target']:g} %"
    return f"{row['mode']}{target}, {agents(row)}"


def agents(row: Row) -> str:
    """`10 agents`."""
    return f"{row['agents']:g} agent{'' if row['agents'] == 1 else 's'}"


def bars(rows: Sequence[Row], *, plain: bool = False, limit: int = 0) -> str:
    """One bar of occupancy for each row; `plain`: in ASCII; shorter ones, then none, where `limit` wants it."""
    names = [label(row) for row in rows]
    figures = [f"{row['occupancy']:.0f} %  {row['talk_minutes_per_agent_hour']:.0f} min" for row in rows]
    size = max((width(name) for name in names), default=0)
    room = limit - size - max((width(text) for text in figures), default=0) - 6 if limit else BAR
    length = min(BAR, room) if room >= LEAST_BAR else 0
    lines = []
    for name, text, row in zip(names, figures, rows, strict=True):
        drawn = pad(bar(row["occupancy"] / 100, plain=plain, length=length), length) + "  " if length else ""
        lines.append(f"  {pad(name, size)}  {drawn}{text}")
    return "\n".join(lines)


def bar(share: float, *, plain: bool = False, length: int = BAR) -> str:
    """A bar for a share (0–1) of `length` columns."""
    if plain:
        return "#" * round(length * share)
    eighths = round(8 * length * share)
    return "█" * (eighths // 8) + BLOCKS[eighths % 8]


def _can_draw(encoding: str | None) -> bool:
    try:
        "█▏–".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def conclusion(rows: Sequence[Row]) -> str:
    """What follows, in one sentence: the best of the other modes within its target, against progressive."""
    pairs = [
        (row, base)
        for base in rows
        if base["mode"] == "progressive"
        for row in rows
        if row["mode"] != "progressive" and row["agents"] == base["agents"] and not row["runs_above"]
    ]
    pairs = [pair for pair in pairs if pair[1]["talk_minutes_per_agent_hour"]]
    if not pairs:
        return _best_of_one_mode(rows)
    row, base = max(pairs, key=lambda pair: (pair[0]["agents"], pair[0]["talk_minutes_per_agent_hour"]))
    gain = row["talk_minutes_per_agent_hour"] / base["talk_minutes_per_agent_hour"] - 1
    target = "" if row["target"] is None else f" at {row['target']:g} %"
    start = f"With {agents(row)}, {row['mode']}{target}"
    talk = f"{row['talk_minutes_per_agent_hour']:.0f} against {base['talk_minutes_per_agent_hour']:.0f} min per agent"
    if abs(gain) < LIMIT_OF_CHANCE:
        return f"{start} makes as much talk per hour as progressive ({talk})."
    more = "more" if gain > 0 else "less"
    return (
        f"{start} makes {100 * abs(gain):.0f} % {more} talk per hour than progressive ({talk}); "
        f"{row['abandon_rate']:.1f} % of those who answered met no agent."
    )


def _best_of_one_mode(rows: Sequence[Row]) -> str:
    kept = [row for row in rows if not row["runs_above"] and row["talk_minutes_per_agent_hour"]]
    if len(rows) < 2 or not kept:
        return ""
    best = max(kept, key=lambda row: row["talk_minutes_per_agent_hour"])
    return f"Most talk per agent hour: {label(best)} ({best['talk_minutes_per_agent_hour']:.0f} min)."


def notes(rows: Sequence[Row]) -> list[str]:
    """What one must know to read the rows rightly."""
    found = []
    full = [row for row in rows if row["peak_lines"] >= row["max_lines"]]
    if full:
        named = ", ".join(label(row) for row in full)
        found.append(f"All {full[0]['max_lines']} lines (max_lines) were in use at times: {named}. Try --lines.")
    fast = [row for row in rows if row["dials"] > MUCH * row["calls_per_second"] * 3600 * row["hours"] * row["runs"]]
    if fast:
        named = ", ".join(label(row) for row in fast)
        found.append(f"calls_per_second {fast[0]['calls_per_second']:g} of the campaign was the limit: {named}.")
    above = [row for row in rows if row["runs_above"]]
    if above:
        named = ", ".join(label(row) for row in above)
        found.append(f"A legal window ended above the target: {named}.")
    if any(row["target"] is not None and row["live_answers"] < FEW_ANSWERS for row in rows):
        found.append(
            "Some rows have few answered calls; their abandon rate is uncertain (see the interval): use --runs."
        )
    return found
