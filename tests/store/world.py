"""Owns a store under test: a clock that only the test moves, the events that came out, values to write."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from dialerd.core.call import Attempt, AttemptState, Status
from dialerd.core.errors import Unavailable
from dialerd.core.lead import Lead
from dialerd.core.messages import ClaimLeads, CloseAttempt, Event, LeadsClaimed, OpenAttempts, StoreCommand
from dialerd.core.rule_set import RuleSet
from dialerd.store import Store
from dialerd.store.dial_classes import class_id
from dialerd.store.session import Session, marks

T = TypeVar("T")
RULE_SETS = {"none": RuleSet(name="none", version="1", title="no rules of law")}
MONDAY_NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class World:
    """One store. `submit` waits for the commit, so that a test reads like a story."""

    def __init__(self, url: str, **options: Any) -> None:
        self.url = url
        self.now = MONDAY_NOON
        self.events: list[Event] = []
        self._lock = threading.Lock()
        self._next_attempt = 1
        options = {"rule_sets": RULE_SETS, **options}
        self.store = Store(url, post=self._post, clock=lambda: self.now, gather_s=0.0, **options)

    def _post(self, event: Event) -> None:
        with self._lock:
            self.events.append(event)

    def open(self) -> None:
        """Open the store."""
        self.store.open()

    def close(self) -> None:
        """Close the store."""
        self.store.close(timeout_s=2)

    def reopened(self) -> World:
        """Close this one and open the same store at the same time, as a restart does."""
        self.close()
        again = World(self.url)
        again.now, again._next_attempt = self.now, self._next_attempt
        deadline = time.monotonic() + 10
        while True:
            try:
                again.open()
                return again
            except Unavailable:  # PostgreSQL has not yet seen that the last connection is gone
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def pass_time(self, **delta: float) -> None:
        """Move the clock."""
        self.now += timedelta(**delta)

    def submit(self, *commands: StoreCommand) -> list[Event]:
        """Submit, wait for the commit, and return the events it brought."""
        before = len(self.events)
        for command in commands:
            self.store.submit(command)
        self.work(lambda session: None)
        return self.events[before:]

    def work(self, work: Callable[[Session], T]) -> T:
        """Run something on the writer's session."""
        return self.store._writer.call(work).result(timeout=30)

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Read rows by column name."""
        return self.work(lambda session: session.dicts(sql, params))

    def run(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Change rows behind the store's back."""
        return self.work(lambda session: session.run(sql, params))

    def add(self, table: str, **columns: Any) -> int:
        """Insert a row and return its id."""
        names = ", ".join(columns)

        def insert(session: Session) -> int:
            row = session.one(
                f"INSERT INTO {table} ({names}) VALUES ({marks(len(columns))}) RETURNING id", list(columns.values())
            )
            assert row is not None
            return int(row[0])

        return self.work(insert)

    def campaign(self, name: str = "spring", **columns: Any) -> int:
        """A campaign that may call at any hour, unless the test says otherwise."""
        hours = {"daily_start": "00:00", "daily_end": "24:00", "rule_set": "none"}
        return self.add("campaign", name=name, created_at=0, updated_at=0, **{**hours, **columns})

    def lead_list(self, campaign_id: int, name: str = "first", **columns: Any) -> int:
        """A list of leads."""
        return self.add("lead_list", campaign_id=campaign_id, name=name, created_at=0, **columns)

    def leads(self, campaign_id: int, list_id: int, count: int, first: int = 0, **columns: Any) -> list[int]:
        """Some leads with numbers of their own."""
        values: dict[str, Any] = {"zones": "Europe/Berlin", **columns}
        key = (values["zones"], values.get("regions", ""), values.get("consent_class", ""))
        values["class_id"] = self.work(lambda session: class_id(session, *key))
        return [
            self.add(
                "lead",
                campaign_id=campaign_id,
                list_id=list_id,
                created_at=0,
                **{"number": (number := f"+4930{first + index:07d}"), "dial_number": number, **values},
            )
            for index in range(count)
        ]

    def campaign_with_leads(self, count: int, **columns: Any) -> int:
        """A campaign with one list of leads."""
        campaign_id = self.campaign(**columns)
        self.leads(campaign_id, self.lead_list(campaign_id), count)
        return campaign_id

    def claim(self, campaign_id: int, count: int) -> LeadsClaimed:
        """Claim leads."""
        (answer,) = self.submit(ClaimLeads(campaign_id=campaign_id, count=count))
        assert isinstance(answer, LeadsClaimed)
        return answer

    def attempt(self, lead: Lead, **fields: Any) -> Attempt:
        """A new attempt for a lead."""
        number = self._next_attempt
        self._next_attempt += 1
        values: dict[str, Any] = {
            "id": number,
            "campaign_id": lead.campaign_id,
            "list_id": lead.list_id,
            "lead_id": lead.id,
            "number": lead.number,
            "node": "pbx1",
            "trunk": "carrier",
            "channel_id": f"dlr-{number}-0badcafe",
            "token": f"{number:032x}",
            "dial_mode": "power",
            "created_at": self.now,
            "attempt_number": lead.attempts + 1,
        }
        return Attempt(**{**values, **fields})

    def open_attempts(self, leads: Sequence[Lead], **fields: Any) -> tuple[list[Attempt], list[Event]]:
        """Open one attempt for each lead."""
        attempts = [self.attempt(lead, **fields) for lead in leads]
        events = self.submit(OpenAttempts(attempts=tuple(attempts), leads=tuple(leads)))
        return attempts, events

    def end(self, attempt: Attempt, status: Status, disposition: str = "", **fields: Any) -> CloseAttempt:
        """The command that closes an attempt now."""
        closed = attempt.snapshot()
        closed.state = AttemptState.ENDED
        closed.dialed_at = closed.dialed_at or attempt.created_at
        closed.ended_at = closed.ended_at or self.now
        closed.closed_at = self.now
        closed.status = status
        closed.disposition = disposition
        callback_at = fields.pop("callback_at", None)
        for name, value in fields.items():
            setattr(closed, name, value)
        return CloseAttempt(attempt=closed, callback_at=callback_at)
