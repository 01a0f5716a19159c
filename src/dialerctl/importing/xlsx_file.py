"""Owns reading xlsx workbooks without trusting them (a zip bomb looks like one). Knows no lead."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from dialerctl.failure import Failure
from dialerctl.importing.source import MAX_COLUMNS, FileRow, LeadFile, Reading, take_headings

MAX_UNPACKED = 512 << 20
MAX_STRINGS = 256 << 20  # openpyxl keeps the shared strings in memory
MAX_RATIO = 100  # real sheets pack 5 to 40 times; only looked at above RATIO_MATTERS
RATIO_MATTERS = 64 << 20
MAX_PARTS = 2000


def open_workbook(path: Path, reading: Reading) -> LeadFile:
    """Open an xlsx file read-only; raise Failure with one sentence when it is none or is not safe to unpack."""
    _check_archive(path)
    import openpyxl

    try:
        with warnings.catch_warnings():  # missing styles, unknown extensions: nothing an operator could do
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # openpyxl raises whatever its parsers raise
        raise _damaged(path, error) from None
    try:
        names = [sheet.title for sheet in book.worksheets]
        if reading.sheet is not None and reading.sheet not in names:
            raise Failure(f"{path} has no sheet {reading.sheet!r}; it has: {', '.join(names)}", 2)
        if not names:
            raise Failure(f"{path} has no sheet with cells")
        sheet = book[reading.sheet or names[0]]
        progress = _Progress()
        size = min(sheet.max_row or 0, 1 << 20)
        headings, rows = take_headings(path, _rows(path, sheet, progress), reading.no_header)
    except BaseException:
        book.close()
        raise
    return LeadFile(_trim(headings), rows, size, lambda: progress.row, book.close, f"workbook, sheet {sheet.title!r}")


class _Progress:
    row = 0


def _check_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise Failure(f"{path} is not an xlsx workbook (it is no zip archive): save it again as .xlsx or CSV") from None
    names = {part.filename for part in parts}
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/workbook") for name in names):
        raise Failure(f"{path} is a zip archive but no xlsx workbook: unpack it, or save the list as .xlsx or CSV")
    if any(part.flag_bits & 1 for part in parts):
        raise Failure(f"{path} is encrypted: save it without a password")
    total = sum(part.file_size for part in parts)
    strings = sum(part.file_size for part in parts if part.filename.endswith("sharedStrings.xml"))
    packed = max(1, path.stat().st_size)
    bomb = total > RATIO_MATTERS and total / packed > MAX_RATIO
    if total > MAX_UNPACKED or strings > MAX_STRINGS or len(parts) > MAX_PARTS or bomb:
        raise Failure(
            f"{path} would unpack to {total >> 20} MiB from {packed >> 10} KiB, more than is safe: "
            "save it as CSV, or split it"
        )


def _rows(path: Path, sheet: Any, progress: _Progress) -> Iterator[FileRow]:
    sheet.reset_dimensions()  # the file's own word on its size is not to be trusted
    try:
        for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
            progress.row = number
            if len(values) > MAX_COLUMNS and any(value is not None for value in values[MAX_COLUMNS:]):
                raise Failure(f"{path}, row {number} has {len(values)} columns; at most {MAX_COLUMNS} can be read")
            cells = _trim(tuple(cell_text(value) for value in values[:MAX_COLUMNS]))
            if any(cell.strip() for cell in cells):
                yield FileRow(number, cells)
    except Failure:
        raise
    except Exception as error:  # damage shows only where it is read
        raise _damaged(path, error) from None


def _trim(cells: tuple[str, ...]) -> tuple[str, ...]:
    """Without the empty cells at the end: formatted but unused columns are none."""
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def cell_text(value: Any) -> str:
    """A cell's value as the person who typed it would read it; whole floats lose their `.0`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e16:
        return str(int(value))
    if isinstance(value, datetime | date | time):
        return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
    return str(value)


def _damaged(path: Path, error: Exception) -> Failure:
    return Failure(f"{path} is a damaged workbook ({type(error).__name__}): open and save it again, or save it as CSV")
