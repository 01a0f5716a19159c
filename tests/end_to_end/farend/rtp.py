"""RTP of one call: the packets out (audio, keys) every 20 ms and the packets in. Knows nothing of sockets."""

from __future__ import annotations

import struct
import time
from collections import deque

from .audio import FRAME_SAMPLES, SILENCE
from .call_log import CallLog

_HEADER = struct.Struct("!BBHII")
_EVENT = struct.Struct("!BBH")
KEYS = "0123456789*#ABCD"
_KEY_FRAMES = 6  # 120 ms a key
_KEY_ENDS = 3  # the end is sent three times, as RFC 4733 says
_KEY_PAUSE = 5


class RtpStream:
    """Sequence numbers, position in the audio and keys to send of one call; fills the call's log with what came."""

    def __init__(self, log: CallLog, *, ssrc: int, event_type: int) -> None:
        """`event_type` is the payload type of telephone events that both sides agreed on."""
        self._log = log
        self._ssrc = ssrc
        self.event_type = event_type
        self._sequence = 0
        self._timestamp = 0
        self._once = b""
        self._loop: bytes | None = SILENCE
        self._position = 0
        self._keys: deque[tuple[int, int, bool]] = deque()  # (key, duration in samples, end); key -1: pause
        self._key_timestamp = 0
        self._last_key_in: int | None = None

    def play(self, once: bytes, then: bytes | None) -> None:
        """Send `once` from now on and afterwards `then` over and over (empty: silence; None: nothing)."""
        self._once, self._loop, self._position = once, SILENCE if then == b"" else then, 0

    def press(self, keys: str) -> None:
        """Send keys after those that are still waiting; ValueError for a character that is no key."""
        for key in keys:
            code = KEYS.index(key)
            self._keys.extend((code, (n + 1) * FRAME_SAMPLES, False) for n in range(_KEY_FRAMES))
            self._keys.extend((code, _KEY_FRAMES * FRAME_SAMPLES, True) for _ in range(_KEY_ENDS))
            self._keys.extend((-1, 0, False) for _ in range(_KEY_PAUSE))

    def next_packet(self) -> bytes | None:
        """Return the packet of the next 20 ms; None when this side has stopped sending."""
        if self._loop is None and self._position >= len(self._once) and not self._keys:
            return None
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._timestamp = (self._timestamp + FRAME_SAMPLES) & 0xFFFFFFFF
        self._log.sent_at.append(time.monotonic())
        frame = self._next_frame()
        if self._keys:
            key, duration, end = self._keys.popleft()
            if key >= 0:
                first = duration == FRAME_SAMPLES and not end
                if first:
                    self._key_timestamp = self._timestamp
                kind = self.event_type | (0x80 if first else 0)
                head = _HEADER.pack(0x80, kind, self._sequence, self._key_timestamp, self._ssrc)
                return head + _EVENT.pack(key, (0x80 if end else 0) | 10, duration)
        return _HEADER.pack(0x80, 0, self._sequence, self._timestamp, self._ssrc) + frame

    def _next_frame(self) -> bytes:
        begin = self._position
        self._position += FRAME_SAMPLES
        frame = self._once[begin : self._position]
        missing = FRAME_SAMPLES - len(frame)
        if missing and self._loop is not None:
            start = (begin + len(frame) - len(self._once)) % len(self._loop)
            tail = self._loop[start : start + missing]
            while len(tail) < missing:
                tail += self._loop[: missing - len(tail)]
            frame += tail
        return frame

    def receive(self, packet: bytes, at: float) -> None:
        """Take a packet that arrived at `at` (time.monotonic)."""
        if len(packet) < 12:
            return
        kind = packet[1] & 0x7F
        payload = packet[12:]
        if kind == 0:
            self._log.frames.append((at, payload))
        elif kind == self.event_type and len(payload) >= 4:
            stamp = int.from_bytes(packet[4:8], "big")
            if stamp != self._last_key_in and payload[0] < len(KEYS):
                self._last_key_in = stamp
                self._log.digits.append((at, KEYS[payload[0]]))
