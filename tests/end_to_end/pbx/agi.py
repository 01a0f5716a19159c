"""A scripted FastAGI server for tests, in place of dialerd. Knows nothing of dialerd's own server."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType

from .transcript import Recording


class AgiSession:
    """One AGI request: its environment and the commands of the script."""

    def __init__(self, connection: socket.socket) -> None:
        """Read the environment."""
        self.at = time.monotonic()
        self.recording = Recording()
        self.hung_up = threading.Event()
        self._connection = connection
        self._buffer = b""
        self.env: dict[str, str] = {}
        while line := self._line():
            name, _, value = line.partition(": ")
            self.env[name] = value

    @property
    def attempt(self) -> str:
        """The first argument."""
        return self.env.get("agi_arg_1", "")

    @property
    def token(self) -> str:
        """The second argument."""
        return self.env.get("agi_arg_2", "")

    def command(self, command: str) -> str:
        """Send a command and return Asterisk's answer line; ConnectionError at the end of the connection."""
        self.send(command.encode() + b"\n")
        answer = self._line()
        while answer == "HANGUP":
            self.hung_up.set()
            answer = self._line()
        return answer

    def get_variable(self, name: str) -> str:
        """Return a channel variable, empty when unset."""
        answer = self.command(f"GET VARIABLE {name}")
        return answer.partition("(")[2].rpartition(")")[0] if answer.startswith("200 result=1") else ""

    def set_variable(self, name: str, value: str) -> str:
        """Set a channel variable and return the answer line."""
        return self.command(f'SET VARIABLE {name} "{value}"')

    def send(self, data: bytes) -> None:
        """Send raw bytes."""
        self.recording.add("client", data)
        self._connection.sendall(data)

    def wait_for_end(self, timeout_s: float) -> bytes:
        """Return what Asterisk still sends until it closes or the time is over (e.g. HANGUP)."""
        deadline = time.monotonic() + timeout_s
        rest, self._buffer = self._buffer, b""
        while (left := deadline - time.monotonic()) > 0:
            self._connection.settimeout(left)
            try:
                data = self._connection.recv(4096)
            except TimeoutError:
                break
            if not data:
                break
            self.recording.add("server", data)
            rest += data
        return rest

    def _line(self) -> str:
        while b"\n" not in self._buffer:
            data = self._connection.recv(4096)
            if not data:
                raise ConnectionError("Asterisk closed the AGI connection")
            self.recording.add("server", data)
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode("utf-8", "replace")


AgiScript = Callable[[AgiSession], None]


class AgiServer:
    """Listens on 127.0.0.1 and runs for each request the script of its attempt id, else the default."""

    def __init__(self, default: AgiScript | None = None) -> None:
        """Listen; without a default unknown attempts get no verdict."""
        self.sessions: list[AgiSession] = []
        self.scripts: dict[str, AgiScript] = {}
        self._default = default or (lambda session: None)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._closing = threading.Event()
        self._threads = [threading.Thread(target=self._accept, name="agi", daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        """The value for DLR_AGI."""
        return f"agi://127.0.0.1:{self._listener.getsockname()[1]}/verdict"

    def requests(self, attempt: str) -> list[AgiSession]:
        """Return the requests of an attempt so far."""
        return [session for session in tuple(self.sessions) if session.attempt == attempt]

    def close(self) -> None:
        """Stop listening; running scripts end with their connection."""
        self._closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(3)

    def __enter__(self) -> AgiServer:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), name="agi-session", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                session = AgiSession(connection)
                self.sessions.append(session)
                self.scripts.get(session.attempt, self._default)(session)
            except OSError:
                return  # the call ended under the script: the tests look at the far end


def verdict(value: str, *, agent_leg: str = "", after_s: float = 0.0) -> AgiScript:
    """Return the script of dialerd's normal answer: read the AMD variables, wait, set the verdict."""

    def run(session: AgiSession) -> None:
        session.get_variable("AMDSTATUS")
        session.get_variable("AMDCAUSE")
        session.set_variable("DLR_ATTENDED", "1")
        if after_s:
            time.sleep(after_s)
        if agent_leg:
            session.set_variable("DLR_AGENT_LEG", agent_leg)
        session.set_variable("DLR_VERDICT", value)

    return run
