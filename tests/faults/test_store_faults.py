"""The store breaks under a running daemon: full disk, locked file, slow file, PostgreSQL gone."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.conftest import MakePlant
from tests.faults.plant import Plant, Refused
from tests.store.postgres_server import NoServer, PostgresServer

AGENTS = 3


@pytest.fixture
def small_disk(short_folder: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    place = short_folder / "disk"
    place.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place], check=False).returncode
    )
    if not mounted:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must be able to mount a small file system")
        pytest.skip("only root can mount a small file system")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def fill(place: Path) -> Path:
    """Leave no free block; the file that took them."""
    path = place / "filler"
    with path.open("wb", buffering=0) as file:
        for size in (65536, 4096, 512):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return path


def nothing_is_dialled_while(plant: Plant, *words: str, seconds: float = 1.5) -> None:
    """From the moment the fault is known: status names it, no new call, calls that are up stay up."""
    plant.wait(lambda: plant.problem("the store does not accept writes", *words), 15, f"status names {words}")
    status = plant.status()
    assert not status["healthy"] and not status["store"]["ok"] and "dialerd goes on by itself" in status["next_step"]
    assert "the store does not accept writes" in plant.why() and not status["campaigns"][0]["dials_now"]
    up, dialled = plant.world.talking(), len(plant.people.dialled)
    assert len(up) >= AGENTS - 1
    if len(up) == AGENTS:
        plant.world.hang_up(up.pop())  # an agent is free now, and there are leads: still nobody may be called
    plant.watch(
        seconds,
        lambda: len(plant.people.dialled) == dialled and up <= plant.world.talking(),
        "no new call, and calls that are up stay up",
    )


def it_heals(plant: Plant, before: int) -> None:
    """Healthy again, the freed agent gets a call, and the books are complete."""
    plant.wait(lambda: bool(plant.status()["healthy"]), 20, "healthy again")
    plant.wait(lambda: len(plant.people.dialled) > before, 10, "dialling again")
    plant.wait(lambda: len(plant.world.talking()) == AGENTS, 10, "everybody talks again")
    plant.settled()


def test_full_disk(make_plant: MakePlant, small_disk: Path) -> None:
    plant = make_plant(state=small_disk)
    plant.campaign(AGENTS, 50)
    plant.wait(lambda: len(plant.world.talking()) == AGENTS, 10, "everybody talks")
    filler = fill(small_disk)
    plant.world.hang_up(plant.world.talking().pop())  # its record wants to be written
    with pytest.raises(Refused, match=r"does not write now|within"):
        for n in range(200):
            plant.ask("campaign.edit", name="spring", changes={"priority": 1 + n % 99})
    nothing_is_dialled_while(plant, "full")
    before = len(plant.people.dialled)
    filler.unlink()
    it_heals(plant, before)
    rows = plant.rows("SELECT state, closed_at FROM call_log")
    assert len(rows) == len(plant.people.dialled) and all(row["closed_at"] for row in rows), "every call has its record"
    assert plant.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]


def test_a_file_that_another_process_holds(make_plant: MakePlant) -> None:
    plant = make_plant()
    plant.campaign(AGENTS, 50)
    plant.wait(lambda: len(plant.world.talking()) == AGENTS, 10, "everybody talks")
    rival = sqlite3.connect(plant.state / "dialerd.db", isolation_level=None)
    rival.execute("BEGIN IMMEDIATE")
    plant.world.hang_up(plant.world.talking().pop())
    nothing_is_dialled_while(plant, "locked")
    before = len(plant.people.dialled)
    rival.execute("ROLLBACK")
    rival.close()
    it_heals(plant, before)


def test_a_slow_file_slows_dialling_and_loses_nothing(make_plant: MakePlant) -> None:
    """Another process takes the lock for 0.6 s out of each 0.7 s: shorter than the writer's patience."""
    plant = make_plant()
    plant.people.talk_s = 0.3
    stop = threading.Event()

    def rival() -> None:
        db = sqlite3.connect(plant.state / "dialerd.db", isolation_level=None, timeout=5)
        while not stop.is_set():
            db.execute("BEGIN IMMEDIATE")
            time.sleep(0.6)
            db.execute("ROLLBACK")
            time.sleep(0.1)
        db.close()

    plant.campaign(AGENTS, 60)
    slow = threading.Thread(target=rival)
    slow.start()
    try:
        plant.wait(lambda: len(plant.people.dialled) >= 12, 40, "dialling goes on, slowly")
        backlog = plant.status()["store"]["backlog"]
        assert backlog < 500
    finally:
        stop.set()
        slow.join()
    plant.wait(lambda: bool(plant.status()["healthy"]), 10, "healthy")
    plant.settled()
    rows = plant.rows("SELECT closed_at FROM call_log WHERE dialed_at IS NOT NULL")
    assert len(rows) == len(plant.people.dialled) and all(row["closed_at"] for row in rows)


@pytest.mark.postgresql
@pytest.mark.parametrize("away_s", [4, pytest.param(60, marks=pytest.mark.soak)])
def test_postgresql_is_gone(make_plant: MakePlant, away_s: float) -> None:
    try:
        server = PostgresServer()
    except NoServer as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must run PostgreSQL: {error}")
        pytest.skip(str(error))
    try:
        plant = make_plant(url=server.database())
        plant.campaign(AGENTS, 50)
        plant.wait(lambda: len(plant.world.talking()) == AGENTS, 10, "everybody talks")
        server.stop()
        plant.world.hang_up(plant.world.talking().pop())
        nothing_is_dialled_while(plant, seconds=away_s)
        before = len(plant.people.dialled)
        server.start()
        it_heals(plant, before)
        calls = plant.ask("call.list", limit=1000)
        assert len(calls) == len(plant.people.dialled) and all(call["closed_at"] for call in calls)
    finally:
        server.destroy()


@pytest.mark.postgresql
def test_postgresql_that_holds_a_lock_is_an_outage_too(make_plant: MakePlant) -> None:
    """Somebody has locked a table (a backup, a migration gone wrong): the writer does not wait for ever."""
    import psycopg

    try:
        server = PostgresServer()
    except NoServer as error:
        pytest.skip(str(error))
    try:
        url = server.database()
        plant = make_plant(url=url)
        plant.campaign(AGENTS, 50)
        plant.wait(lambda: len(plant.world.talking()) == AGENTS, 10, "everybody talks")
        with psycopg.connect(url) as rival:
            rival.execute("LOCK TABLE call_log IN ACCESS EXCLUSIVE MODE")
            plant.world.hang_up(plant.world.talking().pop())
            nothing_is_dialled_while(plant, "lock")
            before = len(plant.people.dialled)
            rival.rollback()
        it_heals(plant, before)
    finally:
        server.destroy()
