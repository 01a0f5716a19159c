"""Tests of dialerd.store.database: URLs, pragmas, a reader that cannot write, several stores in one process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import peewee
import pytest
from tests.store.world import World

from dialerd.core.errors import Invalid, Unavailable
from dialerd.core.messages import LogEvent
from dialerd.store.database import reader_database, sqlite_path


def test_urls() -> None:
    assert sqlite_path("sqlite:////var/lib/dialerd/dialerd.db") == Path("/var/lib/dialerd/dialerd.db")
    assert sqlite_path("sqlite:////tmp/50%20.db") == Path("/tmp/50%20.db")
    assert sqlite_path("postgresql://dialerd@/dialerd") is None
    for wrong in ("sqlite:///relative.db", "sqlite://", "mysql://x/y", "/var/lib/x.db", ""):
        with pytest.raises(Invalid, match="sqlite:////"):
            sqlite_path(wrong)


def test_a_missing_directory_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="does not exist"):
        World(f"sqlite:///{tmp_path}/nowhere/store.sqlite3")


def test_a_file_that_is_no_store_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite3").write_text("this is a letter to my mother, and long enough to be one" * 20)
    world = World(f"sqlite:///{tmp_path}/store.sqlite3")
    with pytest.raises(Unavailable, match="cannot be opened"):
        world.open()
    world.close()


def test_the_writer_syncs_every_commit_and_keeps_references_true(sqlite_url: str) -> None:
    world = World(sqlite_url)
    world.open()
    try:
        pragmas = world.work(
            lambda session: [session.one(f"PRAGMA {name}") for name in ("journal_mode", "synchronous", "foreign_keys")]
        )
        assert pragmas == [("wal",), (2,), (1,)]
    finally:
        world.close()


def test_the_reader_cannot_write(world: World) -> None:
    world.campaign()
    db = reader_database(world.url)
    db.connect()
    try:
        with pytest.raises(peewee.DatabaseError):
            db.execute_sql("UPDATE campaign SET name = 'x'")
    finally:
        db.close()
    assert [row["name"] for row in world.rows("SELECT name FROM campaign")] == ["spring"]


async def test_several_stores_live_in_one_process(new_url: Callable[[], str]) -> None:
    worlds = [World(new_url()) for _ in range(3)]
    for world in worlds:
        world.open()
    try:
        for number, world in enumerate(worlds):
            world.store.submit(LogEvent(level="info", text=str(number)))
            await world.store.records.add_campaign({"name": f"campaign{number}"})
        for number, world in enumerate(worlds):
            assert [row["name"] for row in await world.store.records.campaigns()] == [f"campaign{number}"]
            assert world.rows("SELECT text FROM event_log") == [{"text": str(number)}]
    finally:
        for world in worlds:
            world.close()
