"""Owns voice files on their way in: parts of a file, kept in memory until it is whole. Knows no sound and no socket."""

from __future__ import annotations

from dialerd.core.errors import Conflict, Invalid

MOST_BYTES = 12_000_000
"""Of one file: five minutes have 4.8 MB, and as much silence around them as it takes."""
MOST_AT_ONCE = 4


class Uploads:
    """Files of several senders. Beyond MOST_AT_ONCE the oldest is given up."""

    def __init__(self) -> None:
        """Nothing is on its way."""
        self._parts: dict[tuple[int, str], bytearray] = {}

    def receive(self, sender: int, upload: str, offset: int, data: bytes) -> int:
        """Take a part that begins at `offset` (0 begins anew); return how many bytes are there. Conflict, Invalid."""
        key = (sender, upload)
        if offset == 0:
            self._parts.pop(key, None)
            while len(self._parts) >= MOST_AT_ONCE:
                self._parts.pop(next(iter(self._parts)))
            self._parts[key] = bytearray()
        part = self._parts.get(key)
        if part is None or offset != len(part):
            raise Conflict("the sound file was not sent in order, or others were sent meanwhile: send it again")
        if len(part) + len(data) > MOST_BYTES:
            del self._parts[key]
            raise Invalid(f"the sound file has more than {MOST_BYTES} bytes: a message has at most five minutes")
        part += data
        return len(part)

    def take(self, sender: int, upload: str) -> bytes:
        """The whole file, which is forgotten here; Conflict when there is none."""
        part = self._parts.pop((sender, upload), None)
        if part is None:
            raise Conflict("no such sound file was sent, or others were sent meanwhile: send it again")
        return bytes(part)
