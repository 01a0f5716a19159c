"""Owns the workbook of calls: Summary, Calls, Definitions. Text stays text: no value ever becomes a formula."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from dialerctl.failure import Failure
from dialerctl.reports.calls_table import SHEET_COLUMNS, ReportColumn, Row, local_naive, words, zone_name
from dialerctl.reports.summary import DEFINITIONS, IN_PROGRESS, Line, Summary, by_size
from dialerctl.terminal import clean

MAX_ROWS = 1_000_000  # a sheet has 1 048 576
MAX_TEXT = 32_767  # and a cell this many characters
HEAD_FONT, HEAD_FILL = Font(bold=True, color="FFFFFF"), PatternFill("solid", fgColor="4472C4")
TITLE_FONT, BOLD, FAINT = Font(bold=True, size=14), Font(bold=True), Font(color="666666")
WRAP = Alignment(wrap_text=True, vertical="top")
TIME_FORMAT, DURATION_FORMAT, RATE_FORMAT, COUNT_FORMAT = "yyyy-mm-dd hh:mm:ss", "[h]:mm:ss", "0.0%", "#,##0"
DAY_S = 86400


def write_xlsx(rows: Iterable[Row], summary: Summary, title: str, file: BinaryIO) -> None:
    """Write the workbook. `summary` is filled while `rows` are read, and written after them."""
    book = Workbook(write_only=True)
    overview = book.create_sheet("Summary")  # the first sheet; write_only sheets may be filled in any order
    try:
        _calls(book, rows)
    except BaseException:
        for sheet in book.worksheets:  # else openpyxl finishes them when the file is gone, with a traceback
            sheet.close()
        raise
    _widths(overview, (26, 12, 12, 14, 14, 14))
    _summary(overview, summary, title)
    _definitions(book)
    book.save(file)


def write_plain_table(title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]], file: BinaryIO) -> None:
    """Write a workbook of one sheet; numbers stay numbers, everything else is text."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "B2"
    _widths(sheet, [18] * len(headings))
    _head(sheet, headings)
    for row in rows:
        plain = [isinstance(value, int | float) and not isinstance(value, bool) for value in row]
        sheet.append(
            [
                value if number else None if value in (None, "") else _text(sheet, value)
                for value, number in zip(row, plain, strict=True)
            ]
        )
    book.save(file)


def _calls(book: Workbook, rows: Iterable[Row]) -> None:
    sheet = book.create_sheet("Calls")
    sheet.freeze_panes = "C2"  # before the first row, or it is ignored
    _widths(sheet, [column.width for column in SHEET_COLUMNS])
    _head(sheet, [column.heading for column in SHEET_COLUMNS])
    count = 0
    for row in rows:
        count += 1
        if count > MAX_ROWS:
            raise Failure(f"more than {MAX_ROWS} calls do not fit a sheet: narrow it with --since, or use --format csv")
        sheet.append([_call_cell(sheet, column, row) for column in SHEET_COLUMNS])
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(SHEET_COLUMNS))}{count + 1}"


def _call_cell(sheet: Any, column: ReportColumn, row: Row) -> Any:
    value = column.value(row)
    if column.key == "status":
        value = value or IN_PROGRESS
    if value is None or value == "":
        return None
    if column.key in {"status", "disposition"}:
        value = words(value)  # as in the Summary, so that a figure there is found here with the filter
    if column.kind == "time":
        moment = local_naive(value)
        return _text(sheet, value) if moment is None else _cell(sheet, moment, TIME_FORMAT)
    if column.kind == "duration" and isinstance(value, int | float):
        return _cell(sheet, value / DAY_S, DURATION_FORMAT)
    if column.kind == "flag":
        return "yes" if value else "no"
    if column.kind == "number" and isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return _text(sheet, ", ".join(map(str, value)) if isinstance(value, list) else value)


def _summary(sheet: Any, summary: Summary, title: str) -> None:
    sheet.append([_text(sheet, title, TITLE_FONT)])
    first, last = local_naive(summary.first), local_naive(summary.last)
    period = f"Calls started from {first} to {last}" if first else "No calls"
    sheet.append([_text(sheet, f"{period}. Times are {zone_name()}.", FAINT)])
    sheet.append([])
    _head(sheet, ["Figure", "Value", "Of"])
    total = summary.total
    for name, value, of, form in (
        ("Calls", total.calls, None, COUNT_FORMAT),
        ("Answered by a person", summary.live_answers, total.calls, COUNT_FORMAT),
        ("Met an agent", summary.connected, summary.live_answers, COUNT_FORMAT),
        ("Abandoned", summary.abandoned, summary.live_answers, COUNT_FORMAT),
        ("Abandon rate", summary.abandon_rate, None, RATE_FORMAT),
        ("Talk", total.talk_s / DAY_S, None, DURATION_FORMAT),
        ("Mean talk", (summary.mean_talk_s() or 0) / DAY_S, None, DURATION_FORMAT),
    ):
        shown = "no live answers" if value is None else _cell(sheet, value, form)
        sheet.append([name, shown, None if of is None else _cell(sheet, of, COUNT_FORMAT)])
    _groups(sheet, "Status", summary.by_status, total.calls)
    _groups(sheet, "Disposition", summary.by_disposition, total.calls)
    _groups(sheet, "Agent", summary.by_agent, total.calls)


def _groups(sheet: Any, name: str, groups: Mapping[str, Line], calls: int) -> None:
    if not groups:
        return
    sheet.append([])
    _head(sheet, [name, "Calls", "Share", "Ring", "Wait", "Talk"])
    for key, line in by_size(groups):
        durations = [_cell(sheet, value / DAY_S, DURATION_FORMAT) for value in (line.ring_s, line.wait_s, line.talk_s)]
        share = _cell(sheet, line.calls / calls, RATE_FORMAT)
        sheet.append([_text(sheet, words(key)), _cell(sheet, line.calls, COUNT_FORMAT), share, *durations])


def _definitions(book: Workbook) -> None:
    sheet = book.create_sheet("Definitions")
    sheet.freeze_panes = "A2"
    _widths(sheet, (24, 100))
    _head(sheet, ["Term", "Meaning"])
    columns = [(f"Column {column.heading}", column.meaning) for column in SHEET_COLUMNS if column.meaning]
    for term, meaning in (*DEFINITIONS, *columns):
        text = _text(sheet, meaning)
        text.alignment = WRAP
        sheet.append([_text(sheet, term, BOLD), text])


def _widths(sheet: Any, widths: Sequence[int]) -> None:
    for i, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(i)].width = width


def _head(sheet: Any, names: Sequence[str]) -> None:
    cells = [_text(sheet, name, HEAD_FONT) for name in names]
    for cell in cells:
        cell.fill = HEAD_FILL
    sheet.append(cells)


def _cell(sheet: Any, value: Any, number_format: str) -> Any:
    cell = WriteOnlyCell(sheet, value)
    cell.number_format = number_format
    return cell


def _text(sheet: Any, value: Any, font: Font | None = None) -> Any:
    """A text cell that stays text: typed as string, and quoted where a spreadsheet would see a formula on edit."""
    text = ILLEGAL_CHARACTERS_RE.sub("", clean(str(value)))[:MAX_TEXT]
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    if text[:1] in {"=", "+", "-", "@"}:
        cell.quotePrefix = True
    if font is not None:
        cell.font = font
    return cell
