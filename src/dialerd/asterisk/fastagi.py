"""Owns the FastAGI server: one AGI conversation per call, from the environment to the verdict. Decides nothing.

Built on panoramisk's fast_agi, whose defects it cures: spins at end of file, no limits, no time-outs, misread results.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import Counter
from contextlib import suppress
from typing import Any

from panoramisk.fast_agi import Application, Request

from dialerd.asterisk.conversations import Conversations
from dialerd.asterisk.verdict import QuestionRefused, WaitingVerdicts, checked_question
from dialerd.core.sparing import Sparing

log = logging.getLogger(__name__)

LONGEST_ENVIRONMENT_BYTES = 16_384  # reader limit: Asterisk sends about 600 bytes, its own buffer is 8 KB
ROUTE = "verdict"
_VARIABLE = re.compile(r"\A[A-Z_]{1,40}\Z")
_VALUE = re.compile(r"\A[A-Za-z0-9_.:/-]{0,200}\Z")
_RESULT = re.compile(r"\A(\d{3})[ -](?:result=(-?\d+))?(?: \((.*)\))?(?: endpos=\d+)?")
_MOST_LINES = 50


class PeerGone(ConnectionError):
    """The channel hung up or Asterisk closed the connection."""


class SafeRequest(Request):  # type: ignore[misc,unused-ignore]
    """One AGI conversation; every read has a deadline, every command is built from checked words."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def __init__(self, app: Any, headers: dict[str, str], reader: Any, writer: Any, command_timeout_s: float) -> None:
        """`headers` is the AGI environment."""
        super().__init__(app, headers, reader, writer)
        self._command_timeout_s = command_timeout_s

    async def get_variable(self, name: str) -> str:
        """The channel variable's value; empty when unset. Raises PeerGone, TimeoutError."""
        if not _VARIABLE.match(name):
            raise ValueError("no such variable name")
        result, text = await self._command(f"GET VARIABLE {name}")
        return text if result == 1 else ""

    async def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable; only values that need no quoting are sent at all. Raises PeerGone, TimeoutError.

        When this returns Asterisk has taken the value: after a hang-up, or at the dialplan's limit, it reads no more.
        """
        if not _VARIABLE.match(name) or not _VALUE.match(value):
            raise ValueError("this is not set by AGI")
        result, _ = await self._command(f'SET VARIABLE {name} "{value}"')
        if result != 1:
            raise PeerGone(f"{name} was not set")

    async def _command(self, command: str) -> tuple[int, str]:
        async with asyncio.timeout(self._command_timeout_s):
            self.writer.write(command.encode() + b"\n")
            await self.writer.drain()
            for _ in range(_MOST_LINES):
                line = await self.read_line()
                match = _RESULT.match(line)
                if match is None or match[1] in ("100",) or line.startswith("520-"):
                    continue  # provisional, or the middle of a usage text: the line that counts is yet to come
                if match[1] != "200":
                    raise PeerGone(f"Asterisk refused the AGI command ({match[1]})")
                return int(match[2] or 0), match[3] or ""
        raise PeerGone("endless answer to an AGI command")

    async def read_line(self) -> str:
        """One line without its end; raises PeerGone at end of file, at a HANGUP line and for an over-long line."""
        try:
            line = await self.reader.readuntil(b"\n")
        except asyncio.IncompleteReadError:
            raise PeerGone("closed by Asterisk") from None
        except asyncio.LimitOverrunError:
            raise PeerGone("a line without end") from None
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if text == "HANGUP":
            raise PeerGone("hung up")
        return text

    async def until_gone(self) -> None:
        """Return when the peer goes away (or says anything, which it may not while it waits for us)."""
        with suppress(ConnectionError):
            await self.read_line()


class SafeApplication(Application):  # type: ignore[misc,unused-ignore]
    """The FastAGI server for the one route `verdict`."""

    def __init__(
        self,
        verdicts: WaitingVerdicts,
        *,
        counters: Counter[str],
        environment_timeout_s: float = 5.0,
        command_timeout_s: float = 5.0,
        most_connections: int = 2000,
    ) -> None:
        """Must be made inside a running loop."""
        super().__init__(loop=asyncio.get_running_loop())
        self._verdicts = verdicts
        self._counters = counters
        self._environment_timeout_s = environment_timeout_s
        self._command_timeout_s = command_timeout_s
        self._conversations = Conversations(self._converse, name="FastAGI", most=most_connections, counters=counters)
        self._refusals = Sparing()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port (useful when `port` is 0). Raises OSError."""
        self._server = await asyncio.start_server(
            self._conversations.serve, host, port, backlog=1024, limit=LONGEST_ENVIRONMENT_BYTES
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close the port and every conversation: the dialplan then handles these calls alone."""
        if self._server is not None:
            self._server.close()
        await self._conversations.stop()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._ask(reader, writer)
        except (QuestionRefused, ValueError) as error:
            self._counters["agi_refused"] += 1
            kept_back = self._refusals.admit(asyncio.get_running_loop().time())  # the port is open to every local user
            if kept_back is not None:
                log.warning("FastAGI request refused: %s (%d more before)", error, kept_back)

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(self._environment_timeout_s):
            raw = await reader.readuntil(b"\n\n")
        lines = raw.decode("utf-8", "replace").split("\n")
        environment = {name: value for name, separator, value in (line.partition(": ") for line in lines) if separator}
        if environment.get("agi_network_script") != ROUTE:
            raise QuestionRefused("no such FastAGI route")
        attempt, token = environment.get("agi_arg_1", ""), environment.get("agi_arg_2", "")
        checked_question(attempt, token, "", "")  # nothing is told to a peer that does not know the form
        request = SafeRequest(self, environment, reader, writer, self._command_timeout_s)
        if self._verdicts.attends(int(attempt)):
            await request.set_variable("DLR_ATTENDED", "1")
        status = await request.get_variable("AMDSTATUS")
        cause = await request.get_variable("AMDCAUSE")
        question = checked_question(attempt, token, status, cause)
        gone = asyncio.ensure_future(request.until_gone())
        try:
            verdict = await self._verdicts.ask(question, gone)
        finally:
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
        if verdict is None:
            return
        try:
            # The leg first: a verdict without its leg must never be seen.
            if verdict.agent_leg:
                await request.set_variable("DLR_AGENT_LEG", verdict.agent_leg)
            await request.set_variable("DLR_VERDICT", verdict.verdict)
        except (TimeoutError, ConnectionError):
            self._verdicts.not_delivered(verdict)
            raise
