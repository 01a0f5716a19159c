"""A small AMI client for tests that keeps every event and the raw bytes. Knows nothing of dialerd's own client."""

from __future__ import annotations

import contextlib
import itertools
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType

from .transcript import Recording

Headers = Iterable[tuple[str, str]]


class AmiMessage:
    """One response or event: headers by name; `at` is time.monotonic() of its arrival."""

    def __init__(self, text: str, at: float) -> None:
        """Parse a message without its final empty line."""
        self.at = at
        self.headers: list[tuple[str, str]] = []
        for line in text.split("\r\n"):
            name, colon, value = line.partition(":")
            if colon:
                self.headers.append((name, value.strip()))

    def __getitem__(self, name: str) -> str:
        """Return the first header of a name, or an empty string."""
        return next((value for key, value in self.headers if key == name), "")

    def __repr__(self) -> str:
        """Return the headers for pytest's messages."""
        return f"AmiMessage({self.headers!r})"


class AmiClient:
    """Logs in, sends actions, keeps all messages in `messages`. One reader thread."""

    def __init__(self, port: int, *, user: str = "dialerd", secret: str = "test-secret") -> None:
        """Connect and log in; AssertionError when refused."""
        self.recording = Recording()
        self.messages: list[AmiMessage] = []
        self._numbers = itertools.count(1)
        self._news = threading.Condition()
        self._socket = socket.create_connection(("127.0.0.1", port), 5)
        self._socket.settimeout(None)
        self._buffer = b""
        self._thread = threading.Thread(target=self._read, name="ami", daemon=True)
        self._thread.start()
        answer = self.action("Login", [("Username", user), ("Secret", secret)])
        assert answer["Response"] == "Success", answer

    def __enter__(self) -> AmiClient:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(OSError):  # Asterisk was quicker
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._socket.close()

    def send(self, action: str, headers: Headers = ()) -> str:
        """Send an action and return its ActionID, without waiting."""
        action_id = f"t{next(self._numbers)}"
        lines = [f"Action: {action}", f"ActionID: {action_id}", *(f"{name}: {value}" for name, value in headers)]
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("line break in an AMI header")
        data = ("\r\n".join(lines) + "\r\n\r\n").encode()
        self.recording.add("client", data)
        self._socket.sendall(data)
        return action_id

    def action(self, action: str, headers: Headers = (), *, timeout_s: float = 5.0) -> AmiMessage:
        """Send an action and return its response."""
        wanted = self.send(action, headers)

        def is_response(m: AmiMessage) -> bool:
            return bool(m["Response"]) and not m["Event"] and m["ActionID"] == wanted

        return self.wait(is_response, timeout_s, action)

    def listing(self, action: str, headers: Headers = (), *, timeout_s: float = 5.0) -> list[AmiMessage]:
        """Send an action that answers with a list and return its events without the closing one."""
        wanted = self.send(action, headers)

        def is_end(m: AmiMessage) -> bool:
            return m["ActionID"] == wanted and (m["EventList"] == "Complete" or m["Response"] == "Error")

        end = self.wait(is_end, timeout_s, f"end of {action}")
        return [m for m in self._copy() if m["ActionID"] == wanted and m["Event"] and m is not end]

    def events(self, name: str = "", **headers: str) -> list[AmiMessage]:
        """Return the events so far of a name (empty: all) with these header values (`Attempt="7"`)."""
        return [m for m in self._copy() if m["Event"] and name in ("", m["Event"]) and _fits(m, headers)]

    def event(self, name: str, *, timeout_s: float = 5.0, **headers: str) -> AmiMessage:
        """Return the first event of a name with these header values, waiting for it."""
        return self.wait(lambda m: m["Event"] == name and _fits(m, headers), timeout_s, f"{name} {headers}")

    def event_count(self, count: int, name: str, *, timeout_s: float = 5.0, **headers: str) -> AmiMessage:
        """Return the count-th event of a name with these header values, waiting for it."""
        seen = itertools.count(1)
        return self.wait(
            lambda m: m["Event"] == name and _fits(m, headers) and next(seen) == count,
            timeout_s,
            f"{count} times {name} {headers}",
        )

    def wait(self, condition: Callable[[AmiMessage], bool], timeout_s: float, what: str) -> AmiMessage:
        """Return the first message, past or future, that fits; AssertionError when none comes."""
        deadline = time.monotonic() + timeout_s
        checked = 0
        with self._news:
            while True:
                for message in self.messages[checked:]:
                    checked += 1
                    if condition(message):
                        return message
                left = deadline - time.monotonic()
                if left <= 0 or not self._news.wait(left):
                    names = [m["Event"] or m["Response"] for m in self.messages[-15:]]
                    raise AssertionError(f"no {what} within {timeout_s} s; last: {names}")

    def _copy(self) -> list[AmiMessage]:
        with self._news:
            return list(self.messages)

    def _read(self) -> None:
        while True:
            try:
                data = self._socket.recv(65536)
            except OSError:
                data = b""
            if not data:
                return
            self.recording.add("server", data)
            at = time.monotonic()
            self._buffer += data
            if self._buffer.startswith(b"Asterisk Call Manager"):
                self._buffer = self._buffer.partition(b"\r\n")[2]
            *whole, self._buffer = self._buffer.split(b"\r\n\r\n")
            with self._news:
                self.messages += [AmiMessage(text.decode("utf-8", "replace"), at) for text in whole]
                self._news.notify_all()


def _fits(message: AmiMessage, headers: dict[str, str]) -> bool:
    """Compare header values; `Cause_txt` stands for Cause-txt, a value between slashes is a pattern."""
    for name, wanted in headers.items():
        value = message[name.replace("_", "-")]
        if wanted.startswith("/"):
            if not re.search(wanted[1:-1], value):
                return False
        elif value != wanted:
            return False
    return True
