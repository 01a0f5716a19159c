"""Owns the façade for the evidence of answering-machine detection. Reads and edits like `Records`.

Must not know the control edge: it implements its protocol `AmdBook` by having the same methods.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from dialerd.core.amd.evidence import By, Cell, Judged
from dialerd.store import amd_counts, amd_reviews
from dialerd.store.amd_labels import Span, labelled_samples
from dialerd.store.mapping import campaign_value
from dialerd.store.reader import Reader
from dialerd.store.session import Session
from dialerd.store.setup_records import campaign_row
from dialerd.store.writer import Writer

Row = dict[str, Any]


class AmdBook:
    """Every method raises a DialerError with a sentence when it refuses. Rows hold aware UTC instants."""

    def __init__(self, background: Reader, writer: Writer, clock: Callable[[], datetime]) -> None:
        """`background`: a reader for what takes long."""
        self._background = background
        self._writer = writer
        self._clock = clock

    async def reviewable(self, attempt_id: int) -> Row:
        """`{amd_status, amd_cause, agent}` of a call that may be reviewed; NotFound, Conflict."""
        return await self._background.read(lambda session: amd_reviews.reviewable(session, attempt_id))

    async def review(self, attempt_id: int, heard: str, by: str, note: str) -> Row:
        """Write what somebody heard on a call."""
        now = self._clock()
        work = self._writer.call(lambda session: amd_reviews.review(session, attempt_id, heard, by, note, now))
        return await asyncio.wrap_future(work)

    async def waiting(
        self, name: str | None, since: datetime | None, until: datetime | None, *, limit: int
    ) -> tuple[int, list[Row]]:
        """Sampled machine calls that nobody has listened to: how many, and the next of them in a fair order."""

        def read(session: Session) -> tuple[int, list[Row]]:
            ids = (
                [campaign_row(session, name)["id"]]
                if name is not None
                else [row[0] for row in session.rows("SELECT id FROM campaign ORDER BY id")]
            )
            return amd_reviews.waiting(session, ids, Span(since=since, until=until), limit=limit)

        return await self._background.read(read)

    async def samples(
        self, name: str, since: datetime | None, until: datetime | None, *, limit: int, offset: int
    ) -> tuple[int, list[Row]]:
        """Samples of a campaign whose calls are known to be of a person or a machine: how many, and a page of them."""

        def read(session: Session) -> tuple[int, list[Row]]:
            campaign_id = campaign_row(session, name)["id"]
            return labelled_samples(session, campaign_id, Span(since=since, until=until), limit=limit, offset=offset)

        return await self._background.read(read)

    async def counts(
        self, name: str, since: datetime | None, until: datetime | None, by: By
    ) -> tuple[Mapping[str, Judged], Row]:
        """A campaign's judged calls by key, and beside them `{voicemail, waiting, amd_false_positive_rate}`."""
        span = Span(since=since, until=until)

        def read(session: Session) -> tuple[Mapping[str, Judged], Row]:
            campaign = campaign_value(campaign_row(session, name), session.rule_sets)
            waiting, _ = amd_reviews.waiting(session, [campaign.id], span, limit=0)
            beside = {
                "voicemail": amd_counts.voicemail(session, campaign.id, span),
                "waiting": waiting,
                "amd_false_positive_rate": campaign.amd_false_positive_rate,
            }
            return amd_counts.counts(session, campaign.id, span, by, campaign.zone), beside

        return await self._background.read(read)

    async def calls(
        self, name: str, since: datetime | None, until: datetime | None, by: By, cell: Cell, *, limit: int, offset: int
    ) -> tuple[int, list[Row]]:
        """The calls behind one of those counts: how many, and a page of them."""
        span = Span(since=since, until=until)

        def read(session: Session) -> tuple[int, list[Row]]:
            campaign = campaign_value(campaign_row(session, name), session.rule_sets)
            return amd_counts.calls(session, campaign.id, span, by, campaign.zone, cell, limit=limit, offset=offset)

        return await self._background.read(read)
