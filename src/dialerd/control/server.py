"""Owns the control socket's connections: limits, deadlines, fairness. Knows lines and peers, not what is asked.

No client can hurt the others: each has one task, one request at a time, a bounded line, a deadline for its half-sent
line and for taking its answer; the number of clients is bounded, for each user and in all.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from dialerd.control.dispatch import error_answer
from dialerd.control.framing import LineBuffer, LineTooLong, encode
from dialerd.control.listening import BACKLOG, ListeningSocket, open_listening
from dialerd.control.peer import Peer, Role
from dialerd.control.protocol import MAX_LINE_BYTES, ErrorCode

logger = logging.getLogger(__name__)

ADMIN_RESERVE = 8
"""Connections beyond the limit that only an admin gets: somebody must be able to look."""

_CHUNK = 65536
_LINGER_S = 1.0

Responder = Callable[[bytes, Peer], Awaitable[bytes | None]]
Identify = Callable[[socket.socket], Peer]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """Bounds of the server. A user who is not admin gets at most half of `connections`."""

    connections: int = 256
    line_bytes: int = MAX_LINE_BYTES
    line_timeout_s: float = 30.0
    answer_timeout_s: float = 30.0
    idle_timeout_s: float = 600.0
    stop_grace_s: float = 2.0


class ControlServer:
    """Serves one Unix socket. `respond` answers a line; `identify` (asked in a thread) says who a peer is."""

    def __init__(
        self,
        path: Path,
        respond: Responder,
        identify: Identify,
        *,
        group: str,
        mode: int = 0o660,
        limits: ServerLimits | None = None,
    ) -> None:
        """Given everything; nothing is opened before `start`."""
        self.path = path
        self._respond = respond
        self._identify = identify
        self._group, self._mode = group, mode
        self._limits = limits if limits is not None else ServerLimits()
        self._listening: ListeningSocket | None = None
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: set[asyncio.Task[None]] = set()
        self._by_user: Counter[int] = Counter()

    async def start(self) -> None:
        """Open the socket; raise Conflict (another daemon has it) or Invalid (path cannot be used)."""
        self._listening = open_listening(self.path, group=self._group, mode=self._mode)
        self._server = await asyncio.start_unix_server(
            self._connected, sock=self._listening.socket, limit=_CHUNK, backlog=BACKLOG
        )

    async def stop(self) -> None:
        """Take no more clients, let running requests end for a moment, close everything."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks - self._busy:
            task.cancel()
        if self._busy:
            await asyncio.wait(set(self._busy), timeout=self._limits.stop_grace_s)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._listening is not None:
            self._listening.close()
        self._server = self._listening = None

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        writer.transport.set_write_buffer_limits(high=0)  # drain() returns when the kernel has it all
        peer: Peer | None = None
        try:
            peer = await self._admitted(writer)
            if peer is not None:
                await self._serve(reader, writer, peer, task)
        except (ConnectionError, TimeoutError):
            pass  # the client went away, or was too slow to take its answer
        except asyncio.CancelledError:
            pass  # the server stops; the stream protocol would log a cancelled handler as an error
        except Exception:
            logger.exception("control connection failed")
        finally:
            if peer is not None:
                self._by_user[peer.uid] -= 1
                self._by_user += Counter()  # drops zeros
            self._tasks.discard(task)
            writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()

    async def _admitted(self, writer: asyncio.StreamWriter) -> Peer | None:
        """The peer, counted in; None when it was sent away."""
        limits = self._limits
        if len(self._tasks) > limits.connections + 2 * ADMIN_RESERVE:
            await self._refuse(writer, f"too many clients ({limits.connections}): try again later")
            return None
        connection = writer.get_extra_info("socket")
        try:
            async with asyncio.timeout(limits.line_timeout_s):
                peer = await asyncio.to_thread(self._identify, connection)
        except (OSError, TimeoutError) as error:
            logger.warning("control client not identified: %s", error or type(error).__name__)
            await self._refuse(writer, "dialerd could not find out who you are: look into the journal")
            return None
        admin = Role.ADMIN in peer.roles
        total = self._by_user.total()
        if total >= limits.connections + (ADMIN_RESERVE if admin else 0):
            await self._refuse(writer, f"too many clients ({limits.connections}): try again later")
            return None
        if not admin and self._by_user[peer.uid] >= limits.connections // 2:
            await self._refuse(writer, f"user {peer.user} has too many connections: close some")
            return None
        self._by_user[peer.uid] += 1
        return peer

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: Peer, task: asyncio.Task[None]
    ) -> None:
        limits = self._limits
        buffer = LineBuffer(limits.line_bytes)
        clock = asyncio.get_running_loop().time
        part_since = 0.0
        while True:
            # a client may be idle for long, but a line once begun has to end
            wait_s = limits.line_timeout_s - (clock() - part_since) if buffer.has_part else limits.idle_timeout_s
            try:
                async with asyncio.timeout(max(wait_s, 0.0)):
                    data = await reader.read(_CHUNK)
            except TimeoutError:
                if buffer.has_part:
                    text = f"the request did not end within {limits.line_timeout_s:g} s: end it with a newline"
                    await self._send(writer, encode(error_answer(None, ErrorCode.INVALID_REQUEST, text)))
                return
            if not data:
                return
            had_part = buffer.has_part
            try:
                lines = buffer.feed(data)
            except LineTooLong as error:
                text = f"the request is too long: {error}"
                await self._send(writer, encode(error_answer(None, ErrorCode.INVALID_REQUEST, text)))
                await _discard(reader)
                return
            if lines or not had_part:
                part_since = clock()
            self._busy.add(task)
            try:
                for line in lines:
                    await self._answer(writer, line, peer)
            finally:
                self._busy.discard(task)

    async def _answer(self, writer: asyncio.StreamWriter, line: bytes, peer: Peer) -> None:
        if not line.strip():
            return
        answer = await self._respond(line, peer)
        if answer is not None:
            await self._send(writer, answer)
        await asyncio.sleep(0)  # a client with a thousand requests in its buffer waits its turn like the others

    async def _send(self, writer: asyncio.StreamWriter, line: bytes) -> None:
        """Write and wait until the client takes it; TimeoutError when it does not."""
        writer.write(line)
        async with asyncio.timeout(self._limits.answer_timeout_s):
            await writer.drain()

    async def _refuse(self, writer: asyncio.StreamWriter, text: str) -> None:
        await self._send(writer, encode(error_answer(None, ErrorCode.UNAVAILABLE, text)))


async def _discard(reader: asyncio.StreamReader) -> None:
    """Take what the client still sends, for a moment: it reads our answer only after its own last byte."""
    try:
        async with asyncio.timeout(_LINGER_S):
            while await reader.read(_CHUNK):
                pass
    except TimeoutError:
        pass
