"""Holds the FastAGI client to the recordings in tests/fixtures/agi: same environment lines in the same order, same
answers. Not compared: values of ids, versions and times; where TCP cuts the stream."""

from __future__ import annotations

import asyncio
import itertools
import re
from pathlib import Path

import pytest

from dialerd.simulation.pbx.channels import Channel
from dialerd.simulation.pbx.fastagi import AgiAddress, environment, parse_address, run_agi

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "agi"
FILES = sorted(FOLDER.glob("*.txt"))


def lines(path: Path) -> list[tuple[str, str]]:
    side, found = "", []
    for line in path.read_text().splitlines():
        if head := re.match(r"--- [0-9.]+ (client|server) \d+$", line):
            side = head[1]
        elif side and line:
            found.append((side, line))
    return found


async def channel(**variables: str) -> Channel:
    return Channel(
        unique_id="dlr-1-0badcafe",
        name="PJSIP/trunk-00000001",
        dial_string="PJSIP/1@trunk",
        context="dialerd-outbound",
        caller_number="390612345678",
        variables=variables,
    )


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
async def test_environment_as_recorded(path: Path) -> None:
    recorded = [line.partition(":")[0] for side, line in lines(path) if side == "server" and line.startswith("agi_")]
    address = AgiAddress("127.0.0.1", 4573, "verdict", "agi://127.0.0.1:4573/verdict")
    ours = environment(address, await channel(), ("1", "0" * 32)).splitlines()
    assert [line.partition(":")[0] for line in ours if line] == recorded
    assert ours[-1] == ""


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
async def test_conversation_as_recorded(path: Path) -> None:
    """Send the recorded commands; the answers must be the recorded ones."""
    steps = [(side, line) for side, line in lines(path) if not line.startswith("agi_")]
    commands = [line for side, line in steps if side == "client"]
    expected = [line for side, line in steps if side == "server"]
    known = {}
    for (_, command), (_, answer) in itertools.pairwise(steps):
        if command.startswith("GET VARIABLE") and (found := re.match(r"200 result=1 \((.*)\)$", answer)):
            known[command.split()[2]] = found[1]
    its_channel, heard = await channel(**known), []
    hung_up, done = "HANGUP" in expected, asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\n\n")
        for command in commands:
            writer.write(command.encode() + b"\n")
            heard.append((await reader.readline()).decode().strip())
        if hung_up:
            its_channel.hang_up("customer")
            heard.extend((await reader.read()).decode().split())
        writer.close()
        done.set()

    server = await asyncio.start_server(script, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    status = await run_agi(
        f"agi://127.0.0.1:{port}/verdict", its_channel, ("1", "0" * 32), 5.0, its_channel.variables.__setitem__
    )
    await asyncio.wait_for(done.wait(), 5)
    server.close()
    await server.wait_closed()
    assert heard == expected
    assert status == ("HANGUP" if hung_up else "SUCCESS")


@pytest.mark.parametrize(
    "text", ["", "agi", "/usr/share/dialerd/agi-bin/dialerd-amd.agi", "agi://", "agi://host:port/x", "http://h/x"]
)
async def test_what_is_no_address_is_a_failure(text: str) -> None:
    assert parse_address(text) is None
    assert await run_agi(text, await channel(), (), 1.0, lambda name, value: None) == "FAILURE"


async def test_odd_scripts_are_answered_or_left(unused_tcp_port: int) -> None:
    seen: list[str] = []
    done = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\n\n")
        for command in (b"FROB\n", b"\n", b"GET VARIABLE\n", b'VERBOSE "x" 1\n', b"NOOP\n", b"x" * 20_000 + b"\n"):
            writer.write(command)
        seen.extend((await reader.read()).decode().splitlines())
        writer.close()
        done.set()

    server = await asyncio.start_server(script, "127.0.0.1", unused_tcp_port)
    url = f"agi://127.0.0.1:{unused_tcp_port}/verdict"
    assert await run_agi(url, await channel(), (), 2.0, lambda name, value: None) == "SUCCESS"
    await asyncio.wait_for(done.wait(), 5)
    server.close()
    await server.wait_closed()
    assert seen == ["510 Invalid or unknown command"] * 3 + ["200 result=1", "200 result=0"]
