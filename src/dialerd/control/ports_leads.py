"""Owns what the control edge needs for leads by hand, as a protocol. Must not import the store.

Implemented by `store/lead_book.py`; every method raises a DialerError with a sentence when it refuses.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol

Row = dict[str, Any]


class LeadBook(Protocol):
    """Leads and lists, retry rules, appointments, do-not-call."""

    async def add_lead(self, campaign: str, list_name: str, row: Row) -> Row:
        """Add one lead to a list; Conflict when the campaign has its number."""

    async def edit_lead(self, lead: str, changes: Mapping[str, Any]) -> Row:
        """Change fields of a lead, by id or number."""

    async def remove_lead(self, lead: str) -> Row:
        """Remove a lead, or close it when it has calls: `{lead, number, removed}`."""

    async def lead_lists(self, campaign: str | None) -> list[Row]:
        """Lead lists with counts."""

    async def lead_list(self, campaign: str, name: str) -> Row:
        """One list, its leads by state, its calls by disposition."""

    async def edit_list(self, campaign: str, name: str, changes: Mapping[str, Any]) -> None:
        """Change name, weight or `active`."""

    async def recycle(self, campaign: str, name: str, states: Collection[str], dispositions: Collection[str]) -> int:
        """Make finished leads due again; how many."""

    async def remove_list(self, campaign: str, name: str) -> None:
        """Remove a list whose leads were never called."""

    async def retry_rules(self, campaign: str | None) -> list[Row]:
        """Rules by campaign and outcome."""

    async def set_retry_rule(self, campaign: str, outcome: str, settings: Mapping[str, Any]) -> Row:
        """Add or change the rule for an outcome."""

    async def remove_retry_rule(self, campaign: str, outcome: str) -> None:
        """Remove a rule."""

    async def callbacks(
        self, campaign: str | None, agent: str | None, state: str, limit: int, offset: int
    ) -> list[Row]:
        """Appointments by time."""

    async def add_callback(self, lead: str, due: datetime, agent: str | None, note: str) -> Row:
        """Make an appointment, with anyone or with one agent."""

    async def cancel_callback(self, callback: int) -> Row:
        """Cancel a pending appointment."""

    async def forbid(self, numbers: Sequence[str], prefixes: Sequence[str], campaign: str | None, source: str) -> int:
        """Put numbers and prefixes on our own list; how many entries were new."""

    async def allow(self, numbers: Sequence[str], campaign: str | None) -> int:
        """Take numbers, or prefixes that end in …, off our own list; how many entries went."""

    async def forbidden(self, campaign: str | None, limit: int, offset: int) -> list[Row]:
        """Our own entries, newest first."""

    async def dnc_lists(self) -> list[Row]:
        """Imported lists with their age, and those that a campaign's rule set lacks."""

    async def dnc_check(self, numbers: Sequence[str]) -> list[Row]:
        """Where each number is listed."""

    async def begin_dnc_list(self, name: str, data_date: date) -> int:
        """Begin the import of a large list; its id."""

    async def add_to_dnc_list(self, list_id: int, numbers: Sequence[int]) -> int:
        """Add numbers to an unfinished import; how many were new to it."""

    async def finish_dnc_list(self, list_id: int) -> Row:
        """The import counts from now on: `{list, data_date, entries}`."""

    async def remove_dnc_list(self, name: str) -> None:
        """Remove every import of a name."""
