"""A plain AMI client, a scripted verdict server and scripted calls for the tests of the simulated PBX."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from dialerd.simulation.durations import fixed
from dialerd.simulation.pbx import SimulatedPbx
from dialerd.simulation.scenario import Agents, Outcome, Scenario
from dialerd.simulation.world import CallFate

Message = list[tuple[str, str]]


def value(message: Message, name: str) -> str:
    """The first value of a header; empty when it is missing."""
    return next((text for key, text in message if key == name), "")


class AmiClient:
    """Speaks AMI in the plainest way: no library that could hide a defect."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.events: list[Message] = []
        self.banner = b""

    @classmethod
    async def connect(cls, port: int) -> AmiClient:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        client = cls(reader, writer)
        client.banner = await reader.readline()
        return client

    async def login(self, **extra: str) -> Message:
        return await self.ask(Action="Login", Username="dialerd", Secret="simulated", **extra)

    def send(self, headers: Message) -> None:
        self.writer.write(("".join(f"{k}: {v}\r\n" for k, v in headers) + "\r\n").encode())

    async def ask(self, *more: tuple[str, str], **headers: str) -> Message:
        """Send an action and return its response; events in between are kept."""
        self.send([*headers.items(), *more])
        while True:
            message = await self.read()
            if message[0][0] == "Response":
                return message

    async def read(self) -> Message:
        raw = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 5)
        message: Message = []
        for line in raw.decode().split("\r\n"):
            if line:
                name, _, text = line.partition(":")
                message.append((name, text.removeprefix(" ")))
        if message[0][0] == "Event":
            self.events.append(message)
        return message

    async def until(self, event: str, **wanted: str) -> Message:
        """Read (or find among those read) the first event of this name with these headers."""
        seen = 0
        while True:
            for message in self.events[seen:]:
                if value(message, "Event") == event and all(value(message, k) == v for k, v in wanted.items()):
                    return message
            seen = len(self.events)
            await self.read()

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


@dataclass
class VerdictServer:
    """A FastAGI server that answers each call as `decide` says; keeps what it saw."""

    decide: Callable[[dict[str, str]], Awaitable[dict[str, str]]]
    attends: Callable[[dict[str, str]], bool] = lambda known: False
    seen: list[dict[str, str]] = field(default_factory=list)
    hangups: int = 0
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            raw = (await reader.readuntil(b"\n\n")).decode()
            known = dict(line.split(": ", 1) for line in raw.splitlines() if ": " in line)
            for name in ("AMDSTATUS", "AMDCAUSE"):
                writer.write(f"GET VARIABLE {name}\n".encode())
                known[name] = (await reader.readline()).decode().strip()
            self.seen.append(known)
            if self.attends(known):
                writer.write(b'SET VARIABLE DLR_ATTENDED "1"\n')
                await reader.readline()
            deciding = asyncio.ensure_future(self.decide(known))
            reading = asyncio.ensure_future(reader.readline())
            await asyncio.wait({deciding, reading}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done() and reading.result().strip() == b"HANGUP":
                self.hangups += 1
                deciding.cancel()
                return
            for name, text in (await deciding).items():
                writer.write(f'SET VARIABLE {name} "{text}"\n'.encode())
                await reading if not reading.done() else None
                reading = asyncio.ensure_future(reader.readline())
            reading.cancel()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()


@contextlib.asynccontextmanager
async def verdicts(decide: Callable[[dict[str, str]], Awaitable[dict[str, str]]]) -> AsyncIterator[VerdictServer]:
    """Run a verdict server on any port."""
    server = VerdictServer(decide)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        await listening.wait_closed()


@dataclass
class Script:
    """A world in which every call has the fate the test gave it."""

    fates: dict[str, CallFate] = field(default_factory=dict)

    def fate(self, number: str, attempt_number: int, at_s: float = 0.0) -> CallFate:
        return self.fates[number]


PERSON = CallFate(
    outcome=Outcome.PERSON,
    ring_after_s=0.02,
    answer_after_s=0.05,
    amd_status="HUMAN",
    amd_cause="HUMAN-800-800",
    amd_delay_s=0.02,
    patience_s=5.0,
    talk_s=0.05,
)

QUICK = Scenario(message_s=0.05, voicemail_s=0.05, agents=Agents(phone_answer=fixed(0.02)))


@pytest.fixture
async def pbx() -> AsyncIterator[SimulatedPbx]:
    """A PBX with scripted calls (`pbx.switch.world.fates`) and quick phones, all events visible."""
    pbx = SimulatedPbx(scenario=QUICK, world=Script(), filters=())
    await pbx.start()
    yield pbx
    await pbx.stop()
    assert pbx.switch.failures == []


@pytest.fixture
async def ami(pbx: SimulatedPbx) -> AsyncIterator[AmiClient]:
    """A logged-in client."""
    client = await AmiClient.connect(pbx.ami_port)
    await client.login()
    yield client
    await client.close()


def customer(number: str, attempt: int, agi_port: int, **variables: str) -> Message:
    """An Originate as dialerd sends it."""
    wanted = {
        "DLR_ATTEMPT": str(attempt),
        "DLR_TOKEN": "0" * 32,
        "DLR_AMD": "",
        "DLR_GUARD_FROM": "verdict",
        "DLR_GUARD_S": "0.4",
        "DLR_AGI": f"agi://127.0.0.1:{agi_port}/verdict",
        "DLR_MESSAGE": "custom/sorry",
        "DLR_RECORD": "",
        "DLR_OPTOUT": "",
        **variables,
    }
    return [
        ("Action", "Originate"),
        ("ActionID", f"call-{attempt}"),
        ("Channel", f"PJSIP/{number}@trunk"),
        ("ChannelId", f"dlr-{attempt}-0badcafe"),
        ("Context", "dialerd-outbound"),
        ("Exten", "s"),
        ("Priority", "1"),
        ("Async", "true"),
        ("Timeout", "500"),
        ("CallerID", '"Example" <390612345678>'),
        *(("Variable", f"{name}={text}") for name, text in wanted.items()),
    ]


def agent_leg(agent: int) -> Message:
    """An Originate of an agent's leg."""
    return [
        ("Action", "Originate"),
        ("ActionID", f"leg-{agent}"),
        ("Channel", f"PJSIP/{agent}"),
        ("ChannelId", f"agt-{agent}-0badcafe"),
        ("Context", "dialerd-agent"),
        ("Exten", "s"),
        ("Priority", "1"),
        ("Async", "true"),
        ("Timeout", "15000"),
        ("Variable", f"DLR_AGENT={agent}"),
    ]
