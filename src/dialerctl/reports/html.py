"""Owns the HTML page of calls: fills the templates. Autoescape is always on; the page loads nothing from anywhere."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, BinaryIO

from jinja2 import Environment, PackageLoader, StrictUndefined

from dialerctl.output import clock
from dialerctl.reports.calls_table import PAGE_COLUMNS, ReportColumn, Row, local_naive, words, zone_name
from dialerctl.reports.summary import DEFINITIONS, IN_PROGRESS, Line, Summary, by_size
from dialerctl.terminal import clean

MAX_ROWS = 500  # newest calls on the page; the figures count them all


def write_html(rows: Iterable[Row], summary: Summary, title: str, file: BinaryIO) -> None:
    """Write one self-contained page. `summary` is filled while `rows` are read."""
    shown: list[list[dict[str, Any]]] = []
    for row in rows:
        if len(shown) < MAX_ROWS:
            shown.append([_cell(column, row) for column in PAGE_COLUMNS])
    # autoescape=True, not select_autoescape(): that one leaves *.html.j2 unescaped
    environment = Environment(
        loader=PackageLoader("dialerctl", "reports/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("calls.html.j2").render(
        title=clean(title),
        period=_period(summary),
        made=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
        zone=zone_name(),
        cards=_cards(summary),
        bars=_bars(summary),
        groups=_tables(summary),
        columns=PAGE_COLUMNS,
        rows=shown,
        calls=grouped(summary.total.calls),
        capped=summary.total.calls > len(shown),
        definitions=DEFINITIONS,
    )
    file.write(page.encode())


def _cell(column: ReportColumn, row: Row) -> dict[str, Any]:
    value = column.value(row)
    text = "" if value is None else clean(str(value))
    if column.kind == "time" and value is not None:
        moment = local_naive(value)
        text = str(moment) if moment else text
    elif column.kind == "duration" and isinstance(value, int | float):
        text = clock(value)
    elif column.key == "status":
        text = words(text or IN_PROGRESS)
    elif column.key == "disposition":
        text = words(text) if text else ""
    return {"text": text, "right": column.kind in {"number", "duration"}, "bad": value == "abandoned"}


def _period(summary: Summary) -> str:
    first, last = local_naive(summary.first), local_naive(summary.last)
    if not first or not last:
        return "There are no such calls."
    return f"{grouped(summary.total.calls)} calls, started {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}."


def _cards(summary: Summary) -> list[dict[str, Any]]:
    rate = summary.abandon_rate
    talk = summary.mean_talk_s()
    return [
        {"name": "Calls", "value": grouped(summary.total.calls), "note": ""},
        {
            "name": "Answered by a person",
            "value": grouped(summary.live_answers),
            "note": f"{_share(summary.live_answers, summary.total.calls)} of the calls",
        },
        {
            "name": "Met an agent",
            "value": grouped(summary.connected),
            "note": f"mean talk {clock(talk)}" if talk is not None else "no talk",
        },
        {
            "name": "Abandon rate",
            "value": "–" if rate is None else f"{rate:.1%}",
            "note": f"{grouped(summary.abandoned)} of {grouped(summary.live_answers)} answered by a person",
        },
        {
            "name": "Talk",
            "value": clock(summary.total.talk_s),
            "note": "hours : minutes : seconds" if summary.total.talk_s >= 3599.5 else "minutes : seconds",
        },
    ]


def _bars(summary: Summary) -> list[dict[str, Any]]:
    groups = by_size(summary.by_status)
    most = max((line.calls for _, line in groups), default=1)
    return [
        {"name": words(name), "calls": grouped(line.calls), "share": _share(line.calls, summary.total.calls),
         "width": round(100 * line.calls / most, 2), "bad": name == "abandoned"}
        for name, line in groups
    ]  # fmt: skip


def _tables(summary: Summary) -> list[tuple[str, list[dict[str, str]]]]:
    groups = (("Status", summary.by_status), ("Disposition", summary.by_disposition), ("Agent", summary.by_agent))
    return [(name, _group(lines, summary)) for name, lines in groups if lines]


def _group(groups: dict[str, Line], summary: Summary) -> list[dict[str, str]]:
    return [
        {"name": clean(words(name)), "calls": grouped(line.calls), "share": _share(line.calls, summary.total.calls),
         "ring": clock(line.ring_s), "wait": clock(line.wait_s), "talk": clock(line.talk_s)}
        for name, line in by_size(groups)
    ]  # fmt: skip


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"


def grouped(number: int) -> str:
    """A number with narrow spaces between thousands."""
    return f"{number:,}".replace(",", "\u202f")
