"""Owns one AMI connection: framing, login, what the session wants to see. Knows nothing of what actions do."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from dialerd.simulation.pbx.events import Headers, encode, event_class

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
MAX_LINE = 1024  # bytes, CRLF included (main/manager.c)
MAX_HEADERS = 128
LOGIN_TIMEOUT_S = 30.0
REFUSED_AFTER_S = 1.0  # a wrong secret is answered that late (main/manager.c)
MAX_UNREAD = 4_300_000  # a reader this far behind is cut off

# eventfilter lines of asterisk-config/manager_dialerd.conf; a test compares.
DIALERD_FILTERS = (
    "^Event: (FullyBooted|Shutdown|OriginateResponse)",
    "^Event: (DialState|DialEnd|BridgeEnter|BridgeLeave|Hangup)[^R].*Uniqueid: (dlr|agt)-",
    "^Event: VarSet.*Uniqueid: dlr-.*Variable: AMD(STATUS|CAUSE)",
    "^Event: DTMFEnd.*Uniqueid: agt-.*Direction: Received",
    "^Event: UserEvent.*UserEvent: Dialerd",
)
READ_CLASSES = frozenset({"system", "call", "user", "dtmf", "dialplan"})


class Action:
    """One request: case-insensitive headers, repeated ones kept in order."""

    def __init__(self, headers: Headers) -> None:
        """Given the headers as received."""
        self._headers = [(name.lower(), value) for name, value in headers]

    def get(self, name: str) -> str:
        """The first value of a header; empty when it is not there."""
        return next((value for key, value in self._headers if key == name.lower()), "")

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for key, value in self._headers if key == name.lower()]


Handler: TypeAlias = Callable[["Session", Action], Awaitable[None]]


class Session:
    """An accepted connection. `handle` carries out every action but Login and Challenge once logged in."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        users: dict[str, str],
        filters: tuple[str, ...],
        handle: Handler,
        greet: Callable[[], Headers],
        nonce: str,
    ) -> None:
        """`users`: name → secret; `greet` makes the FullyBooted event; `nonce` is the MD5 challenge."""
        self._reader, self._writer = reader, writer
        self._users, self._handle, self._greet, self._nonce = users, handle, greet, nonce
        self._filters = [re.compile(text, re.DOTALL) for text in filters]
        self.logged_in = False
        self.classes: frozenset[str] = READ_CLASSES
        self.closing = False

    async def run(self) -> None:
        """Serve the connection until one side closes it."""
        self._writer.write(BANNER)
        loop = asyncio.get_running_loop()
        no_login = loop.call_later(LOGIN_TIMEOUT_S, self._give_up_on_login)
        try:
            while not self.closing:
                action = await self._next_action()
                if action is None:
                    return
                await self._dispatch(action)
                await self._writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            no_login.cancel()
            self.close()

    async def _next_action(self) -> Action | None:
        headers: Headers = []
        too_long = False
        while True:
            try:
                raw = await self._reader.readline()
            except ValueError:  # longer than the stream's limit
                raw = b"x" * MAX_LINE + b"\n"
            if not raw.endswith(b"\n"):
                return None
            line = raw.rstrip(b"\r\n").decode("utf-8", "replace")
            if len(raw) > MAX_LINE:
                too_long = True
            elif line:
                name, found, value = line.partition(":")
                if found and len(headers) < MAX_HEADERS:
                    headers.append((name.strip(), value.lstrip()))
            elif too_long:
                self.answer(Action(headers), "Error", [("Message", "Failed to parse message: line too long")])
                headers, too_long = [], False
            elif headers:
                return Action(headers)

    async def _dispatch(self, action: Action) -> None:
        name = action.get("Action").lower()
        if not name:
            self.answer(action, "Error", [("Message", "Missing action in request")])
        elif name == "challenge":
            if action.get("AuthType").lower() == "md5":
                self.answer(action, "Success", [("Challenge", self._nonce)])
            else:
                self.answer(action, "Error", [("Message", "Must specify AuthType")])
        elif name == "login":
            await self._log_in(action)
        elif name == "logoff":
            self.answer(action, "Goodbye", [("Message", "Thanks for all the fish.")])
            self.closing = True
        elif not self.logged_in:
            self.answer(action, "Error", [("Message", "Permission denied")])
        else:
            await self._handle(self, action)

    async def _log_in(self, action: Action) -> None:
        secret = self._users.get(action.get("Username"))
        if secret is None:
            right = False
        elif action.get("AuthType").lower() == "md5":
            right = action.get("Key") == hashlib.md5((self._nonce + secret).encode()).hexdigest()
        else:
            right = action.get("Secret") == secret
        if not right:
            await asyncio.sleep(REFUSED_AFTER_S)
            self.answer(action, "Error", [("Message", "Authentication failed")])
            self.closing = True
            return
        self.logged_in = True
        self.answer(action, "Success", [("Message", "Authentication accepted")])
        self.choose_events(action.get("Events") or "on")
        self.offer(self._greet())

    def choose_events(self, mask: str) -> None:
        """`on`, `off`, or classes joined by commas: never more than the user may read."""
        wanted = {word.strip().lower() for word in mask.split(",")}
        if wanted & {"on", "all", "yes", "true"}:
            self.classes = READ_CLASSES
        else:
            self.classes = READ_CLASSES & wanted

    def add_filter(self, text: str) -> bool:
        """The Filter action: one more expression whose events are wanted. False when it is no expression."""
        try:
            self._filters.append(re.compile(text, re.DOTALL))
        except re.error:
            return False
        return True

    def offer(self, event: Headers) -> None:
        """Send an event if this session wants it."""
        if not self.logged_in or self.closing or event_class(event[0][1]) not in self.classes:
            return
        data = encode(event)
        if self._filters and not any(f.search(data.decode()) for f in self._filters):
            return
        self.send_raw(data)

    def answer(self, action: Action, response: str, headers: Headers) -> None:
        """Send a response with the action's id."""
        action_id = action.get("ActionID")
        known: Headers = [("ActionID", action_id)] if action_id else []
        self.send_raw(encode([("Response", response), *known, *headers]))

    def send_raw(self, data: bytes) -> None:
        """Send encoded messages; cut off a reader that is far behind."""
        if self._writer.is_closing():
            return
        self._writer.write(data)
        if self._writer.transport.get_write_buffer_size() > MAX_UNREAD:
            self._writer.transport.abort()

    def _give_up_on_login(self) -> None:
        if not self.logged_in:
            self.close()

    def close(self) -> None:
        """End the connection."""
        self.closing = True
        self._writer.close()
