"""The far end: one thread with one SIP and one RTP socket for all calls. Knows nothing of the PBX's inside.

with FarEnd() as farend:
    farend.behaves("5550001", Behaviour(plays=human_hello(), then=tone(1400)))
    ...
    call = farend.wait_for_call("5550001")
    farend.wait_until(lambda: call.tone_seconds(1000) > 1, 5, "the agent's tone")
"""

from __future__ import annotations

import heapq
import itertools
import secrets
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType

from .audio import FRAME_S
from .behaviour import Behaviour
from .call_log import CallLog
from .leg import Address, Leg
from .sip import SipMessage, parse, response


class FarEnd:
    """Carrier, agents' phones and callers. Behaviours by dialled number; every call leaves a CallLog in `calls`."""

    def __init__(self, default: Behaviour | None = None) -> None:
        """Start the thread; `default` is what numbers without a behaviour of their own do."""
        self.calls: list[CallLog] = []
        self._default = default or Behaviour()
        self._scripts: dict[str, deque[Behaviour]] = {}
        self._sip, self.sip_port = _socket()
        self._rtp, self.rtp_port = _socket()
        self._wake_in, self._wake_out = socket.socketpair()
        self._legs: dict[str, Leg] = {}  # by Call-ID
        self._by_log: dict[int, Leg] = {}
        self._by_media: dict[int, Leg] = {}  # by the PBX's RTP port
        self._orders: deque[Callable[[], None]] = deque()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._closing = False
        self.errors: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, name="farend", daemon=True)
        self._thread.start()

    # --- for tests, from any thread ---------------------------------------------------------------------
    def behaves(self, number: str, *scripts: Behaviour) -> None:
        """Set what a dialled number does; of several scripts each call takes one and the last one stays."""
        if not scripts:
            raise ValueError("at least one behaviour")
        self._scripts[number] = deque(scripts)

    def calls_to(self, number: str) -> list[CallLog]:
        """Return the calls to a number so far, oldest first."""
        return [call for call in tuple(self.calls) if call.number == number]

    def wait_for_call(self, number: str, *, nth: int = 1, timeout_s: float = 5.0) -> CallLog:
        """Return the nth call to a number once its INVITE is there; AssertionError when it does not come."""
        self.wait_until(lambda: len(self.calls_to(number)) >= nth, timeout_s, f"call {nth} to {number}")
        return self.calls_to(number)[nth - 1]

    def wait_until(self, condition: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Wait until a condition holds; AssertionError naming `what` when it does not in time."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            if self.errors:
                raise AssertionError(f"the far end failed: {self.errors[0]!r}") from self.errors[0]
            if time.monotonic() > deadline:
                raise AssertionError(f"not seen within {timeout_s} s: {what}")
            time.sleep(0.02)

    def wait_for_tone(self, call: CallLog, frequency_hz: int, *, seconds: float = 0.5, timeout_s: float = 8.0) -> None:
        """Wait until a call's far end has heard a tone for so long in all; AssertionError when it does not."""
        what = f"{frequency_hz} Hz for {seconds} s at {call.number}"
        self.wait_until(lambda: call.tone_seconds(frequency_hz) >= seconds, timeout_s, what)

    def wait_for_end(self, call: CallLog, *, timeout_s: float = 5.0) -> None:
        """Wait until a call is over, whoever ends it; AssertionError when it is not in time."""
        self.wait_until(lambda: call.over, timeout_s, f"the end of the call to {call.number}")

    def dial(self, pbx_sip_port: int, *, caller: str, number: str, behaviour: Behaviour | None = None) -> CallLog:
        """Call a number of the PBX as `caller`; the behaviour's audio, keys and hang-up count from the answer."""
        log = CallLog(number=number, caller=caller, to_farend=False, invited_at=time.monotonic())
        self.calls.append(log)

        def start() -> None:
            leg = Leg(self, behaviour or Behaviour(), log, ("127.0.0.1", pbx_sip_port), f"{secrets.token_hex(8)}@far")
            self._legs[leg.call_id] = leg
            self._by_log[id(log)] = leg
            leg.call()

        self._order(start)
        return log

    def hang_up(self, call: CallLog) -> None:
        """End a call from this side."""
        self._order(lambda: self._by_log[id(call)].hang_up())

    def press(self, call: CallLog, keys: str) -> None:
        """Send keys (0-9 * # A-D) into an answered call."""
        self._order(lambda: self._by_log[id(call)].stream.press(keys))

    def play(self, call: CallLog, once: bytes, then: bytes = b"") -> None:
        """Replace what this side of a call sends: u-law once, then another over and over (default silence)."""
        self._order(lambda: self._by_log[id(call)].stream.play(once, then))

    def hang_up_all(self, timeout_s: float = 5.0) -> None:
        """End every call and wait until none is left: a clean slate between tests."""

        def every_leg() -> None:
            for leg in list(self._legs.values()):
                leg.hang_up()

        self._order(every_leg)
        self.wait_until(lambda: all(call.over for call in tuple(self.calls)), timeout_s, "all calls over")

    def forget(self) -> None:
        """Drop all behaviours and call logs (between tests; calls still running go on unlogged)."""
        self.calls.clear()
        self._scripts.clear()

    def close(self) -> None:
        """Stop the thread and close the sockets."""
        self._closing = True
        self._order(lambda: None)
        self._thread.join(5)
        for each in (self._sip, self._rtp, self._wake_in, self._wake_out):
            each.close()

    def __enter__(self) -> FarEnd:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    # --- for legs (Network), on the far end's thread ----------------------------------------------------
    def send_sip(self, message: SipMessage, to: Address) -> None:
        """Send a message and note it in its call's log."""
        leg = self._legs.get(message.value("call-id"))
        if leg is not None:
            leg.log.sip.append((time.monotonic(), "out", message.first_line))
        self._sip.sendto(message.encode(), to)

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Run an action later on this thread."""
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._numbers), action))

    def media(self, leg: Leg, port: int | None) -> None:
        """Start or stop a leg's RTP."""
        for known in [known for known, other in self._by_media.items() if other is leg]:
            del self._by_media[known]
        if port is not None:
            self._by_media[port] = leg

    # --- the loop ---------------------------------------------------------------------------------------
    def _order(self, action: Callable[[], None]) -> None:
        self._orders.append(action)
        self._wake_out.send(b"x")

    def _run(self) -> None:
        selector = selectors.DefaultSelector()
        for each in (self._sip, self._rtp, self._wake_in):
            selector.register(each, selectors.EVENT_READ)
        next_frame = time.monotonic()
        try:
            while not self._closing:
                now = time.monotonic()
                due = next_frame if self._by_media else now + 1.0
                if self._timers:
                    due = min(due, self._timers[0][0])
                for key, _ in selector.select(max(0.0, due - now)):
                    self._read(key.fileobj)
                now = time.monotonic()
                while self._timers and self._timers[0][0] <= now:
                    heapq.heappop(self._timers)[2]()
                if now >= next_frame:
                    for port, leg in list(self._by_media.items()):
                        if (packet := leg.stream.next_packet()) is not None:
                            self._rtp.sendto(packet, ("127.0.0.1", port))
                    # after a stall do not catch up with a burst
                    next_frame = max(next_frame + FRAME_S, now - 5 * FRAME_S)
        except BaseException as error:
            self.errors.append(error)
            raise
        finally:
            selector.close()

    def _read(self, source: object) -> None:
        if source is self._wake_in:
            self._wake_in.recv(4096)
            while self._orders:
                self._orders.popleft()()
            return
        for _ in range(64):  # in turns, so that a burst of RTP cannot starve SIP
            try:
                if source is self._rtp:
                    packet, (_, port) = self._rtp.recvfrom(2048)
                    leg = self._by_media.get(port)
                    if leg is not None:
                        leg.stream.receive(packet, time.monotonic())
                else:
                    datagram, address = self._sip.recvfrom(65535)
                    message = parse(datagram)
                    if message is not None:
                        self._take(message, address)
            except BlockingIOError:
                return
            except ConnectionRefusedError:  # an earlier packet met a closed port; Linux tells us now
                continue

    def _take(self, message: SipMessage, address: Address) -> None:
        call_id = message.value("call-id")
        leg = self._legs.get(call_id)
        if leg is None and message.method == "INVITE" and not message.is_response:
            number = message.user_of("request")
            log = CallLog(number, message.user_of("from"), to_farend=True, invited_at=time.monotonic())
            leg = Leg(self, self._script(number), log, address, call_id)
            self._legs[call_id] = leg
            self._by_log[id(log)] = leg
            self.calls.append(log)
        if leg is not None:
            leg.log.sip.append((time.monotonic(), "in", message.first_line))
        if message.is_response:
            if leg is not None:
                leg.responded(message)
        elif leg is None:
            if message.method != "ACK":
                code = 200 if message.method == "OPTIONS" else 481
                self.send_sip(response(message, code, tag="none"), address)
        elif message.method == "INVITE":
            leg.invited(message)
        elif message.method == "CANCEL":
            leg.cancelled(message)
        elif message.method == "BYE":
            leg.bye(message)
        elif message.method != "ACK":
            self.send_sip(response(message, 200, tag="none"), address)

    def _script(self, number: str) -> Behaviour:
        scripts = self._scripts.get(number)
        if not scripts:
            return self._default
        return scripts.popleft() if len(scripts) > 1 else scripts[0]


def _socket() -> tuple[socket.socket, int]:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    made.bind(("127.0.0.1", 0))
    made.setblocking(False)
    return made, int(made.getsockname()[1])
