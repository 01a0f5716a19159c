"""Tests of dialerd.store.writer: failures, what is lost by them (intents, said at once) and what never is."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from typing import Any

import peewee
import pytest
from tests.store.postgres_server import PostgresServer
from tests.store.world import World

from dialerd.core.call import Status
from dialerd.core.errors import Conflict, Unavailable
from dialerd.core.messages import (
    AttemptsOpened,
    ClaimLeads,
    Event,
    LeadsClaimed,
    LogEvent,
    OpenAttempts,
    ReleaseLeads,
    SaveAttempt,
    StoreFailed,
    StoreRecovered,
)
from dialerd.store.session import Session


@pytest.fixture
def hasty(url: str) -> Iterator[World]:
    """A store that tries again soon."""
    made = World(url, retry_s=(0.02, 0.05))
    made.open()
    try:
        yield made
    finally:
        made.close()


class Faults:
    """Makes the next commits fail: before they reach the disk, or with their answer lost after they did."""

    def __init__(self, world: World) -> None:
        self._db: Any = world.store._writer._db
        self._commit = self._db.commit
        self.left, self.reached_the_disk = 0, False
        self._db.commit = self.commit

    def commit(self) -> None:
        """Instead of the database's."""
        if self.left > 0:
            self.left -= 1
            if self.reached_the_disk:
                self._commit()
            raise peewee.OperationalError("injected")
        self._commit()


