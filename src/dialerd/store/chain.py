"""Owns the hash chain over finished records: how a record is hashed and how the chain is checked. Changes no record.

record_hash = SHA-256(prev_hash + newline + canonical JSON of the record), in the order of closing (chain_seq).
A record that is changed, removed or put in between later breaks the chain at its place. The score is not part of it:
supervisors may review a call afterwards.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dialerd.store.attempt_rows import INTENT_COLUMNS, PROGRESS_COLUMNS
from dialerd.store.session import Session

CHAINED_COLUMNS = tuple(sorted({*INTENT_COLUMNS, *PROGRESS_COLUMNS, "chain_seq"} - {"token"}))
"""The token is left out: it is a secret of a call long over, and reports must be able to verify without it."""

LATER_COLUMNS = frozenset(
    {"amd_parameters", "amd_sample_file", "voicemail_cue", "voicemail_started_at", "voicemail_ended_at"}
)
"""Columns that records closed by an older dialerd never had: hashed where they hold something, left out where not.

So an old record's hash stays what it was, and emptying such a column afterwards is seen all the same.
"""

GENESIS = "0" * 64
_BOOLEANS = frozenset({"live_answer", "approximate"})


def record_hash(prev_hash: str, record: Mapping[str, Any]) -> str:
    """Given the previous record's hash and a record by column name, return the record's hash in hex."""
    values = {
        column: bool(record[column]) if column in _BOOLEANS else record[column]
        for column in CHAINED_COLUMNS
        if column not in LATER_COLUMNS or record[column] not in ("", None)
    }
    text = json.dumps(values, ensure_ascii=True, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(f"{prev_hash}\n{text}".encode("ascii")).hexdigest()


def chain_head(session: Session) -> tuple[int, str]:
    """The last record's place and hash; (0, GENESIS) before the first."""
    row = session.one(
        "SELECT chain_seq, record_hash FROM call_log WHERE chain_seq IS NOT NULL ORDER BY chain_seq DESC LIMIT 1"
    )
    return (row[0], row[1]) if row is not None else (0, GENESIS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReport:
    """What a check of the chain found: how many records hold, and the first attempt that does not."""

    checked: int
    broken_at: int | None = None
    reason: str = ""

    @property
    def intact(self) -> bool:
        """True when every finished record is as it was written."""
        return self.broken_at is None


def verify_chain(session: Session, chunk: int = 1000) -> ChainReport:
    """Recompute every hash in closing order and return the first place that does not hold."""
    columns = ", ".join((*CHAINED_COLUMNS, "prev_hash", "record_hash"))
    expected, seq, checked = GENESIS, 0, 0
    while True:
        rows = session.dicts(
            f"SELECT {columns} FROM call_log WHERE chain_seq > ? ORDER BY chain_seq LIMIT ?", (seq, chunk)
        )
        for row in rows:
            if row["chain_seq"] != seq + 1:
                reason = f"a record is missing before this one (place {seq + 1})"
                return ChainReport(checked=checked, broken_at=row["id"], reason=reason)
            if row["prev_hash"] != expected or record_hash(expected, row) != row["record_hash"]:
                return ChainReport(
                    checked=checked, broken_at=row["id"], reason="the record was changed after it was closed"
                )
            expected, seq, checked = row["record_hash"], row["chain_seq"], checked + 1
        if len(rows) < chunk:
            return ChainReport(checked=checked)
