"""Owns how results look: table, JSON, CSV, on the screen or in a file. Must not know any command or the socket.

What only some runs need is imported where it is needed: every import here is paid for by `dialerctl --help`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click

from dialerctl.terminal import clean, escape_unsafe_json, pad, screen_columns, shorten, width, wrap

JSON_SCHEMA = 1
Row = Mapping[str, Any]

COLOURS = {
    "active": "green", "ready": "green", "talking": "green", "on_call": "cyan", "reserved": "cyan",
    "wrap_up": "yellow", "paused": "yellow", "stopped": None, "logged_out": None,
    "abandoned": "red", "failed": "red", "fault": "red",
}  # fmt: skip
"""Colour by value, for columns that show a state."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table. `key`: the row's key, or several with `|` between them of which the first known counts.

    `kind`: text, number, time (ISO instant), duration (seconds), rate (percent), state.
    """

    key: str
    heading: str = ""
    kind: str = "text"
    whole: bool = False  # never shortened: what is cut would be read as another one

    @property
    def title(self) -> str:
        """The heading, by default the key."""
        return (self.heading or self.key.replace("_", " ")).upper()

    def value(self, row: Row) -> Any:
        """This column's value in `row`, None when it has none."""
        return next((row[key] for key in self.key.split("|") if row.get(key) is not None), None)

    @property
    def right(self) -> bool:
        """True for columns aligned to the right."""
        return self.kind in {"number", "duration", "rate"}


def show_value(value: Any, kind: str = "text") -> str:
    """Turn one value into the text a person reads; None and '' become '-'."""
    if value is None or value == "":
        return "-"
    if kind == "time":
        return local_time(value)
    if kind == "duration" and isinstance(value, int | float):
        return clock(value)
    if kind == "rate" and isinstance(value, int | float):
        return f"{value:.1f} %"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, list | tuple):
        return ", ".join(show_value(item) for item in value) or "-"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={show_value(item)}" for key, item in value.items()) or "-"
    return clean(str(value))


def local_time(value: Any) -> str:
    """Given an ISO 8601 instant, return it in this machine's zone to the second; anything else as it is."""
    try:
        return datetime.fromisoformat(str(value)).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError):
        return clean(str(value))


def clock(seconds: float) -> str:
    """Seconds as `m:ss` or `h:mm:ss`."""
    sign, whole = ("-", -seconds) if seconds < 0 else ("", seconds)
    minutes, rest = divmod(int(whole + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours}:{minutes:02}:{rest:02}" if hours else f"{sign}{minutes}:{rest:02}"


def table(rows: Sequence[Row], columns: Sequence[Column], *, colour: bool = False, limit: int = 0) -> str:
    """Aligned columns with a heading line. `limit`: widest line (0: none); the widest text gives way, numbers never."""
    cells = [[show_value(column.value(row), column.kind) for column in columns] for row in rows]
    sizes = [max(width(column.title), *(width(line[i]) for line in cells), 0) for i, column in enumerate(columns)]
    over = sum(sizes) + 2 * (len(sizes) - 1) - limit
    texts = [i for i, column in enumerate(columns) if column.kind in {"text", "state"} and not column.whole]
    for widest in sorted(texts, key=lambda i: -sizes[i]) if limit else ():
        least = max(8, width(columns[widest].title))
        given = min(max(0, over), max(0, sizes[widest] - least))
        sizes[widest], over = sizes[widest] - given, over - given
    lines = [_line([column.title for column in columns], columns, sizes, bold=colour)]
    for row, line in zip(rows, cells, strict=True):
        states = [COLOURS.get(str(c.value(row))) if colour and c.kind == "state" else None for c in columns]
        lines.append(_line(line, columns, sizes, states=states))
    return "\n".join(lines)


def _line(
    texts: Sequence[str],
    columns: Sequence[Column],
    sizes: Sequence[int],
    *,
    bold: bool = False,
    states: Sequence[str | None] = (),
) -> str:
    padded = [
        pad(shorten(text, size), size, right=column.right)
        for text, column, size in zip(texts, columns, sizes, strict=True)
    ]
    padded[-1] = padded[-1] if columns[-1].right else padded[-1].rstrip()
    if bold:
        padded = [click.style(text, bold=True) for text in padded]
    elif any(states):
        padded = [click.style(text, fg=state) if state else text for text, state in zip(padded, states, strict=True)]
    return "  ".join(padded).rstrip()


def pairs(entries: Sequence[tuple[str, str]], *, colour: bool = False, limit: int = 0) -> str:
    """Names and values below each other, values aligned. `limit`: widest line (0: none); longer values are wrapped."""
    size = max((width(name) for name, _ in entries), default=0)
    lines = []
    for name, value in entries:
        name = click.style(pad(name, size), bold=True) if colour else pad(name, size)
        first, *more = wrap(value, limit - size - 2) if limit else [value]
        lines += [f"{name}  {first}", *(" " * (size + 2) + line for line in more)]
    return "\n".join(lines)


def as_json(result: Mapping[str, Any]) -> str:
    """One JSON object, `schema` first; raw numbers; safe to print on a terminal."""
    return escape_unsafe_json(json.dumps({"schema": JSON_SCHEMA, **result}, ensure_ascii=False, default=str))


def as_csv(rows: Sequence[Row]) -> str:
    """CSV with a heading line: every key that any row has, in order of appearance; formulas disarmed."""
    import csv
    import io

    keys = list(dict.fromkeys(key for row in rows for key in row))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if keys:
        writer.writerow([csv_cell(key) for key in keys])
    writer.writerows([csv_cell(row.get(key)) for key in keys] for row in rows)
    return text.getvalue().rstrip("\n")


_FORMULA = re.compile(r"\A\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_HARMLESS = re.compile(r"\A(\+[0-9]{1,20}|-[0-9]+(\.[0-9]+)?)\Z")


def csv_cell(value: Any) -> str:
    """One CSV value as text that no spreadsheet takes for a formula.

    A leading `'` goes before = + - @, tab and line breaks; plain phone numbers (+4930…) and negative numbers stay.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | Mapping):
        value = json.dumps(value, ensure_ascii=False, default=str)
    text = str(value)
    cleaned = clean(text)  # first: a control character in front would hide the sign, and vanish
    risky = (text[:1] in "\t\r\n" and text) or (_FORMULA.match(cleaned) and not _HARMLESS.match(cleaned))
    return ("'" if risky else "") + cleaned


def write(text: str, target: str | None) -> None:
    """Write `text` and a line end to stdout, or to the file `target` whole or not at all (`-` is stdout)."""
    if target is None or target == "-":
        click.echo(text, color=True)  # whether there is colour was decided before
        if sys.stdout is not None:  # None: the caller has closed it (`>&-`), and wants the exit status only
            sys.stdout.flush()
        return
    from dialerctl.whole_file import whole_file

    with whole_file(target) as file:
        file.write(text.encode() + b"\n")


def screen_limit(target: str | None) -> int:
    """Widest line to print: the terminal's for stdout, none for files and pipes."""
    return screen_columns() if target is None else 0
