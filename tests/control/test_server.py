"""The socket itself: its place in the file system, and clients that mean no good."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from dialerd.control.edge import control_server
from dialerd.control.listening import open_listening
from dialerd.control.peer import Peer, Role
from dialerd.control.server import ControlServer, ServerLimits
from dialerd.core.errors import Conflict, Invalid

from .rig import ADMIN, NOW, SUPERVISOR, FakeFloor, FakeRecords, Rig, some_settings

HELLO = b'{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":1}}\n'
Start = Callable[..., Awaitable[ControlServer]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    running: list[ControlServer] = []

    async def start_one(peer: Peer = ADMIN, rig: Rig | None = None, **limits: Any) -> ControlServer:
        respond = (rig or Rig()).dispatcher.respond
        bounds = ServerLimits(**limits)
        server = ControlServer(tmp_path / "control.sock", respond, lambda _: peer, group="no-such-group", limits=bounds)
        await server.start()
        running.append(server)
        return server

    yield start_one
    for server in running:
        await server.stop()


async def connect(server: ControlServer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_unix_connection(str(server.path), limit=4 << 20)


async def ask(server: ControlServer, line: bytes = HELLO) -> Any:
    reader, writer = await connect(server)
    writer.write(line)
    async with asyncio.timeout(10):
        answer = await reader.readline()
    writer.close()
    return json.loads(answer)


async def error_of(reader: asyncio.StreamReader) -> str:
    """The sentence of the error that comes; the connection is closed after it (reset, if we still sent)."""
    async with asyncio.timeout(10):
        message: str = json.loads(await reader.readline())["error"]["message"]
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
    return message


class TestPlace:
    def test_group_mode_and_name(self, tmp_path: Path) -> None:
        listening = open_listening(tmp_path / "run" / "control.sock", group="root", mode=0o660)
        if os.geteuid() == 0:
            found = listening.path.stat()
            assert (stat.S_IMODE(found.st_mode), found.st_gid) == (0o660, 0)
        assert sorted(p.name for p in listening.path.parent.iterdir()) == ["control.sock", "control.sock.lock"]
        listening.close()
        assert not listening.path.exists()

    def test_without_the_group_it_is_for_the_owner(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        listening = open_listening(tmp_path / "control.sock", group="no-such-group", mode=0o660)
        assert stat.S_IMODE(listening.path.stat().st_mode) == 0o600
        assert "no-such-group does not exist" in caplog.text
        listening.close()

    def test_a_dead_daemons_socket_is_replaced(self, tmp_path: Path) -> None:
        path = tmp_path / "control.sock"
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
        open_listening(path, group="root", mode=0o660).close()

    def test_a_live_daemon_keeps_it(self, tmp_path: Path) -> None:
        path = tmp_path / "control.sock"
        ours = open_listening(path, group="root", mode=0o660)
        with pytest.raises(Conflict, match="another dialerd has"):
            open_listening(path, group="root", mode=0o660)
        ours.close()
        open_listening(path, group="root", mode=0o660).close()

    def test_a_live_stranger_keeps_it(self, tmp_path: Path) -> None:
        path = tmp_path / "control.sock"
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.bind(str(path))
            stranger.listen()
            with pytest.raises(Conflict):
                open_listening(path, group="root", mode=0o660)
            assert path.is_socket()

    def test_other_things_are_not_removed(self, tmp_path: Path) -> None:
        path = tmp_path / "control.sock"
        path.write_text("precious")
        with pytest.raises(Invalid, match="is no socket"):
            open_listening(path, group="root", mode=0o660)
        assert path.read_text() == "precious"
        with pytest.raises(Invalid, match="cannot be made"):
            open_listening(path / "x.sock", group="root", mode=0o660)

    def test_a_successors_socket_is_not_removed(self, tmp_path: Path) -> None:
        ours = open_listening(tmp_path / "control.sock", group="root", mode=0o660)
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(tmp_path / "other"))
            os.replace(tmp_path / "other", ours.path)
            ours.close()
            assert ours.path.exists()


class TestHostileClients:
    async def test_oversized(self, start: Start) -> None:
        server = await start()
        reader, writer = await connect(server)
        writer.write(b'{"a":"' + b"x" * (1 << 20) + b'"}\n')
        assert "too long" in await error_of(reader)
        writer.close()
        assert (await ask(server))["result"]["protocol"] == 1

    async def test_half_a_line_and_never_the_rest(self, start: Start) -> None:
        server = await start(line_timeout_s=0.1)
        reader, writer = await connect(server)
        writer.write(HELLO[:20])
        assert "did not end within 0.1 s" in await error_of(reader)
        writer.close()

    async def test_a_line_that_drips(self, start: Start) -> None:
        server = await start(line_timeout_s=0.3)
        reader, writer = await connect(server)

        async def drip() -> None:
            while True:
                writer.write(b" ")
                await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        assert "did not end within" in await error_of(reader)
        dripping.cancel()
        writer.close()

    async def test_silence(self, start: Start) -> None:
        server = await start(idle_timeout_s=0.1)
        reader, writer = await connect(server)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()

    async def test_binary_and_nesting(self, start: Start) -> None:
        server = await start()
        for line in (b"\x00\xff\xfe\n", b"[" * 500_000 + b"\n", b'{"jsonrpc":' * 60_000 + b"\n"):
            assert (await ask(server, line))["error"]["code"] == -32700

    async def test_ten_thousand_keys(self, start: Start) -> None:
        server = await start()
        params = {f"k{n}": n for n in range(10_000)}
        line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "campaign.show", "params": params}).encode() + b"\n"
        assert (await ask(server, line))["error"]["code"] == -32602

    async def test_gone_before_the_answer(self, start: Start, caplog: pytest.LogCaptureFixture) -> None:
        server = await start()
        for _ in range(20):
            _, writer = await connect(server)
            writer.write(HELLO * 5)
            writer.transport.abort()
        assert (await ask(server))["result"]["role"] == "admin"
        assert "Traceback" not in caplog.text

    async def test_asks_and_never_reads(self, start: Start) -> None:
        rig = Rig()
        rig.records.campaigns_by_name["spring"]["note"] = "x" * 500_000
        server = await start(rig=rig, answer_timeout_s=0.2)
        raw = socket.socket(socket.AF_UNIX)
        raw.connect(str(server.path))
        raw.sendall(b'{"jsonrpc":"2.0","id":1,"method":"campaign.list"}\n' * 50)
        await asyncio.sleep(0.5)
        assert (await ask(server))["result"]["protocol"] == 1
        raw.close()

    async def test_two_hundred_at_once(self, start: Start) -> None:
        server = await start()
        answers = await asyncio.gather(*(ask(server) for _ in range(200)))
        assert [answer["result"]["protocol"] for answer in answers] == [1] * 200

    async def test_too_many_and_the_admins_reserve(self, start: Start, tmp_path: Path) -> None:
        server = await start(peer=SUPERVISOR, connections=6)
        held = [await connect(server) for _ in range(3)]
        for _, writer in held:
            writer.write(HELLO)
        for reader, _ in held:
            await reader.readline()
        # half of six is one user's share
        assert "too many connections" in (await ask(server))["error"]["message"]
        for _, writer in held:
            writer.close()

    async def test_a_busy_client_does_not_starve_the_others(self, start: Start) -> None:
        server = await start()
        reader, writer = await connect(server)
        writer.write(HELLO * 5000)
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert (await ask(server))["result"]["protocol"] == 1
        assert loop.time() - began < 1.0
        for _ in range(5000):
            assert await reader.readline()
        writer.close()


async def test_empty_lines_crlf_and_the_last_answer_after_half_close(start: Start) -> None:
    server = await start()
    reader, writer = await connect(server)
    writer.write(b"\n\r\n  \n" + HELLO.replace(b"\n", b"\r\n"))
    writer.write_eof()
    async with asyncio.timeout(5):
        assert (await reader.read()).count(b"\n") == 1
    writer.close()


async def test_a_peer_that_cannot_be_identified(tmp_path: Path) -> None:
    def identify(_: socket.socket) -> Peer:
        raise OSError("no credentials")

    server = ControlServer(tmp_path / "c.sock", Rig().dispatcher.respond, identify, group="no-such-group")
    await server.start()
    reader, writer = await connect(server)
    assert "could not find out who you are" in await error_of(reader)
    writer.close()
    await server.stop()


async def test_a_stop_lets_a_running_request_end(start: Start) -> None:
    rig = Rig()
    rig.records.delay_s = 0.2
    server = await start(rig=rig)
    reader, writer = await connect(server)
    idle_reader, idle_writer = await connect(server)
    writer.write(b'{"jsonrpc":"2.0","id":1,"method":"campaign.list"}\n')
    await asyncio.sleep(0.05)
    await server.stop()
    assert json.loads(await reader.readline())["result"][0]["name"] == "spring"
    assert await idle_reader.read() == b""
    assert not server.path.exists()
    writer.close()
    idle_writer.close()


async def test_the_edge_as_main_builds_it(tmp_path: Path) -> None:
    server = control_server(
        some_settings(socket=str(tmp_path / "control.sock"), group="no-such-group"),
        FakeRecords(),  # type: ignore[arg-type]
        FakeFloor(),
        Rig().shelf,
        version="0.1.0",
        now=lambda: NOW,
        pause=asyncio.sleep,
    )
    await server.start()
    assert (await ask(server))["result"]["role"] == Role.ADMIN.value  # root, or the daemon's own user
    await server.stop()