def wait_for(condition: Callable[[], bool], timeout_s: float = 20) -> None:
    """Wait until something the other thread does has happened."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "did not happen"
        time.sleep(0.005)


def of_kind(events: list[Event], kind: type) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


@pytest.mark.parametrize("reached_the_disk", [False, True])
def test_a_failed_commit_loses_only_its_intents_and_says_so_at_once(hasty: World, reached_the_disk: bool) -> None:
    campaign_id = hasty.campaign_with_leads(6)
    first, second, third = hasty.claim(campaign_id, 3).leads
    (running,), _ = hasty.open_attempts([first])
    lost = hasty.attempt(second)
    faults = Faults(hasty)
    faults.left, faults.reached_the_disk = 3, reached_the_disk
    hasty.store._writer._backlog._wait_s = 0.2  # let all of this gather in one transaction
    before = len(hasty.events)
    hasty.store.submit(LogEvent(level="info", text="once"))
    hasty.store.submit(hasty.end(running, Status.BUSY))
    hasty.store.submit(OpenAttempts(attempts=(lost,), leads=(second,)))
    hasty.store.submit(ClaimLeads(campaign_id=campaign_id, count=2))
    wait_for(lambda: any(isinstance(event, LeadsClaimed) for event in hasty.events[before:]))
    events = hasty.events[before:]
    failures = of_kind(events, StoreFailed)
    assert failures[0].attempt_ids == (lost.id,) and "injected" in failures[0].what
    assert [f.attempt_ids for f in failures[1:]] == []
    assert len(of_kind(events, StoreRecovered)) == 1 and of_kind(events, AttemptsOpened) == []
    assert hasty.rows("SELECT text FROM event_log") == [{"text": "once"}]
    assert [row["id"] for row in hasty.rows("SELECT id FROM call_log")] == [running.id]
    assert hasty.rows("SELECT call_count FROM lead WHERE id = ?", [first.id]) == [{"call_count": 1}]
    (claim,) = of_kind(events, LeadsClaimed)
    told = {second.id, third.id, *(lead.id for lead in claim.leads)}
    assert len(claim.leads) == 2 and len(told) == 4
    assert {row["id"] for row in hasty.rows("SELECT id FROM lead WHERE state = 'claimed'")} == told
    hasty.submit(ReleaseLeads(lead_ids=(second.id,)))
    assert hasty.rows("SELECT state FROM lead WHERE id = ?", [second.id]) == [{"state": "new"}]


def test_intents_sent_while_the_store_fails_are_refused_at_once_and_the_rest_waits(hasty: World) -> None:
    campaign_id = hasty.campaign_with_leads(3)
    leads = hasty.claim(campaign_id, 2).leads
    (running,), _ = hasty.open_attempts(leads[:1])
    faults = Faults(hasty)
    faults.left = 10**9
    hasty.store.submit(LogEvent(level="info", text="first"))
    wait_for(lambda: not hasty.store.ok)
    late = hasty.attempt(leads[1])
    hasty.store.submit(hasty.end(running, Status.BUSY))
    hasty.store.submit(OpenAttempts(attempts=(late,), leads=leads[1:]))
    wait_for(lambda: any(event.attempt_ids == (late.id,) for event in of_kind(hasty.events, StoreFailed)))
    with pytest.raises(Unavailable):
        hasty.store._writer.call(lambda session: None).result(timeout=10)
    assert of_kind(hasty.events, StoreRecovered) == [] and hasty.store.backlog >= 2
    assert "injected" in hasty.store.what
    faults.left = 0
    wait_for(lambda: hasty.store.ok)
    hasty.work(lambda session: None)
    assert [type(event) for event in hasty.events[-1:]] == [StoreRecovered]
    assert hasty.rows("SELECT id, status FROM call_log") == [{"id": running.id, "status": "busy"}]
    assert hasty.store.backlog == 0


def test_a_write_that_can_never_succeed_is_given_up_alone(hasty: World) -> None:
    campaign_id = hasty.campaign_with_leads(3)
    leads = hasty.claim(campaign_id, 2).leads
    (running,), _ = hasty.open_attempts(leads[:1])
    impossible = hasty.attempt(leads[1], campaign_id=999)
    progress = running.snapshot()
    progress.note = "kept"
    hasty.store._writer._backlog._wait_s = 0.2
    events = hasty.submit(
        LogEvent(level="info", text="before"),
        SaveAttempt(attempt=impossible),
        SaveAttempt(attempt=progress),
        ClaimLeads(campaign_id=campaign_id, count=1),
        LogEvent(level="info", text="after"),
    )
    assert [type(event) for event in events] == [StoreFailed, StoreRecovered, LeadsClaimed]
    assert "SaveAttempt" in events[0].what  # type: ignore[union-attr]
    assert [row["text"] for row in hasty.rows("SELECT text FROM event_log ORDER BY id")] == ["before", "after"]
    assert hasty.rows("SELECT note FROM call_log") == [{"note": "kept"}]


def test_a_refused_edit_is_rolled_back_and_no_failure(hasty: World) -> None:
    def refuse(session: Session) -> None:
        session.run("INSERT INTO campaign (name, created_at, updated_at) VALUES ('half', 0, 0)")
        raise Conflict("no")

    with pytest.raises(Conflict):
        hasty.work(refuse)
    with pytest.raises(peewee.IntegrityError):
        hasty.work(lambda session: session.run("INSERT INTO campaign (created_at, updated_at) VALUES (0, 0)"))
    assert hasty.rows("SELECT * FROM campaign") == [] and hasty.events == [] and hasty.store.ok


def test_closing_commits_everything_that_was_submitted(url: str) -> None:
    world = World(url)
    world.open()
    for number in range(1000):
        world.store.submit(LogEvent(level="info", text=str(number)))
    world.close()
    again = World(url)
    again.open()
    try:
        assert [row["text"] for row in again.rows("SELECT text FROM event_log ORDER BY id")] == [
            str(number) for number in range(1000)
        ]
    finally:
        again.close()


def test_closing_a_store_that_fails_gives_up_after_its_time(sqlite_url: str) -> None:
    world = World(sqlite_url, retry_s=(0.02, 0.05))
    world.open()
    Faults(world).left = 10**9
    world.store.submit(LogEvent(level="info", text="lost"))
    wait_for(lambda: not world.store.ok)
    began = time.monotonic()
    world.store.close(timeout_s=0.3)
    assert 0.2 < time.monotonic() - began < 5


def test_waiting_for_a_commit_ends_when_everything_before_it_is_committed(world: World) -> None:
    for number in range(3):
        world.store.submit(LogEvent(level="info", text=str(number)))
    world.store._writer.committed().result(timeout=20)
    assert world.store.backlog == 0 and len(world.rows("SELECT id FROM event_log")) == 3


def test_nobody_is_told_of_a_commit_that_never_came(sqlite_url: str) -> None:
    world = World(sqlite_url, retry_s=(0.02, 0.05))
    world.open()
    Faults(world).left = 10**9
    world.store.submit(LogEvent(level="info", text="lost"))
    told = world.store._writer.committed()
    world.store.close(timeout_s=0.2)
    with pytest.raises(Unavailable):
        told.result(timeout=1)
    with pytest.raises(Unavailable):
        world.store._writer.committed().result(timeout=1)


def test_a_locked_sqlite_file_is_an_outage_that_heals(sqlite_url: str) -> None:
    world = World(sqlite_url, retry_s=(0.02, 0.05))
    world.open()
    rival = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    try:
        rival.execute("BEGIN IMMEDIATE")
        world.store.submit(LogEvent(level="info", text="waits"))
        wait_for(lambda: not world.store.ok)
        assert "locked" in world.store.what
        rival.execute("ROLLBACK")
        wait_for(lambda: world.store.ok and world.store.backlog == 0)
        assert [type(event) for event in world.events] == [StoreFailed, StoreRecovered]
        assert world.rows("SELECT text FROM event_log") == [{"text": "waits"}]
    finally:
        rival.close()
        world.close()


def test_a_full_disk_is_an_outage_that_heals(sqlite_url: str) -> None:
    world = World(sqlite_url, retry_s=(0.02, 0.05))
    world.open()
    try:
        world.work(lambda session: session.one("PRAGMA max_page_count = 1"))  # no page more than there is now
        world.store.submit(LogEvent(level="info", text="x" * 400_000))
        wait_for(lambda: bool(of_kind(world.events, StoreRecovered)))  # a new connection has no such limit
        assert "full" in of_kind(world.events, StoreFailed)[0].what
        assert [len(row["text"]) for row in world.rows("SELECT text FROM event_log")] == [400_000]
    finally:
        world.close()


@pytest.mark.postgresql
async def test_a_server_that_goes_away_is_an_outage_that_heals(own_server: PostgresServer) -> None:
    world = World(own_server.database(), retry_s=(0.05, 0.2))
    try:
        world.open()
        campaign_id = world.campaign_with_leads(2)
        leads = world.claim(campaign_id, 2).leads
        (running,), _ = world.open_attempts(leads[:1])
        assert len(await world.store.records.calls()) == 1
        own_server.stop()
        lost = world.attempt(leads[1])
        world.store.submit(OpenAttempts(attempts=(lost,), leads=leads[1:]))
        world.store.submit(world.end(running, Status.BUSY))
        wait_for(lambda: any(event.attempt_ids == (lost.id,) for event in of_kind(world.events, StoreFailed)))
        with pytest.raises(Unavailable):
            await world.store.records.campaigns()
        with pytest.raises(Unavailable):
            await world.store.records.add_campaign({"name": "autumn"})
        own_server.start()
        wait_for(lambda: world.store.ok)
        await world.store.drain()
        assert [row["status"] for row in await world.store.records.calls()] == ["busy"]
        assert (await world.store.records.add_campaign({"name": "autumn"})).name == "autumn"
    finally:
        world.close()


@pytest.mark.postgresql
def test_a_second_dialerd_on_one_postgresql_store_is_refused(postgres_server: PostgresServer) -> None:
    url = postgres_server.database()
    first, second = World(url), World(url)
    first.open()
    try:
        with pytest.raises(Unavailable, match="another dialerd"):
            second.open()
    finally:
        first.close()
        second.close()
    third = World(url)
    third.open()
    third.close()
