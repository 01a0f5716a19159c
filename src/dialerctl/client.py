"""Owns the conversation with dialerd: connect, hello, one request at a time, each with a deadline. Stdlib only.

Must not know any command or output format; no asyncio here (it would double dialerctl's start-up time).
"""

from __future__ import annotations

import grp
import json
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from dialerctl.failure import Failure
from dialerd.control.protocol import DEFAULT_SOCKET, MAX_LINE_BYTES, PROTOCOL_VERSION, ExitCode, exit_code_of

SOCKET_VARIABLE = "DIALERCTL_SOCKET"
MAX_REPLY_BYTES = 64 << 20  # a later daemon may send longer lines than it accepts; but never without end


@dataclass(frozen=True, slots=True)
class Address:
    """Where the daemon's socket is thought to be, and who said so (for the error message)."""

    path: str
    source: str


def find_socket(option: str | None) -> Address:
    """The socket's address: --socket, then $DIALERCTL_SOCKET, then the default."""
    if option:
        return Address(option, "from --socket")
    variable = os.environ.get(SOCKET_VARIABLE)
    if variable:
        return Address(variable, f"from ${SOCKET_VARIABLE}")
    return Address(DEFAULT_SOCKET, "the default")


class Client:
    """A connection to dialerd. Use as a context manager; `call` raises Failure with the documented exit status."""

    def __init__(self, address: Address, *, timeout_s: float = 10.0) -> None:
        self.address = address
        self.timeout_s = timeout_s
        self.role = ""
        self._last_id = 0
        self._buffer = b""
        self._socket = self._connect()
        try:
            self._greet()
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def call(self, method: str, params: Mapping[str, Any] | None = None, *, timeout_s: float | None = None) -> Any:
        """Ask dialerd for `method` and return its result; raise Failure when it refuses, vanishes or is late.

        Parameters whose value is None are left out: the daemon's default holds.
        """
        self._last_id += 1
        request = {"jsonrpc": "2.0", "id": self._last_id, "method": method}
        given = {key: value for key, value in (params or {}).items() if value is not None}
        if given:
            request["params"] = given
        line = json.dumps(request, separators=(",", ":")).encode() + b"\n"
        if len(line) > MAX_LINE_BYTES:
            raise Failure(f"the request {method} is larger than dialerd accepts (1 MiB)", ExitCode.USAGE)
        wait_s = self.timeout_s if timeout_s is None else timeout_s
        deadline = time.monotonic() + wait_s
        try:
            self._send(line, deadline)
            reply = self._receive(self._last_id, deadline)
        except TimeoutError:
            raise Failure(
                f"dialerd did not answer {method} within {wait_s:g} s; it may be busy: "
                "try again, or give more time with --timeout",
                ExitCode.TEMPORARY,
            ) from None
        except (ConnectionError, OSError) as error:
            raise Failure(
                f"dialerd closed the connection during {method} ({error}); see: journalctl -u dialerd",
                ExitCode.TEMPORARY,
            ) from None
        return self._result(reply)

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(self.timeout_s)
            connection.connect(self.address.path)
        except OSError as error:
            connection.close()
            raise _no_connection(self.address, error) from None
        return connection

    def _greet(self) -> None:
        greeting = self.call("hello", {"protocol": PROTOCOL_VERSION})
        if not isinstance(greeting, dict):
            raise Failure(f"whatever listens at {self.address.path} is not dialerd", ExitCode.FAILED)
        if greeting.get("protocol") != PROTOCOL_VERSION:
            raise Failure(
                f"dialerd speaks control protocol {greeting.get('protocol')}, "
                f"this dialerctl speaks {PROTOCOL_VERSION}: install the same version of both",
                ExitCode.FAILED,
            )
        self.role = str(greeting.get("role", ""))

    def _send(self, line: bytes, deadline: float) -> None:
        self._socket.settimeout(_left(deadline))
        self._socket.sendall(line)

    def _receive(self, request_id: int, deadline: float) -> dict[str, Any]:
        while True:
            line = self._read_line(deadline)
            try:
                reply = json.loads(line)
            except ValueError:
                reply = None
            if not isinstance(reply, dict):
                raise Failure(f"whatever listens at {self.address.path} is not dialerd: it does not answer in JSON-RPC")
            if reply.get("id") == request_id or (reply.get("id") is None and "error" in reply):
                return reply

    def _read_line(self, deadline: float) -> bytes:
        chunks = [self._buffer]
        size = len(self._buffer)
        while b"\n" not in chunks[-1]:
            if size > MAX_REPLY_BYTES:
                raise Failure("dialerd's answer is too large; ask for less with --limit")
            self._socket.settimeout(_left(deadline))
            chunk = self._socket.recv(1 << 16)
            if not chunk:
                raise ConnectionResetError("end of stream")
            chunks.append(chunk)
            size += len(chunk)
        line, _, self._buffer = b"".join(chunks).partition(b"\n")
        return line

    def _result(self, reply: dict[str, Any]) -> Any:
        error = reply.get("error")
        if error is None:
            return reply.get("result")
        if not isinstance(error, dict):
            raise Failure("dialerd answered with an error that is not JSON-RPC")
        data = error.get("data")
        status = data.get("exit") if isinstance(data, dict) else None
        code = error.get("code")
        if not isinstance(status, int) or not 0 < status < 256:
            status = exit_code_of(code) if isinstance(code, int) else ExitCode.FAILED
        raise Failure(str(error.get("message") or f"dialerd refused (error {code})"), status)


def _no_connection(address: Address, error: OSError) -> Failure:
    """Why there is no connection, where it was looked for, and what to do."""
    where = f"{address.path} ({address.source})"
    start = "Start it with: sudo systemctl start dialerd"
    if isinstance(error, FileNotFoundError):
        return Failure(
            f"dialerd is not running: no socket at {where}. {start}; "
            f"if it listens elsewhere, name its socket with --socket or ${SOCKET_VARIABLE}",
            ExitCode.NOT_RUNNING,
        )
    if isinstance(error, ConnectionRefusedError):
        return Failure(f"dialerd is not running: nobody listens at {where}. {start}", ExitCode.NOT_RUNNING)
    if isinstance(error, PermissionError):
        group = _group_of(address.path)
        return Failure(
            f"no permission to use dialerd's socket {where}. "
            f"Join the group: sudo usermod -aG {group} $USER, then log in again",
            ExitCode.FORBIDDEN,
        )
    if isinstance(error, TimeoutError | BlockingIOError):
        return Failure(f"dialerd does not accept connections at {where}: it is busy, try again", ExitCode.TEMPORARY)
    reason = error.strerror or str(error)  # a path that is too long, a folder, an ordinary file …
    return Failure(f"cannot use {where} as dialerd's socket: {reason}", ExitCode.NOT_RUNNING)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _group_of(path: str) -> str:
    """Name of the group that owns the socket, `dialerd` when that cannot be seen."""
    try:
        gid = os.stat(path).st_gid
        return grp.getgrgid(gid).gr_name if gid else "dialerd"
    except (OSError, KeyError):
        return "dialerd"
