"""Owns the AudioSocket protocol: bytes in, sound out. No sockets, no detection.

A message is a kind (1 byte), a length (2 bytes, big-endian) and so many bytes (Asterisk's res_audiosocket).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

HEADER_BYTES = 3
LONGEST_PAYLOAD = 65_535
IDENTITY_BYTES = 16
HANG_UP = b"\x00\x00\x00"
"""Told to Asterisk: the application ends and the dialplan goes on (TRYSTATUS is SUCCESS).

A reset connection, which closing with unread bytes is too, ends the whole call (proved).
"""


class Kind(IntEnum):
    """Kinds of messages that Asterisk 18 to 22 sends; others are skipped."""

    HANG_UP = 0x00
    IDENTITY = 0x01
    DIGIT = 0x03
    AUDIO = 0x10  # signed 16-bit little-endian, 8 kHz
    ERROR = 0xFF


class Message(NamedTuple):
    """One message."""

    kind: int
    payload: bytes


class Messages:
    """Cuts a stream of bytes into messages, however it arrives."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Given the next bytes, yield every message that is whole now; at most LONGEST_PAYLOAD bytes are kept."""
        buffer = self._buffer
        buffer += data
        at = 0
        while len(buffer) - at >= HEADER_BYTES:
            end = at + HEADER_BYTES + int.from_bytes(buffer[at + 1 : at + HEADER_BYTES], "big")
            if end > len(buffer):
                break
            yield Message(buffer[at], bytes(buffer[at + HEADER_BYTES : end]))
            at = end
        del buffer[:at]
