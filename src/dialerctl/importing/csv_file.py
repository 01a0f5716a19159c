"""Owns reading CSV as the world writes it: any delimiter, any usual encoding, hostile lines. Knows no lead."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from dialerctl.failure import Failure
from dialerctl.importing.source import MAX_COLUMNS, FileRow, LeadFile, Reading, take_headings
from dialerctl.importing.text_encoding import find_encoding, known_encoding

MAX_LINE_CHARS = 1 << 20
MAX_LINES_IN_A_ROW = 50  # a cell may hold an address; more lines mean that a quote is not closed
DELIMITERS = (",", ";", "\t", "|")
SAMPLE_CHARS = 1 << 16
_SEPARATOR_LINE = re.compile(r"\Asep=(.)\r?\n\Z", re.IGNORECASE)


def open_csv(path: Path, reading: Reading) -> LeadFile:
    """Open a CSV file; raise Failure with one sentence when it cannot be one."""
    encoding = reading.encoding or find_encoding(path)
    if not known_encoding(encoding):
        raise Failure(f"there is no text encoding {encoding!r}; usual ones: utf-8, cp1252, iso-8859-1, utf-16", 2)
    binary = open(path, "rb")  # noqa: SIM115 closed by LeadFile.close
    try:
        text = io.TextIOWrapper(binary, encoding=encoding, newline="")
        sample = _sample(path, text, encoding)
        text.seek(0)
        delimiter = _delimiter(sample, reading.delimiter)
        headings, rows = take_headings(path, _rows(path, text, delimiter, encoding), reading.no_header)
        size = path.stat().st_size
    except BaseException:
        binary.close()
        raise
    return LeadFile(headings, rows, size, binary.tell, text.close, f"CSV, {encoding}, delimiter {delimiter!r}")


def guess_delimiter(sample: str) -> str:
    """The delimiter that cuts most of the sample's rows into the same number of cells, more than one; else a comma."""
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        try:
            counts = Counter(
                len(row) for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if row
            )
        except csv.Error:
            continue
        cells, rows = max(counts.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
        score = (rows / max(1, counts.total()), cells)
        if cells > 1 and score > best_score:
            best, best_score = delimiter, score
    return best


def _delimiter(sample: str, wanted: str | None) -> str:
    if wanted is not None:
        delimiter = {"\\t": "\t", "tab": "\t"}.get(wanted, wanted)
        if len(delimiter) != 1 or delimiter in '"\r\n\x00':
            raise Failure(f"{wanted!r} cannot be a delimiter: give one character, or '\\t' for a tab", 2)
        return delimiter
    first, _, rest = sample.partition("\n")
    told = _SEPARATOR_LINE.match(first + "\n")
    return told[1] if told else guess_delimiter(sample if rest else first)


def _sample(path: Path, text: io.TextIOWrapper, encoding: str) -> str:
    try:
        sample = text.read(SAMPLE_CHARS)
    except UnicodeError:
        raise _wrong_encoding(path, encoding, 1) from None
    # the last line may be cut: it would look as if it had fewer cells
    return sample.rpartition("\n")[0] + "\n" if len(sample) == SAMPLE_CHARS and "\n" in sample else sample


def _lines(path: Path, text: io.TextIOWrapper, encoding: str) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        try:
            line = text.readline(MAX_LINE_CHARS + 1)
        except UnicodeError:
            raise _wrong_encoding(path, encoding, number) from None
        if not line:
            return
        if len(line) > MAX_LINE_CHARS:
            raise Failure(f"{path}, line {number} is longer than 1 MiB: this is no list of leads")
        if "\0" in line:
            raise Failure(f"{path}, line {number} has a NUL character: the file is damaged or no text file")
        if number == 1 and _SEPARATOR_LINE.match(line):
            line = "\n"  # Excel's hint; an empty line keeps the numbering
        yield line


def _rows(path: Path, text: io.TextIOWrapper, delimiter: str, encoding: str) -> Iterator[FileRow]:
    csv.field_size_limit(MAX_LINE_CHARS)
    reader = csv.reader(_lines(path, text, encoding), delimiter=delimiter)
    while True:
        first_line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error:
            raise _open_quote(path, first_line) from None
        if cells is None:
            return
        if reader.line_num - first_line >= MAX_LINES_IN_A_ROW:
            raise _open_quote(path, first_line)
        if any(cell.strip() for cell in cells):
            yield FileRow(first_line, tuple(cells[: MAX_COLUMNS + 1]))


def _open_quote(path: Path, line: int) -> Failure:
    return Failure(f"{path}, line {line}: a quote is opened and not closed, or a cell is too long")


def _wrong_encoding(path: Path, encoding: str, line: int) -> Failure:
    return Failure(
        f"{path} is not {encoding} text (near line {line}): name its encoding with --encoding, or save it as UTF-8"
    )
