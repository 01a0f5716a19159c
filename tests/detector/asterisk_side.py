"""Asterisk's side of AudioSocket, for tests: connects, names the call, sends sound. Knows no detector."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.detector.sounds import Samples

FRAME_BYTES = 320


async def until(condition: Callable[[], object], within_s: float = 10.0) -> None:
    """Return when the condition holds; TimeoutError after `within_s`."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in another process
            await asyncio.sleep(0.01)


class Call:
    """One AudioSocket() application."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, port: int, token: str) -> Call:
        """Connect and name the call."""
        call = cls(*await asyncio.open_connection("127.0.0.1", port))
        call.send(0x01, bytes.fromhex(token))
        return call

    def send(self, kind: int, payload: bytes) -> None:
        """One message."""
        self.writer.write(bytes([kind]) + len(payload).to_bytes(2, "big") + payload)

    def plays(self, samples: Samples) -> None:
        """All of it at once: the detector's time is the sound's."""
        sound = samples.astype("<i2").tobytes()
        for at in range(0, len(sound), FRAME_BYTES):
            self.send(0x10, sound[at : at + FRAME_BYTES])

    async def answer(self) -> bytes:
        """What came back until the other side closed; b"reset" when it was reset."""
        try:
            async with asyncio.timeout(15):
                heard = await self.reader.read(3)
                if not heard:
                    return b""
                self.writer.write_eof()
                return heard + await self.reader.read()
        except ConnectionError:
            return b"reset"
        finally:
            self.writer.close()
