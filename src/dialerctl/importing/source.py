"""Owns what a lead file is to the rest: headings and rows of text. Must not know formats beyond choosing the reader."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dialerctl.failure import Failure

MAX_COLUMNS = 500


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row: its number as an editor or spreadsheet shows it, its cells as text."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeadFile:
    """An opened file. `rows` may raise Failure; `position` counts up to `size` while they are read (progress)."""

    headings: tuple[str, ...]
    rows: Iterator[FileRow]
    size: int
    position: Callable[[], int]
    close: Callable[[], None]
    kind: str


@dataclass(frozen=True, slots=True)
class Reading:
    """How the caller wants the file read; None: find out."""

    delimiter: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    no_header: bool = False


def open_lead_file(path: Path, reading: Reading) -> LeadFile:
    """Open `path` by its content (not its name); raise Failure with one sentence when it is no lead file."""
    begin = _first_bytes(path)
    if begin.startswith(b"PK\x03\x04") or path.suffix.lower() in {".xlsx", ".xlsm"}:
        from dialerctl.importing.xlsx_file import open_workbook

        return open_workbook(path, reading)
    if begin.startswith(b"\xd0\xcf\x11\xe0"):
        raise Failure(f"{path} is an old .xls or a password-protected workbook: save it as .xlsx or CSV, unprotected")
    if begin.startswith((b"%PDF", b"\x89PNG", b"\x1f\x8b", b"GIF8", b"\xff\xd8\xff", b"\x7fELF")):
        raise Failure(f"{path} is neither CSV nor xlsx: export the leads from where they come from as one of these")
    from dialerctl.importing.csv_file import open_csv

    return open_csv(path, reading)


def _first_bytes(path: Path) -> bytes:
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise Failure(f"{path} is a folder: name a file in it", 2)
        if not stat.S_ISREG(mode):
            raise Failure(f"{path} is not a file; to read CSV from standard input use -", 2)
        with open(path, "rb") as file:
            begin = file.read(16)
    except FileNotFoundError:
        raise Failure(f"there is no file {path}", 2) from None
    except PermissionError:
        raise Failure(f"no permission to read {path}", 2) from None
    except OSError as error:
        raise Failure(f"cannot read {path}: {error.strerror or error}", 2) from None
    if not begin.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00") and os.path.getsize(path) <= len(begin):
        raise Failure(f"{path} is empty")
    return begin


def take_headings(path: Path, rows: Iterator[FileRow], no_header: bool) -> tuple[tuple[str, ...], Iterator[FileRow]]:
    """Split the headings off `rows`; with `no_header` the columns are called 1, 2, 3 … and no row is lost."""
    first = next(rows, None)
    if first is None:
        raise Failure(f"{path} has no rows")
    if len(first.cells) > MAX_COLUMNS:
        raise Failure(f"{path} has {len(first.cells)} columns; at most {MAX_COLUMNS} can be read")
    if not no_header:
        return first.cells, rows

    def with_first() -> Iterator[FileRow]:
        yield first
        yield from rows

    return tuple(str(i) for i in range(1, len(first.cells) + 1)), with_first()
