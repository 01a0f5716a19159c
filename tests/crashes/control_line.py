"""Owns one connection to the control socket as a client sees it. Knows nothing of what is asked."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any


class Refused(Exception):
    """The daemon said no; the text is its sentence."""


class LineLost(Exception):
    """The daemon is not there any more: whether it has done what was asked nobody knows."""


class ControlLine:
    """JSON-RPC on the control socket."""

    def __init__(self, path: Path, timeout_s: float = 10.0) -> None:
        """Connect and say hello; LineLost when nobody listens."""
        self._id = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise LineLost(str(error)) from None
        self._lines = self._socket.makefile("rb")
        try:
            self.ask("hello", protocol=1)
        except BaseException:
            self.close()
            raise

    def ask(self, method: str, **params: Any) -> Any:
        """One request and its result. Raises Refused or LineLost."""
        self._id += 1
        request = {"jsonrpc": "2.0", "id": self._id, "method": method, "params": params}
        try:
            self._socket.sendall(json.dumps(request).encode() + b"\n")
            line = self._lines.readline()
        except OSError as error:
            raise LineLost(str(error)) from None
        if not line.endswith(b"\n"):
            raise LineLost("closed")
        answer = json.loads(line)
        if "error" in answer:
            raise Refused(str(answer["error"].get("message")))
        return answer.get("result")

    def close(self) -> None:
        """Hang up."""
        self._lines.close()
        self._socket.close()
