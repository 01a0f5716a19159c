"""The verdict socket of the stand-alone AGI script: one method, tight limits, tight permissions."""

from __future__ import annotations

import asyncio
import grp
import json
import os
import socket
import stat
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from dialerd.asterisk.verdict import WaitingVerdicts
from dialerd.asterisk.verdict_socket import VerdictSocket
from dialerd.core.errors import Unavailable
from dialerd.core.messages import PbxEvent, SendVerdict, VerdictAbandoned, VerdictAsked

from .fake_ami import until
from .rig import LEG, TOKEN

QUESTION = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "verdict",
    "params": {"attempt": 12, "token": TOKEN, "amd_status": "HUMAN", "amd_cause": "HUMAN-800-800"},
}


class Served:
    """A socket and what it posted."""

    def __init__(self, path: Path, **limits: Any) -> None:
        self.path = path
        self.events: list[PbxEvent] = []
        self.counters: Counter[str] = Counter()
        self.verdicts = WaitingVerdicts(
            self.events.append, attends=lambda _: True, longest_wait_s=5.0, counters=self.counters
        )
        self.socket = VerdictSocket(self.verdicts, path, counters=self.counters, **limits)

    async def ask(self, line: bytes) -> dict[str, Any] | None:
        """Send one line; the reply, or None when the connection was closed without one."""
        reader, writer = await asyncio.open_unix_connection(str(self.path))
        try:
            with suppress(ConnectionError):
                writer.write(line)
                await writer.drain()
            reply = await asyncio.wait_for(reader.readline(), 5)
            return dict(json.loads(reply)) if reply else None
        except ConnectionError:
            return None
        finally:
            writer.close()


@asynccontextmanager
async def served_at(path: Path, **limits: Any) -> AsyncIterator[Served]:
    served = Served(path, **limits)
    await served.socket.start()
    try:
        yield served
    finally:
        await served.socket.stop()
        await asyncio.sleep(0.01)


def line_of(request: object) -> bytes:
    return json.dumps(request).encode() + b"\n"


async def test_question_and_verdict(tmp_path: Path) -> None:
    async with served_at(tmp_path / "v" / "s") as served:
        asking = asyncio.create_task(served.ask(line_of(QUESTION)))
        await until(lambda: served.events, "asked")
        question = served.events[0]
        assert isinstance(question, VerdictAsked)
        assert (question.attempt_id, question.token, question.amd_status) == (12, TOKEN, "HUMAN")
        served.verdicts.answer(SendVerdict(request_id=question.request_id, verdict="agent", leg_id=LEG))
        assert await asking == {"jsonrpc": "2.0", "id": 1, "result": {"verdict": "agent", "agent_leg": LEG}}


async def test_a_script_that_is_killed_while_it_waits_is_told(tmp_path: Path) -> None:
    async with served_at(tmp_path / "s") as served:
        _, writer = await asyncio.open_unix_connection(str(served.path))
        writer.write(line_of(QUESTION))
        await until(lambda: served.events, "asked")
        writer.close()
        await until(lambda: len(served.events) == 2, "abandoned")
        assert isinstance(served.events[1], VerdictAbandoned)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (b"no json\n", -32700),
        (b"\xff\xfe\n", -32700),
        (line_of([QUESTION]), -32600),
        (line_of({**QUESTION, "jsonrpc": "1.0"}), -32600),
        (line_of({k: v for k, v in QUESTION.items() if k != "id"}), -32600),
        (line_of({**QUESTION, "extra": 1}), -32600),
        (line_of({**QUESTION, "method": "status"}), -32601),
        (line_of({**QUESTION, "params": []}), -32602),
        (line_of({**QUESTION, "params": {"attempt": "12", "token": TOKEN}}), -32602),
        (line_of({**QUESTION, "params": {"attempt": 0, "token": TOKEN}}), -32602),
        (line_of({**QUESTION, "params": {"attempt": 12, "token": TOKEN + "\n"}}), -32602),
        (line_of({**QUESTION, "params": {"attempt": 12, "token": TOKEN, "amd_status": "X;rm"}}), -32602),
        (line_of({**QUESTION, "params": {"attempt": 10**30, "token": TOKEN}}), -32602),
    ],
)
async def test_everything_else_is_refused_with_its_code(tmp_path: Path, request_: bytes, code: int) -> None:
    async with served_at(tmp_path / "s") as served:
        reply = await served.ask(request_)
        assert reply is not None and reply["error"]["code"] == code and not served.events


async def test_too_long_too_slow_too_many(tmp_path: Path) -> None:
    async with served_at(tmp_path / "s", request_timeout_s=0.3, most_connections=3) as served:
        assert await served.ask(b"x" * 200_000) is None
        assert await served.ask(b"[" * 4000 + b"\n") is not None
        reader, writer = await asyncio.open_unix_connection(str(served.path))
        writer.write(b'{"half')
        assert await asyncio.wait_for(reader.read(), 3) == b""
        writer.close()
        many = [await asyncio.open_unix_connection(str(served.path)) for _ in range(4)]
        assert await asyncio.wait_for(many[3][0].read(), 3) == b""
        for _, writer in many:
            writer.close()
        assert not served.events and not served.counters["handler_errors"]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(garbage=st.binary(max_size=300))
async def test_garbage_gets_an_error_or_nothing(tmp_path: Path, garbage: bytes) -> None:
    async with served_at(tmp_path / "s") as served:
        reply = await served.ask(garbage.replace(b"\n", b" ") + b"\n")
        assert reply is None or "error" in reply
        assert not served.events and not served.counters["handler_errors"]


async def test_mode_group_and_folder(tmp_path: Path) -> None:
    group = grp.getgrgid(os.getgid()).gr_name
    path = tmp_path / "verdict" / "verdict.sock"
    async with served_at(path, group=group, mode=0o660):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660 and path.stat().st_gid == os.getgid()
        assert stat.S_IMODE(path.parent.stat().st_mode) & 0o007 == 0
    assert not path.exists()
    with pytest.raises(Unavailable, match="verdict socket"):
        await Served(path, group="no-such-group-here").socket.start()


async def test_a_stale_socket_is_replaced_a_living_one_and_a_file_are_not(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    async with served_at(path):
        with pytest.raises(Unavailable, match="another process"):
            await Served(path).socket.start()
    path.write_text("precious")
    with pytest.raises(Unavailable, match="no socket"):
        await Served(path).socket.start()
    assert path.read_text() == "precious"
