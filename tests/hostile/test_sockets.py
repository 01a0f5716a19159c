"""A running daemon with calls up is attacked on all its sockets: it neither crashes nor leaks nor stalls."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.asterisk.fake_ami import event
from tests.asterisk.rig import rig
from tests.faults.plant import Plant
from tests.faults.telephone_world import People
from tests.hostile import malice
from tests.hostile.counting import FIGURES, SENT

from dialerd.asterisk.node import MOST_CHANNELS
from dialerd.core.messages import PbxConnected, PbxLost

LONGEST_STALL_MS = 100
Attack = Callable[[Plant, random.Random], Awaitable[None]]


VERDICT_SOCKET = "verdict socket"


@pytest.fixture
def plant(short_folder: Path, request: pytest.FixtureRequest) -> Iterator[Plant]:
    """A watched daemon with three calls up and leads to dial.

    The verdict socket exists only with the stand-alone script, which the simulated PBX does not run: then calls ring.
    """
    script = getattr(request.node, "callspec", None) and request.node.callspec.params.get("target") == VERDICT_SOCKET
    people = People("rings" if script else "answers")
    form = "script" if script else "fastagi"
    made = Plant(short_folder, people, form=form, filters=(), module=("tests.hostile.watched_daemon",))
    try:
        made.people.talk_s = 1.0
        made.start()
        made.campaign(3, 1000, **({"dial_timeout": 5} if script else {}))
        yield made
    finally:
        made.close()


def watched(plant: Plant) -> dict[str, Any]:
    """What the watcher wrote last."""
    seen: dict[str, Any] = json.loads((plant.folder / "watch.json").read_text())
    return seen


def begin_watch(plant: Plant) -> dict[str, Any]:
    """Forget the worst so far; what it looks like at rest."""
    assert plant.process is not None
    time.sleep(1.2)
    calm = watched(plant)
    os.kill(plant.process.pid, signal.SIGUSR1)
    return calm


def control(plant: Plant) -> Awaitable[Any]:
    return asyncio.open_unix_connection(str(plant.folder / "control.sock"), limit=1 << 22)


def verdict(plant: Plant) -> Awaitable[Any]:
    return asyncio.open_unix_connection(str(plant.folder / "v/verdict.sock"))


def agi(plant: Plant) -> Awaitable[Any]:
    return asyncio.open_connection("127.0.0.1", plant.agi_port)


async def control_requests(plant: Plant, rng: random.Random) -> None:
    """Ten requests on one connection; sometimes nobody reads, sometimes the last one is half."""
    lines = [malice.control_line(rng) for _ in range(10)]
    impatient = rng.random() < 0.3
    reader, writer = await control(plant)
    try:
        for line in lines:
            writer.write(line)
            SENT["control socket: requests"] += 1
            if not impatient:
                await writer.drain()
                if b'"id"' in line:
                    async with asyncio.timeout(0.5):
                        await reader.readline()
        if rng.random() < 0.5:
            writer.write(lines[0][:-1])
            await writer.drain()
    finally:
        writer.transport.abort()


async def agi_conversation(plant: Plant, rng: random.Random) -> None:
    """One conversation, slow or not."""
    reader, writer = await agi(plant)
    SENT["FastAGI port: conversations"] += 1
    try:
        opening = malice.environment(rng)
        cut = rng.randrange(len(opening) + 1)
        writer.write(opening[:cut])
        if rng.random() < 0.1:
            await asyncio.sleep(rng.random())
        writer.write(opening[cut:] + malice.agi_answers(rng))
        if rng.random() < 0.5:
            async with asyncio.timeout(rng.random() * 0.2):
                await reader.read(1000)
    finally:
        writer.transport.abort()


async def verdict_request(plant: Plant, rng: random.Random) -> None:
    """One request of a forged script."""
    reader, writer = await verdict(plant)
    SENT["verdict socket: requests"] += 1
    try:
        line = malice.verdict_line(rng)
        writer.write(line if rng.random() < 0.9 else line[: rng.randrange(len(line))])
        async with asyncio.timeout(0.3):
            await reader.readline()
    finally:
        writer.transport.abort()


async def ami_messages(plant: Plant, rng: random.Random) -> None:
    """Ten messages on the link that is up."""
    messages = [malice.ami_message(rng) for _ in range(10)]
    readers = await asyncio.to_thread(plant.world.flood, b"".join(messages))
    SENT["AMI: messages"] += len(messages) * readers
    while plant.world.unread() > 1_000_000 or not readers:  # it is to be read, all of it
        await asyncio.sleep(0.01)
        readers = await asyncio.to_thread(plant.world.flood, b"")


async def attack_all(plant: Plant, attack: Attack, times: int, at_once: int, seed: int) -> None:
    """`times` attacks, `at_once` of them at a time."""
    left = iter(range(times))

    async def attacker(n: int) -> None:
        rng = random.Random(f"{seed}/{n}")
        for _ in left:
            with contextlib.suppress(OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
                await attack(plant, rng)

    await asyncio.gather(*(attacker(n) for n in range(at_once)))


TARGETS: dict[str, tuple[Attack, int, int, int]] = {
    # attack, times in the gate, times in the soak, at once
    "control socket": (control_requests, 100, 3000, 20),
    "FastAGI port": (agi_conversation, 1000, 20_000, 100),
    VERDICT_SOCKET: (verdict_request, 600, 10_000, 50),
    "AMI": (ami_messages, 100, 2000, 1),
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("tier", ["gate", pytest.param("soak", marks=pytest.mark.soak)])
def test_under_attack(plant: Plant, target: str, tier: str) -> None:
    attack, gate, soak, at_once = TARGETS[target]
    times = gate if tier == "gate" else soak
    asyncio.run(attack_all(plant, attack, min(times, 100), at_once, seed=1))  # warm: caches and pools are no leak
    calm = begin_watch(plant)
    dialled = len(plant.people.dialled)
    began = time.monotonic()
    asyncio.run(attack_all(plant, attack, times, at_once, seed=2))
    took = time.monotonic() - began
    time.sleep(1.0)
    seen = watched(plant)
    # half-sent things have their deadlines (5 s); then everything must be as before
    plant.wait(lambda: watched(plant)["fds"] <= calm["fds"] + 3, 15, f"descriptors given back: {watched(plant)}")
    plant.wait(lambda: watched(plant)["tasks"] <= calm["tasks"] + 8, 15, f"tasks ended: {watched(plant)}")
    FIGURES.append(
        f"{target} ({tier}): {times} attacks, {at_once} at once, {took:.1f} s: worst stall {seen['worst_ms']} ms wall, "
        f"{seen['worst_cpu_ms']} ms CPU, {seen['late']} of {seen['beats']} beats late; fds {calm['fds']} → "
        f"{watched(plant)['fds']}, tasks {calm['tasks']} → {watched(plant)['tasks']}, "
        f"RSS {calm['rss_kb'] >> 10} → {watched(plant)['rss_kb'] >> 10} MB"
    )
    log = plant.log()
    assert "Traceback" not in log and "unexpected" not in log, log[-3000:]
    assert seen["worst_cpu_ms"] < LONGEST_STALL_MS, f"{target}: one stall of {seen['worst_cpu_ms']} ms CPU"
    assert watched(plant)["rss_kb"] < calm["rss_kb"] * 1.25 + 8000, "memory given back"
    assert len(log) < 400_000, "an attacker does not fill the log"
    plant.wait(lambda: bool(plant.status()["healthy"]), 20, "healthy")
    more = len(plant.people.dialled)
    assert tier == "gate" or target == "AMI" or more > dialled, "calls went on"
    plant.wait(lambda: len(plant.people.dialled) > more, 20, "calls go on")


async def _sit(plant: Plant, how_many: int, seconds: float) -> int:
    """Connections that say half a word and wait."""
    held = []
    for opening in [agi, agi, control] * (how_many // 3):
        with contextlib.suppress(OSError):
            _, writer = await opening(plant)
            writer.write(b'{"jsonrpc":')
            held.append(writer)
    await asyncio.sleep(seconds)
    for writer in held:
        writer.transport.abort()
    return len(held)


def test_a_thousand_connections_that_never_end(plant: Plant) -> None:
    calm = begin_watch(plant)
    held = asyncio.run(_sit(plant, 1200, 3.0))
    SENT["all sockets: connections that never ask"] += held
    plant.wait(lambda: watched(plant)["fds"] <= calm["fds"] + 3, 15, "descriptors given back")
    seen = watched(plant)
    FIGURES.append(f"{held} silent connections: worst stall {seen['worst_ms']} ms wall, {seen['worst_cpu_ms']} ms CPU")
    assert seen["worst_cpu_ms"] < LONGEST_STALL_MS
    assert plant.status()["healthy"] and "Traceback" not in plant.log()


def test_silent_connections_do_not_take_the_last_descriptor(short_folder: Path) -> None:
    """A soft limit of 256, as a shell or an old unit gives it: the store must still find its file."""
    plant = Plant(short_folder, People(), descriptors=(256, 4096))
    try:
        plant.people.talk_s = 0.5
        plant.start()
        plant.campaign(3, 1000)

        async def sit() -> None:
            held = []
            for _ in range(600):
                with contextlib.suppress(OSError):
                    held.append((await agi(plant))[1])
            SENT["all sockets: connections that never ask"] += len(held)
            dialled = len(plant.people.dialled)
            await asyncio.to_thread(plant.wait, lambda: len(plant.people.dialled) > dialled + 3, 4, "calls go on")
            assert (await asyncio.to_thread(plant.status))["healthy"]
            for writer in held:
                writer.transport.abort()

        asyncio.run(sit())
        assert "Too many open files" not in plant.log()
    finally:
        plant.close()


async def test_channels_that_nobody_can_have_are_not_remembered_for_ever() -> None:
    """Forged or mad events about ever new channels of ours: the book is written anew from Asterisk's list."""
    async with rig() as made:
        for start in range(0, MOST_CHANNELS + 4000, 1000):
            made.ami.push(
                b"".join(
                    event("Newstate", Uniqueid=f"dlr-{start + n + 1}-0badcafe", Channel="x", ChannelState="5")
                    for n in range(1000)
                )
            )
            await asyncio.sleep(0)
        await made.next(PbxLost)
        await made.next(PbxConnected, 2)
        assert len(made.node._book) == 0
        SENT["AMI: messages"] += MOST_CHANNELS
