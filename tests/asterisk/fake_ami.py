"""A small AMI server on real TCP for tests: logs in, answers, can misbehave. Knows nothing of dialerd."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

Headers = list[tuple[str, str]]
BANNER = b"Asterisk Call Manager/9.0.0\r\n"


def message(*headers: tuple[str, str]) -> bytes:
    """One AMI message on the wire."""
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode() + b"\r\n"


def event(name: str, **headers: str) -> bytes:
    """One event on the wire."""
    return message(("Event", name), *headers.items())


class FakeAmi:
    """Answers like Asterisk unless told otherwise: `reactions` maps an action's name to who answers it."""

    def __init__(self) -> None:
        self.port = 0
        self.secret = "right"
        self.banner = BANNER
        self.boots = True
        self.mute = False  # read, but never answer: a half-open link
        self.channels: list[dict[str, str]] = []
        self.database: dict[str, str] = {}
        self.connections: list[asyncio.StreamWriter] = []
        self.actions: list[list[dict[str, str]]] = []  # per connection
        self.raw: list[bytes] = []
        self.reactions: dict[str, Callable[[dict[str, str], asyncio.StreamWriter], None]] = {}
        self._server: asyncio.Server | None = None

    @property
    def heard(self) -> list[dict[str, str]]:
        """All actions of all connections but pings."""
        return [action for actions in self.actions for action in actions if action["Action"] != "Ping"]

    def of(self, name: str) -> list[dict[str, str]]:
        """All actions with this name."""
        return [action for action in self.heard if action["Action"] == name]

    def push(self, data: bytes) -> None:
        """Send to the newest connection."""
        self.connections[-1].write(data)

    def cut(self) -> None:
        """Break the newest connection."""
        self.connections[-1].transport.abort()

    async def start(self, port: int = 0) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close everything."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self.connections:
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(writer)
        actions: list[dict[str, str]] = []
        self.actions.append(actions)
        writer.write(self.banner)
        try:
            while True:
                raw = await reader.readuntil(b"\r\n\r\n")
                self.raw.append(raw)
                action: dict[str, str] = {}
                for line in raw.decode().replace("\r\n", "\n").split("\n"):
                    name, separator, value = line.partition(": ")
                    if separator:
                        action[name] = f"{action[name]}\n{value}" if name in action else value
                actions.append(action)
                if not self.mute:
                    self._answer(action, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, action: dict[str, str], writer: asyncio.StreamWriter) -> None:
        name, id_ = action["Action"], ("ActionID", action.get("ActionID", ""))
        if name in self.reactions:
            self.reactions[name](action, writer)
        elif name == "Login":
            if action["Secret"] != self.secret:
                writer.write(message(("Response", "Error"), id_, ("Message", "Authentication failed")))
                writer.close()
                return
            writer.write(message(("Response", "Success"), id_, ("Message", "Authentication accepted")))
            if self.boots:
                writer.write(event("FullyBooted", Privilege="system,all", Status="Fully Booted"))
        elif name == "CoreShowChannels":
            self._list(writer, id_, "CoreShowChannel", self.channels)
        elif name == "DBGetTree":
            rows = [{"Key": f"/dialerd/{key}", "Val": value} for key, value in self.database.items()]
            self._list(writer, id_, "DBGetTreeResponse", rows)
        elif name == "DBGet":
            value = self.database.get(action["Key"])
            if value is None:
                writer.write(message(("Response", "Error"), id_, ("Message", "Database entry not found")))
                return
            writer.write(
                message(("Response", "Success"), id_, ("EventList", "start"), ("Message", "Result will follow"))
            )
            row = ("Family", action["Family"]), ("Key", action["Key"]), ("Val", value)
            writer.write(message(("Event", "DBGetResponse"), *row, id_))
            writer.write(message(("Event", "DBGetComplete"), id_, ("EventList", "Complete"), ("ListItems", "1")))
        elif name == "CoreSettings":
            writer.write(message(("Response", "Success"), id_, ("AsteriskVersion", "22.10.1~fake")))
        elif name == "Originate":
            writer.write(message(("Response", "Success"), id_, ("Message", "Originate successfully queued")))
        else:
            writer.write(message(("Response", "Success"), id_, ("Ping", "Pong")))

    @staticmethod
    def _list(writer: asyncio.StreamWriter, id_: tuple[str, str], name: str, rows: list[dict[str, str]]) -> None:
        writer.write(message(("Response", "Success"), id_, ("EventList", "start"), ("Message", "will follow")))
        for row in rows:
            writer.write(message(("Event", name), id_, *row.items()))
        complete = ("Event", f"{name.removesuffix('Response')}Complete"), id_, ("EventList", "Complete")
        writer.write(message(*complete, ("ListItems", str(len(rows)))))


@asynccontextmanager
async def fake_ami() -> AsyncIterator[FakeAmi]:
    """A listening FakeAmi, closed at the end."""
    server = FakeAmi()
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def until(condition: Callable[[], object], what: str, timeout_s: float = 5.0) -> None:
    """Wait until `condition` is true; AssertionError with `what` after `timeout_s` seconds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while not condition():
        assert loop.time() < deadline, f"timed out: {what}"
        await asyncio.sleep(0.005)
