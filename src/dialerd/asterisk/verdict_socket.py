"""Owns the Unix socket of the stand-alone AGI script: newline-delimited JSON-RPC 2.0 with the one method `verdict`.

Whoever may open it can ask for verdicts (and needs a token for an answer), nothing else: it is not the control socket.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import socket
import stat
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from dialerd.asterisk.conversations import Conversations
from dialerd.asterisk.verdict import QuestionRefused, Verdict, WaitingVerdicts, checked_question
from dialerd.core.errors import Unavailable

log = logging.getLogger(__name__)

LONGEST_REQUEST_BYTES = 4096
PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, NO_VERDICT = -32700, -32600, -32601, -32602, -32000


class _Request(msgspec.Struct, forbid_unknown_fields=True):
    jsonrpc: str
    method: str
    params: msgspec.Raw
    id: int | str


class _Params(msgspec.Struct, forbid_unknown_fields=True):
    attempt: int
    token: str
    amd_status: str = ""
    amd_cause: str = ""


class _Refused(Exception):
    def __init__(self, code: int, message: str, request_id: int | str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.request_id = request_id


class VerdictSocket:
    """Serves the stand-alone scripts."""

    def __init__(
        self,
        verdicts: WaitingVerdicts,
        path: Path,
        *,
        counters: Counter[str],
        group: str = "",
        mode: int = 0o660,
        request_timeout_s: float = 5.0,
        most_connections: int = 500,
    ) -> None:
        """`group`: name of the group that may connect (that of Asterisk); empty: leave the process's own."""
        self._verdicts = verdicts
        self._path = path
        self._counters = counters
        self._group = group
        self._mode = mode
        self._request_timeout_s = request_timeout_s
        self._conversations = Conversations(
            self._one_request, name="verdict socket", most=most_connections, counters=counters
        )
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Create the socket (its folder too) and serve. Raises Unavailable with a sentence."""
        try:
            listening = self._bind()
        except (OSError, LookupError) as error:
            raise Unavailable(
                f"cannot make the verdict socket {self._path}: {error}; "
                "see verdict_socket and verdict_group of [[asterisk]]"
            ) from error
        self._server = await asyncio.start_unix_server(
            self._conversations.serve, sock=listening, limit=LONGEST_REQUEST_BYTES
        )

    def _bind(self) -> socket.socket:
        folder = self._path.parent
        if not folder.is_dir():
            folder.mkdir(mode=0o750, parents=True)
            if self._group:
                shutil.chown(folder, group=self._group)
        if self._path.exists():
            self._remove_stale()
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # Created tight and opened up afterwards: nobody gets in between.
            before = os.umask(0o177)
            try:
                listening.bind(str(self._path))
            finally:
                os.umask(before)
            if self._group:
                shutil.chown(self._path, group=self._group)
            self._path.chmod(self._mode)
            listening.setblocking(False)
        except BaseException:
            listening.close()
            raise
        return listening

    def _remove_stale(self) -> None:
        """Remove the socket of a dialerd that is gone; never one that somebody serves, nor a file."""
        if not stat.S_ISSOCK(self._path.lstat().st_mode):
            raise OSError("a file that is no socket stands there")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(1)
            try:
                probe.connect(str(self._path))
            except ConnectionRefusedError:
                self._path.unlink()
                return
        raise OSError("another process serves it")

    async def stop(self) -> None:
        """Close the socket, remove it and end every conversation."""
        if self._server is None:
            return
        self._server.close()
        await self._conversations.stop()
        self._path.unlink(missing_ok=True)

    async def _one_request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(self._request_timeout_s):
            line = await reader.readuntil(b"\n")
        verdict: Verdict | None = None
        try:
            request_id, verdict = await self._answer(line, reader)
            result = {"verdict": verdict.verdict}
            if verdict.agent_leg:
                result["agent_leg"] = verdict.agent_leg
            reply: dict[str, Any] = {"jsonrpc": "2.0", "id": request_id, "result": result}
        except _Refused as refused:
            self._counters["agi_refused"] += 1
            error = {"code": refused.code, "message": str(refused)}
            reply = {"jsonrpc": "2.0", "id": refused.request_id, "error": error}
        try:
            async with asyncio.timeout(self._request_timeout_s):
                writer.write(msgspec.json.encode(reply) + b"\n")
                await writer.drain()
        except (TimeoutError, ConnectionError):
            if verdict is not None:
                self._verdicts.not_delivered(verdict)
            raise

    async def _answer(self, line: bytes, reader: asyncio.StreamReader) -> tuple[int | str, Verdict]:
        try:
            request = msgspec.json.decode(line, type=_Request)
        except msgspec.ValidationError as error:
            raise _Refused(INVALID_REQUEST, f"no valid request: {error}") from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise _Refused(PARSE_ERROR, "this is no JSON") from None
        if request.jsonrpc != "2.0":
            raise _Refused(INVALID_REQUEST, "jsonrpc must be 2.0", request.id)
        if request.method != "verdict":
            raise _Refused(METHOD_NOT_FOUND, "this socket knows the method `verdict` only", request.id)
        try:
            params = msgspec.json.decode(request.params, type=_Params)
            question = checked_question(str(params.attempt), params.token, params.amd_status, params.amd_cause)
        except (msgspec.DecodeError, QuestionRefused, RecursionError) as error:
            raise _Refused(INVALID_PARAMS, str(error), request.id) from None
        # While the script waits it says nothing: whatever comes, end of file above all, means that it is gone.
        gone: asyncio.Future[None] = asyncio.ensure_future(_until_readable(reader))
        try:
            verdict = await self._verdicts.ask(question, gone)
        except QuestionRefused as error:
            raise _Refused(NO_VERDICT, str(error), request.id) from None
        finally:
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
        if verdict is None:
            raise _Refused(NO_VERDICT, "no verdict", request.id)
        return request.id, verdict


async def _until_readable(reader: asyncio.StreamReader) -> None:
    with suppress(ConnectionError):
        await reader.read(1)
