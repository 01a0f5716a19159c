"""Owns the façade for leads by hand: lists, appointments, retry rules, do-not-call. Reads and edits like `Records`.

Must not know the control edge: it implements its protocol `LeadBook` by having the same methods.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, TypeVar

from dialerd.store import callback_records, dnc_import, dnc_records, lead_edits, list_records, retry_records
from dialerd.store.reader import Reader
from dialerd.store.session import Session
from dialerd.store.writer import Writer

Row = dict[str, Any]
T = TypeVar("T")


class LeadBook:
    """Every method raises a DialerError with a sentence when it refuses. Rows hold aware UTC instants."""

    def __init__(self, reader: Reader, background: Reader, writer: Writer, clock: Callable[[], datetime]) -> None:
        """`background`: a reader for what takes long."""
        self._reader = reader
        self._background = background
        self._writer = writer
        self._clock = clock

    async def _write(self, work: Callable[[Session], T]) -> T:
        return await asyncio.wrap_future(self._writer.call(work))

    async def _changed(self, work: Callable[[Session], tuple[Row, int]]) -> Row:
        """An edit that returns a row and the id of the campaign whose leads are to be chosen anew."""
        row, campaign_id = await self._write(work)
        self._writer.hopper.forget(campaign_id)
        return row

    # -- leads and lists

    async def add_lead(self, campaign: str, list_name: str, row: Row) -> Row:
        """Add one lead to a list; Conflict when the campaign has its number."""
        now = self._clock()
        return await self._write(lambda s: lead_edits.add_lead(s, campaign, list_name, row, now))

    async def edit_lead(self, lead: str, changes: Mapping[str, Any]) -> Row:
        """Change fields of a lead, by id or number."""
        return await self._changed(lambda s: lead_edits.edit_lead(s, lead, changes))

    async def remove_lead(self, lead: str) -> Row:
        """Remove a lead, or close it when it has calls: `{lead, number, removed}`."""
        now = self._clock()
        return await self._changed(lambda s: lead_edits.remove_lead(s, lead, now))

    async def lead_lists(self, campaign: str | None) -> list[Row]:
        """Lead lists with counts."""
        now = self._clock()
        return await self._background.read(lambda s: list_records.lead_lists(s, campaign, now))

    async def lead_list(self, campaign: str, name: str) -> Row:
        """One list, its leads by state, its calls by disposition."""
        now = self._clock()
        return await self._background.read(lambda s: list_records.lead_list(s, campaign, name, now))

    async def edit_list(self, campaign: str, name: str, changes: Mapping[str, Any]) -> None:
        """Change name, weight or `active`."""
        campaign_id = await self._write(lambda s: list_records.edit_list(s, campaign, name, changes))
        self._writer.hopper.forget(campaign_id)

    async def recycle(self, campaign: str, name: str, states: Collection[str], dispositions: Collection[str]) -> int:
        """Make finished leads due again, in short transactions; how many."""
        list_records.recyclable(states)
        row = await self._reader.read(lambda s: list_records.list_row(s, campaign, name))
        total, above = 0, 0
        while True:
            work = partial(
                list_records.recycle_some, list_id=row["id"], states=states, dispositions=dispositions, above=above
            )
            count, go_on = await self._write(work)
            total += count
            if go_on is None:
                self._writer.hopper.forget(row["campaign_id"])
                return total
            above = go_on

    async def remove_list(self, campaign: str, name: str) -> None:
        """Remove a list whose leads were never called, in short transactions."""
        list_id, campaign_id = await self._write(lambda s: list_records.begin_removal(s, campaign, name))
        self._writer.hopper.forget(campaign_id)
        while not await self._write(lambda s: list_records.remove_some(s, list_id)):
            pass

    # -- retry rules

    async def retry_rules(self, campaign: str | None) -> list[Row]:
        """Rules by campaign and outcome."""
        return await self._reader.read(lambda s: retry_records.retry_rules(s, campaign))

    async def set_retry_rule(self, campaign: str, outcome: str, settings: Mapping[str, Any]) -> Row:
        """Add or change the rule for an outcome."""
        return await self._write(lambda s: retry_records.set_retry_rule(s, campaign, outcome, settings))

    async def remove_retry_rule(self, campaign: str, outcome: str) -> None:
        """Remove a rule."""
        await self._write(lambda s: retry_records.remove_retry_rule(s, campaign, outcome))

    # -- appointments

    async def callbacks(
        self, campaign: str | None, agent: str | None, state: str, limit: int, offset: int
    ) -> list[Row]:
        """Appointments by time."""
        now = self._clock()
        return await self._reader.read(
            lambda s: callback_records.callbacks(s, now, campaign, agent, state, limit, offset)
        )

    async def add_callback(self, lead: str, due: datetime, agent: str | None, note: str) -> Row:
        """Make an appointment, with anyone or with one agent."""
        now = self._clock()
        return await self._changed(lambda s: callback_records.add_callback(s, lead, due, agent, note, now))

    async def cancel_callback(self, callback: int) -> Row:
        """Cancel a pending appointment."""
        now = self._clock()
        return await self._changed(lambda s: callback_records.cancel_callback(s, callback, now))

    # -- do-not-call

    async def forbid(self, numbers: Sequence[str], prefixes: Sequence[str], campaign: str | None, source: str) -> int:
        """Put numbers and prefixes on our own list, in short transactions; how many entries were new."""
        now, added = self._clock(), 0
        await self._reader.read(lambda s: dnc_records.checked(s, numbers, prefixes, campaign))  # all or nothing
        for start in range(0, len(numbers), dnc_records.AT_ONCE):
            part = numbers[start : start + dnc_records.AT_ONCE]
            added += await self._write(
                partial(dnc_records.add_numbers, numbers=part, campaign=campaign, source=source, now=now)
            )
        for prefix in prefixes:
            added += await self._write(
                partial(dnc_records.add_prefix, prefix=prefix, campaign=campaign, source=source, now=now)
            )
        return added

    async def allow(self, numbers: Sequence[str], campaign: str | None) -> int:
        """Take numbers, or prefixes that end in …, off our own list; how many entries went."""
        return await self._write(lambda s: dnc_records.remove(s, numbers, campaign))

    async def forbidden(self, campaign: str | None, limit: int, offset: int) -> list[Row]:
        """Our own entries, newest first."""
        return await self._reader.read(lambda s: dnc_records.entries(s, campaign, limit, offset))

    async def dnc_lists(self) -> list[Row]:
        """Imported lists with their age, and those that a campaign's rule set lacks."""
        today = self._clock().date()
        return await self._reader.read(lambda s: dnc_records.lists(s, today))

    async def dnc_check(self, numbers: Sequence[str]) -> list[Row]:
        """Where each number is listed."""
        today = self._clock().date()
        return await self._reader.read(lambda s: dnc_records.check(s, numbers, today))

    async def begin_dnc_list(self, name: str, data_date: date) -> int:
        """Begin the import of a large list; its id."""
        now = self._clock()
        return await self._write(lambda s: dnc_import.begin(s, name, data_date, now))

    async def add_to_dnc_list(self, list_id: int, numbers: Sequence[int]) -> int:
        """Add numbers to an unfinished import, in short transactions; how many were new to it."""
        added = 0
        for start in range(0, len(numbers), dnc_import.CHUNK):
            part = numbers[start : start + dnc_import.CHUNK]
            added += await self._write(partial(dnc_import.add, list_id=list_id, numbers=part))
        return added

    async def finish_dnc_list(self, list_id: int) -> Row:
        """The import counts from now on; what it replaces is removed in short transactions."""
        done = await self._write(lambda s: dnc_import.finish(s, list_id))
        await self._remove_superseded(done["list"])
        return done

    async def remove_dnc_list(self, name: str) -> None:
        """Remove every import of a name."""
        ids = await self._reader.read(lambda s: dnc_import.list_ids(s, name))
        await self._write(lambda s: dnc_import.withdraw(s, name))
        for list_id in ids:
            await self._remove_list(list_id)

    async def _remove_superseded(self, name: str) -> None:
        for list_id in await self._reader.read(lambda s: dnc_import.superseded(s, name)):
            await self._remove_list(list_id)

    async def _remove_list(self, list_id: int) -> None:
        above: int | None = -1
        while above is not None:
            above = await self._write(partial(dnc_import.remove_some, list_id=list_id, above=above))
