"""A scripted verdict socket for the stand-alone AGI script, in place of dialerd. Knows nothing of AGI."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

Answer = Callable[[dict[str, Any]], bytes | None]


class VerdictSocket:
    """Serves `verdict.sock` in a folder; `answer` gets the request and returns the raw reply, or None to be mute."""

    def __init__(self, folder: Path, answer: Answer) -> None:
        """Listen."""
        self.requests: list[dict[str, Any]] = []
        self.path = folder / "verdict.sock"
        self._answer = answer
        self.path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self.path))
        self._listener.listen(16)
        self._threads = [threading.Thread(target=self._accept, name="verdict", daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> VerdictSocket:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening and remove the socket."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.path.unlink(missing_ok=True)
        for thread in self._threads:
            thread.join(3)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            try:
                request = json.loads(lines.readline())
                self.requests.append(request)
                reply = self._answer(request)
                if reply is not None:
                    connection.sendall(reply)
                lines.readline()  # until the script closes
            except (OSError, ValueError):
                return


def result(**values: str) -> bytes:
    """Return the line of a JSON-RPC result."""
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": values}).encode() + b"\n"


def refusal(code: int = -32001, message: str = "no such attempt") -> bytes:
    """Return the line of a JSON-RPC error."""
    return json.dumps({"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": message}}).encode() + b"\n"
