"""Owns the file of rejected rows: row number, reason, the row as it was. Knows no reason."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from dialerctl.output import csv_cell
from dialerctl.whole_file import check_target, whole_file


class RejectedRows:
    """Counts rejected rows and writes them to `path` (None: only counts). The file appears when the block ends."""

    KEPT = 10

    def __init__(self, path: Path | None, headings: Sequence[str]) -> None:
        if path is not None:
            check_target(path.absolute())
        self.path = path
        self.count = 0
        self.first: list[tuple[int, str]] = []
        self._headings = headings
        self._stack = ExitStack()
        self._file: BinaryIO | None = None

    def __enter__(self) -> RejectedRows:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Rows rejected before something else failed are kept: the operator will want them.
        self._stack.close()

    def add(self, row: int, reason: str, cells: Sequence[str]) -> None:
        """Note one rejected row."""
        self.count += 1
        if len(self.first) < self.KEPT:
            self.first.append((row, reason))
        if self.path is None:
            return
        if self._file is None:
            self._file = self._stack.enter_context(whole_file(self.path))
            self._file.write(b"\xef\xbb\xbf")  # spreadsheets take a CSV file without a mark for an old encoding
            self._write(["row", "reason", *self._headings])
        self._write([str(row), reason, *cells])

    def _write(self, cells: Sequence[str]) -> None:
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow([csv_cell(cell) for cell in cells])
        if self._file is not None:
            self._file.write(line.getvalue().encode("utf-8", "replace"))
