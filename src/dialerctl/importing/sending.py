"""Owns the way of cleaned leads to dialerd: chunks, one on its way while the next is made, what became of each.

Must not know files. A thread of its own waits for dialerd, so that reading and checking go on meanwhile.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from dialerctl.failure import Failure
from dialerctl.importing.cleaning import CleanLead
from dialerctl.importing.rejects import RejectedRows
from dialerctl.importing.source import FileRow
from dialerctl.session import Session
from dialerd.control.protocol import MAX_IMPORT_ROWS, MAX_LINE_BYTES

CHUNK_BYTES = MAX_LINE_BYTES - 4096  # room for the request around the rows
ON_THE_WAY = 2
IMPORT_TIMEOUT_S = 60.0  # the store may be busy with another import


class Counted(Protocol):
    """The counts that the sender keeps up to date."""

    acceptable: int
    added: int
    updated: int
    duplicates_known: int


@dataclass(slots=True)
class _Chunk:
    rows: list[tuple[FileRow, dict[str, Any]]] = field(default_factory=list)
    size: int = 0


class Sender:
    """Sends leads in chunks that dialerd accepts: by number of rows and by size. Use as a context; `flush` ends it."""

    def __init__(
        self, session: Session, target: dict[str, Any], counts: Counted, rejects: RejectedRows, *, dry_run: bool
    ) -> None:
        """`target`: the other parameters of lead.import."""
        self._session, self._target, self._counts, self._rejects = session, target, counts, rejects
        self._dry_run = dry_run
        self._chunk = _Chunk()
        self._encode = msgspec.json.Encoder().encode
        self._line = ThreadPoolExecutor(max_workers=1, thread_name_prefix="import")
        self._sent: deque[tuple[_Chunk, Future[Any]]] = deque()

    def __enter__(self) -> Sender:
        """Nothing is sent yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for what is on its way; nothing more is sent."""
        self._line.shutdown(wait=True, cancel_futures=True)

    def add(self, row: FileRow, lead: CleanLead) -> None:
        """Send a lead, some time; a row that is too long for any request is rejected."""
        if self._dry_run:
            return
        values = lead.as_row(changes_leads=self._target["on_duplicate"] == "update")
        size = len(self._encode(values)) * 2  # the client may write characters as escapes
        if size > CHUNK_BYTES // 2:
            self._counts.acceptable -= 1
            self._rejects.add(row.number, "the row is too long", row.cells[:5])
            return
        if len(self._chunk.rows) >= MAX_IMPORT_ROWS or self._chunk.size + size > CHUNK_BYTES:
            self._send()
        self._chunk.rows.append((row, values))
        self._chunk.size += size

    def flush(self) -> None:
        """Send what is left and take in every answer."""
        self._send()
        while self._sent:
            self._take_answer()

    def _send(self) -> None:
        chunk, self._chunk = self._chunk, _Chunk()
        if not chunk.rows:
            return
        while len(self._sent) >= ON_THE_WAY:
            self._take_answer()
        params = {**self._target, "rows": [values for _, values in chunk.rows]}
        patience = max(IMPORT_TIMEOUT_S, self._session.timeout_s)
        client = self._session.client()
        self._sent.append((chunk, self._line.submit(client.call, "lead.import", params, timeout_s=patience)))

    def _take_answer(self) -> None:
        chunk, future = self._sent.popleft()
        counts = self._counts
        try:
            result = future.result()
        except Failure as failure:
            raise Failure(
                f"{failure.message} (stopped before row {chunk.rows[0][0].number}; {counts.added} leads are in; "
                "import the file again: what is in counts as duplicate)",
                failure.exit_code,
            ) from None
        counts.added += int(result.get("added", 0))
        counts.updated += int(result.get("updated", 0))
        counts.duplicates_known += int(result.get("duplicates", 0))
        refused = result.get("rejected") or []
        for entry in refused if isinstance(refused, list) else []:
            row, _ = chunk.rows[int(entry["index"])]
            counts.acceptable -= 1
            self._rejects.add(row.number, str(entry.get("reason", "refused by dialerd")), row.cells)
