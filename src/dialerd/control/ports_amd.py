"""Owns what the control edge needs for the evidence of answering-machine detection, as a protocol.

Implemented by `store/amd_book.py`, which it must not import; every method raises a DialerError when it refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from dialerd.core.amd.evidence import By, Cell, Judged

Row = dict[str, Any]


class AmdBook(Protocol):
    """Reviews, samples and what they show."""

    async def reviewable(self, attempt_id: int) -> Row:
        """`{amd_status, amd_cause, agent}` of a call that may be reviewed; NotFound, Conflict."""

    async def review(self, attempt_id: int, heard: str, by: str, note: str) -> Row:
        """Write what somebody heard on a call; the last word counts."""

    async def waiting(
        self, name: str | None, since: datetime | None, until: datetime | None, *, limit: int
    ) -> tuple[int, list[Row]]:
        """Sampled machine calls that nobody has listened to: how many, and the next of them in a fair order."""

    async def samples(
        self, name: str, since: datetime | None, until: datetime | None, *, limit: int, offset: int
    ) -> tuple[int, list[Row]]:
        """Samples of a campaign whose calls are known to be of a person or a machine: how many, and a page of them."""

    async def counts(
        self, name: str, since: datetime | None, until: datetime | None, by: By
    ) -> tuple[Mapping[str, Judged], Row]:
        """A campaign's judged calls by key, and beside them `{voicemail, waiting, amd_false_positive_rate}`."""

    async def calls(
        self, name: str, since: datetime | None, until: datetime | None, by: By, cell: Cell, *, limit: int, offset: int
    ) -> tuple[int, list[Row]]:
        """The calls behind one of those counts: how many, and a page of them."""
