"""Owns one AMI connection's bytes: framing, filtering, sending, answers. Knows no event's meaning and never reconnects.

Built on panoramisk's AMIProtocol, whose defects it cures (docs/decisions: asterisk adapter). `Action.future` is touched
here only: in panoramisk 1.4 an action has a future, in its HEAD it is one.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Any

from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from dialerd.asterisk.ami_headers import Headers, action_id, checked_headers, event_name, parse_headers

log = logging.getLogger(__name__)

LONGEST_MESSAGE_BYTES = 1 << 20
MOST_UNSENT_BYTES = 4 << 20
MOST_PENDING = 20_000
MOST_LIST_ITEMS = 50_000
_BANNER = b"Asterisk Call Manager/"
_END = b"\r\n\r\n"


class AmiClosed(ConnectionError):
    """The link to Asterisk is down. `sent`: the action may have reached Asterisk, its outcome is unknown."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.sent = sent


class SafeProtocol(AMIProtocol):  # type: ignore[misc,unused-ignore]
    """One connection. `on_event` gets each wanted event in order; `on_lost` is called once, with a sentence."""

    def __init__(
        self,
        *,
        wanted: frozenset[str],
        on_event: Callable[[dict[str, str]], None],
        on_lost: Callable[[str], None],
        counters: Counter[str],
        record: Callable[[bytes], None] | None = None,
    ) -> None:
        """`wanted`: names of the events to parse, all others are dropped unread; `record` gets the raw stream."""
        self._wanted = frozenset(name.encode() for name in wanted)
        self._on_event = on_event
        self._on_lost = on_lost
        self._counters = counters
        self._record = record
        self._buffer = bytearray()
        self.closed = True
        self.last_rx = 0.0

    def connection_made(self, transport: Any) -> None:
        """Called by asyncio."""
        super().connection_made(transport)
        self._loop = asyncio.get_running_loop()
        self.last_rx = self._loop.time()

    # ------------------------------------------------------------ sending

    def send(self, data: Headers, as_list: bool | None = False) -> asyncio.Future[Any]:
        """Send one action now and return the future of its answer; it is never queued and never repeated.

        `as_list`: None when the answer may be a list of events. Raises HeaderRefused, or AmiClosed(sent=False).
        Cancelling the future (a deadline) forgets the action.
        """
        headers = checked_headers(data)
        if self.closed or self.transport.is_closing():
            raise AmiClosed("Asterisk is not connected", sent=False)
        if len(self.responses) >= MOST_PENDING:
            raise AmiClosed(f"{MOST_PENDING} actions wait for Asterisk's answer already", sent=False)
        if self.transport.get_write_buffer_size() > MOST_UNSENT_BYTES:
            self.fail("Asterisk does not read what dialerd sends")
            raise AmiClosed("Asterisk does not read what dialerd sends", sent=False)
        action = Action(headers, as_list=as_list)
        key = action.id
        if key in self.responses:
            raise AmiClosed(f"an action with the ActionID {key} is under way already", sent=False)
        answer: asyncio.Future[Any] = action if isinstance(action, asyncio.Future) else action.future
        self.responses[key] = action
        answer.add_done_callback(lambda _: self.responses.pop(key, None))
        self._counters["actions_sent"] += 1
        self.transport.write(str(action).encode())
        return answer

    # ------------------------------------------------------------ receiving

    def data_received(self, data: bytes) -> None:
        """Called by asyncio. No exception of a handler leaves it: that would close the connection."""
        self.last_rx = self._loop.time()
        if self._record is not None:
            self._protected(self._record, data)
        buffer = self._buffer
        search = max(0, len(buffer) - len(_END) + 1)
        buffer += data
        if self.version is None:
            if not self._take_banner():
                return
            search = 0
        start = 0
        while not self.closed:
            end = buffer.find(_END, max(start, search))
            if end < 0:
                break
            frame = bytes(buffer[start:end])
            start = end + len(_END)
            self._protected(self._take_message, frame.lstrip(b"\r\n"))
        del buffer[:start]
        if len(buffer) > LONGEST_MESSAGE_BYTES:
            buffer.clear()
            self.fail(f"Asterisk sent a message longer than {LONGEST_MESSAGE_BYTES} bytes")

    def _take_banner(self) -> bool:
        start = bytes(self._buffer[: len(_BANNER)])
        if not _BANNER.startswith(start):
            self.fail("what answers there is no Asterisk manager (no `Asterisk Call Manager` banner)")
            return False
        end = self._buffer.find(b"\r\n")
        if end < 0 or len(start) < len(_BANNER):
            if len(self._buffer) > 200:
                self.fail("what answers there is no Asterisk manager (endless banner)")
            return False
        self.version = bytes(self._buffer[len(_BANNER) : end]).decode("ascii", "replace").strip()
        del self._buffer[: end + 2]
        return True

    def _take_message(self, raw: bytes) -> None:
        if not raw:
            return
        name = event_name(raw)
        if name is None:
            if raw.startswith(b"Response: "):
                self._take_answer(raw)
            else:
                self._counters["messages_unknown"] += 1
            return
        self._counters["events_seen"] += 1
        # An OriginateResponse bears our ActionID too, but it is news of the call and must reach the dialer.
        if self.responses and name != b"OriginateResponse" and action_id(raw) in self.responses:
            self._take_answer(raw)
        elif name in self._wanted:
            self._on_event(parse_headers(raw))
        else:
            self._counters["events_dropped"] += 1

    def _take_answer(self, raw: bytes) -> None:
        action = self.responses.get(action_id(raw))
        message = Message.from_line(raw.decode("utf-8", "replace"))
        if action is None or message is None:
            self._counters["answers_late"] += 1  # its deadline has passed: nobody waits any more
            return
        if len(action.responses) >= MOST_LIST_ITEMS:
            self.fail(f"Asterisk's answer to {action['Action']} has more than {MOST_LIST_ITEMS} entries")
            return
        if action.add_message(message):
            self.responses.pop(action.id, None)

    def _protected(self, handler: Callable[[bytes], None], data: bytes) -> None:
        try:
            handler(data)
        except Exception:
            self._counters["handler_errors"] += 1
            log.exception("an AMI message could not be handled")

    # ------------------------------------------------------------ ending

    def connection_lost(self, exc: BaseException | None) -> None:
        """Called by asyncio."""
        self.fail(f"the connection to Asterisk broke: {exc}" if exc else "Asterisk closed the connection")

    def fail(self, reason: str) -> None:
        """Close for `reason` and tell `on_lost`, once."""
        if not self.closed:
            self._shut(reason)
            self._on_lost(reason)

    def close(self) -> None:
        """Close quietly: nobody is told but those who wait for answers."""
        if not self.closed:
            self._shut("dialerd closed the connection to Asterisk")

    def _shut(self, reason: str) -> None:
        self.closed = True
        pending = list(self.responses.values())
        self.responses.clear()
        for action in pending:
            answer = action if isinstance(action, asyncio.Future) else action.future
            if not answer.done():
                answer.set_exception(AmiClosed(reason, sent=True))
                answer.exception()  # read it: nobody may be waiting, and that is no error
        self.transport.abort()
