"""Owns the answers to questions and edits from outside: reads on the reader's thread, writes through the writer.

Must not know the control edge: it implements its protocol `Records` by having the same methods.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from dialerd.core.agent import AgentProfile
from dialerd.core.campaign import Campaign
from dialerd.core.import_policy import ImportPolicy
from dialerd.core.lead import Lead
from dialerd.store import call_records, explaining, lead_imports, lead_records, pacing_slots, replay_day, setup_records
from dialerd.store.amd_book import AmdBook
from dialerd.store.lead_book import LeadBook
from dialerd.store.ledger_records import Audited, audit, audited_calls
from dialerd.store.reader import Reader
from dialerd.store.session import Session
from dialerd.store.units import micros, stored_text
from dialerd.store.writer import Writer

Row = dict[str, Any]
T = TypeVar("T")


class Records:
    """Reads and edits of stored things. Every method raises a DialerError with a sentence when it refuses.

    Rows hold the original's column names; instants are aware UTC, amounts Decimal, rates percent.
    """

    def __init__(self, reader: Reader, background: Reader, writer: Writer, clock: Callable[[], datetime]) -> None:
        """`background`: a reader for what takes long, so that nobody waits behind it."""
        self._reader = reader
        self._background = background
        self._writer = writer
        self._clock = clock
        self.book = LeadBook(reader, background, writer, clock)
        self.amd = AmdBook(background, writer, clock)

    async def _write(self, work: Callable[[Session], T]) -> T:
        return await asyncio.wrap_future(self._writer.call(work))

    async def campaigns(self) -> list[Row]:
        """All campaigns by name, each with `leads_total leads_due leads_waiting leads_claimed leads_finished`."""
        now = self._clock()
        return await self._reader.read(lambda session: setup_records.campaigns(session, now))

    async def campaign(self, name: str) -> Row:
        """One campaign with every column; NotFound names the nearest known name."""
        return await self._reader.read(lambda session: setup_records.campaign(session, name))

    async def add_campaign(self, settings: Mapping[str, Any]) -> Campaign:
        """Validate and add; Invalid lists all problems, Conflict when the name is taken."""
        now = self._clock()
        return await self._write(lambda session: setup_records.add_campaign(session, settings, now))

    async def edit_campaign(self, name: str, changes: Mapping[str, Any]) -> Campaign:
        """Change columns of a campaign; all or nothing."""
        now = self._clock()
        campaign = await self._write(lambda session: setup_records.edit_campaign(session, name, changes, now))
        self._writer.hopper.forget(campaign.id)
        return campaign

    async def agents(self) -> list[Row]:
        """All agents by name, with `campaigns` and the last saved state."""
        return await self._reader.read(setup_records.agents)

    async def agent(self, name: str) -> Row:
        """One agent; NotFound names the nearest known name."""
        return (await self._reader.read(lambda session: setup_records.agents(session, name)))[0]

    async def add_agent(self, settings: Mapping[str, Any]) -> AgentProfile:
        """Add an agent (`name full_name endpoint leg_mode node campaigns`); Invalid lists all problems."""
        now = self._clock()
        return await self._write(lambda session: setup_records.add_agent(session, settings, now))

    async def import_leads(
        self, campaign: str, list_name: str, rows: Sequence[Row], policy: ImportPolicy = lead_imports.POLICY
    ) -> Row:
        """Add a chunk of rows to a list of a campaign: `added`, `updated`, `duplicates`, `rejected` ({index, reason}).

        What counts as a duplicate, and what happens to it, is the policy's. Written in transactions so short that
        the intents to dial between them do not wait; each stands by itself, and repeating the chunk is harmless.
        """
        lead_records.check_list_name(list_name)
        await self.campaign(campaign)
        loop = asyncio.get_running_loop()
        good, rejected = await loop.run_in_executor(None, lead_imports.check_rows, rows)
        added = updated = 0
        refused: dict[str, str] = {}
        for start in range(0, len(good), lead_imports.IMPORT_CHUNK):
            part, now = good[start : start + lead_imports.IMPORT_CHUNK], self._clock()
            work = partial(
                lead_imports.add_leads, campaign=campaign, list_name=list_name, rows=part, now=now, policy=policy
            )
            done = await self._write(work)
            added, updated = added + done.added, updated + done.updated
            refused |= done.rejected
            for campaign_id in done.campaigns:
                self._writer.hopper.forget(campaign_id)
        for index, row in enumerate(rows) if refused else ():
            if isinstance(row, dict) and row.get("number") in refused:
                rejected.append({"index": index, "reason": refused[row["number"]]})
        duplicates = len(rows) - added - updated - len(rejected)
        return {"added": added, "updated": updated, "duplicates": duplicates, "rejected": rejected}

    async def leads(
        self, campaign: str | None = None, state: str | None = None, limit: int = 100, offset: int = 0
    ) -> list[Row]:
        """Leads in id order."""
        return await self._reader.read(lambda session: lead_records.leads(session, campaign, state, limit, offset))

    async def lead(self, id_or_number: str) -> Row:
        """One lead by id or E.164 number, with its attempts under `calls`."""
        return await self._reader.read(lambda session: lead_records.lead(session, id_or_number))

    async def explain_lead(self, id_or_number: str) -> Row:
        """Every rule on one lead with its inputs, what blocks it and when it may be dialled (see explaining.py)."""
        now = self._clock()
        return await self._reader.read(lambda session: explaining.explain_lead(session, id_or_number, now))

    async def explain_campaign(self, name: str) -> Row:
        """A campaign's leads by blocking rule, and how many may be dialled in the next hours."""
        now = self._clock()
        return await self._background.read(lambda session: explaining.explain_campaign(session, name, now))

    async def pacing_history(self, name: str, since: datetime, until: datetime, points: int) -> Row:
        """What a campaign's pacing decided in a period, in about `points` spans (see pacing_slots.py)."""
        return await self._background.read(
            lambda session: pacing_slots.pacing_history(session, name, since, until, points)
        )

    async def replay_day(self, name: str, since: str, until: str) -> Row:
        """What a campaign's calls of a day show, by hour (see replay_day.py); takes long, nobody waits behind it."""
        now = self._clock()
        return await self._background.read(lambda session: replay_day.replay_day(session, name, since, until, now))

    async def lead_for_test_call(
        self, campaign: str, number: str, zones: Sequence[str], regions: Sequence[str]
    ) -> Lead:
        """The lead a test call goes to, claimed; Conflict while another test call to it is in progress."""
        now = self._clock()
        return await self._write(
            lambda session: lead_records.lead_for_test_call(session, campaign, number, zones, regions, now)
        )

    async def calls(
        self,
        campaign: str | None = None,
        agent: str | None = None,
        status: str | None = None,
        since: str | None = None,
        until: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Row]:
        """Attempts, newest first; `since`/`until` are ISO 8601 instants."""
        return await self._reader.read(
            lambda session: call_records.calls(
                session,
                campaign=campaign,
                agent=agent,
                status=status,
                since=since,
                until=until,
                limit=limit,
                offset=offset,
            )
        )

    async def call(self, attempt_id: int) -> Row:
        """One attempt with every column; NotFound otherwise."""
        return await self._reader.read(lambda session: call_records.call(session, attempt_id))

    async def dispositions(self) -> list[Row]:
        """Every disposition definition."""
        return await self._reader.read(call_records.dispositions)

    async def ledger(self, name: str, asked: Mapping[str, Any]) -> Row:
        """The figures of a campaign's abandon ledger; `asked`: `since until snapshot`, each where it is given."""
        now = self._clock()
        return await self._background.read(lambda session: audit(session, name, Audited(**asked), now))

    async def ledger_calls(self, name: str, asked: Mapping[str, Any], *, limit: int, offset: int) -> list[Row]:
        """The live answers behind the figures, in order of their time."""
        now = self._clock()
        work = partial(audited_calls, name=name, asked=Audited(**asked), now=now, limit=limit, offset=offset)
        return await self._background.read(work)

    async def audit(self, uid: int, user: str, method: str, params: Mapping[str, Any], outcome: str) -> None:
        """Append one row to the audit log."""
        text = json.dumps(params, default=str, sort_keys=True)  # ASCII: whatever was sent can be stored
        values = (micros(self._clock()), uid, stored_text(user), stored_text(method), text, stored_text(outcome))

        def insert(session: Session) -> None:
            session.run(
                "INSERT INTO audit_log (at, uid, user_name, method, params, outcome) VALUES (?, ?, ?, ?, ?, ?)", values
            )

        await self._write(insert)
