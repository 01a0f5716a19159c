"""Owns the CSV of calls: raw values under the keys of `call.list`, formulas disarmed. Must not know the socket."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import BinaryIO

from dialerctl.output import csv_cell
from dialerctl.reports.calls_table import CALL_COLUMNS, Row


def write_csv(rows: Iterable[Row], file: BinaryIO) -> None:
    """Write the rows to `file` as UTF-8; instants stay ISO 8601 with offset, durations seconds."""
    text = io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="", write_through=True)
    try:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([column.key for column in CALL_COLUMNS])
        for row in rows:
            writer.writerow([csv_cell(column.value(row)) for column in CALL_COLUMNS])
        text.flush()
    finally:
        text.detach()  # the caller closes the file
