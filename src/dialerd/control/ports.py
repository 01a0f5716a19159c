"""Owns what the control edge needs from the rest of the daemon, as protocols. Must not import store or engine.

`Records` is implemented by `store/records.py`, `Floor` by `engine.py`; `main.py` joins them. Dictionaries use the
original system's column names (`reference`: docs/control-protocol.md); times in them are aware UTC datetimes, money is
`decimal.Decimal`, rates that the original keeps in percent are in percent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from dialerd.control.ports_amd import AmdBook
from dialerd.control.ports_leads import LeadBook
from dialerd.core.agent import AgentProfile
from dialerd.core.campaign import Campaign
from dialerd.core.import_policy import ImportPolicy
from dialerd.core.lead import Lead
from dialerd.core.messages import Order

Row = dict[str, Any]
POLICY = ImportPolicy()


class Records(Protocol):
    """Reads and edits of stored things. Every method raises a DialerError with a sentence when it refuses."""

    @property
    def book(self) -> LeadBook:
        """Leads by hand: lists, retry rules, appointments, do-not-call."""

    @property
    def amd(self) -> AmdBook:
        """Evidence of answering-machine detection."""

    async def campaigns(self) -> list[Row]:
        """All campaigns, by name, each with lead counts (`leads_total leads_due leads_waiting leads_finished`)."""

    async def campaign(self, name: str) -> Row:
        """One campaign with every column; NotFound names the nearest known name."""

    async def add_campaign(self, settings: Mapping[str, Any]) -> Campaign:
        """Validate and add. All problems at once in one Invalid."""

    async def edit_campaign(self, name: str, changes: Mapping[str, Any]) -> Campaign:
        """Change columns of a campaign; all or nothing."""

    async def agents(self) -> list[Row]:
        """All agents, by name."""

    async def agent(self, name: str) -> Row:
        """One agent; NotFound otherwise."""

    async def add_agent(self, settings: Mapping[str, Any]) -> AgentProfile:
        """Add an agent (`name full_name endpoint leg_mode campaigns`)."""

    async def import_leads(
        self, campaign: str, list_name: str, rows: Sequence[Row], policy: ImportPolicy = POLICY
    ) -> Row:
        """Add one chunk of checked rows (`number name zones attributes…`) to a list of a campaign; counts come back.

        Result: `added`, `updated`, `duplicates`, and `rejected`: a list of `{index, reason}`.
        """

    async def leads(
        self, campaign: str | None = None, state: str | None = None, limit: int = 100, offset: int = 0
    ) -> list[Row]:
        """Leads in id order."""

    async def lead(self, id_or_number: str) -> Row:
        """One lead by id or E.164 number, with its attempts under `calls`."""

    async def explain_lead(self, id_or_number: str) -> Row:
        """Every rule on one lead in order, the first that blocks, the time at which it may be dialled."""

    async def explain_campaign(self, name: str) -> Row:
        """A campaign's leads by what holds them back, and how many may be dialled in each of the next hours."""

    async def pacing_history(self, name: str, since: datetime, until: datetime, points: int) -> Row:
        """What a campaign's pacing decided: `step_s`, `spans` of sums, `obstacles`, `last_at`; NotFound otherwise."""

    async def replay_day(self, name: str, since: str, until: str) -> Row:
        """What a campaign's calls of a day show, by hour: outcomes, durations, agents at work; nobody's number."""

    async def lead_for_test_call(
        self, campaign: str, number: str, zones: Sequence[str], regions: Sequence[str]
    ) -> Lead:
        """The lead a test call goes to: made on the campaign's hidden list `test-calls` if need be."""

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

    async def call(self, attempt_id: int) -> Row:
        """One attempt with every column; NotFound otherwise."""

    async def dispositions(self) -> list[Row]:
        """Every disposition definition."""

    async def ledger(self, name: str, asked: Mapping[str, Any]) -> Row:
        """The figures of a campaign's abandon ledger; `asked`: `since until snapshot`, each where it is given."""

    async def ledger_calls(self, name: str, asked: Mapping[str, Any], *, limit: int, offset: int) -> list[Row]:
        """The live answers behind those figures, in order of their time."""

    async def audit(self, uid: int, user: str, method: str, params: Mapping[str, Any], outcome: str) -> None:
        """Append one row to the audit log."""


class Floor(Protocol):
    """The running dialer."""

    async def order(self, order: Order) -> Any:
        """Carry out an order in the dialer's own task; raises Conflict, NotFound or Invalid when it is refused.

        Returns what the order gives back: a TestCall its attempt id, AgentAccept and AgentSkip the lead's, the others
        None.
        """

    async def reconcile(self, *, dry_run: bool) -> list[Row]:
        """How Asterisk's channels differ from what dialerd believes; put right without `dry_run`. Unavailable."""

    def test_refusal(self, attempt_id: int) -> str:
        """Why the gate refused a test call; empty when it did not."""

    def status(self) -> Row:
        """The live picture behind `status`: see docs/control-protocol.md, `status`."""

    def live_calls(self) -> list[Row]:
        """Attempts in progress: id, campaign, number, state, agent, seconds in state."""

    def live_agents(self) -> dict[str, Row]:
        """By agent name: `state reason since leg attempt_id campaign preview notice`."""

    def live_agent(self, name: str) -> Row:
        """The same of one agent; empty for an unknown name."""
