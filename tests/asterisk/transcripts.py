"""Reads the recorded AMI transcripts and plays them into our own framing and translation. Sends nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from dialerd.asterisk.ami_protocol import SafeProtocol
from dialerd.asterisk.channel_book import ChannelBook, Heard
from dialerd.asterisk.translate import WANTED_EVENTS, Translator

FOLDER = Path(__file__).resolve().parents[1] / "fixtures/ami"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class StubTransport(asyncio.Transport):
    """Collects what is written; nothing is behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.unsent = 0
        self.aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.aborted

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def abort(self) -> None:
        self.aborted = True


class Listener:
    """A protocol on a stub transport, with everything it heard."""

    def __init__(self, wanted: frozenset[str] = WANTED_EVENTS) -> None:
        self.events: list[dict[str, str]] = []
        self.lost: list[str] = []
        self.counters: Counter[str] = Counter()
        self.transport = StubTransport()
        self.protocol = SafeProtocol(
            wanted=wanted, on_event=self.events.append, on_lost=self.lost.append, counters=self.counters
        )
        self.protocol.connection_made(self.transport)


def server_pieces(flow: str) -> list[bytes]:
    """What Asterisk sent in a recorded flow, in its own pieces."""
    data = (FOLDER / f"{flow}.txt").read_bytes()
    pieces: list[bytes] = []
    position = data.index(b"\n--- ") + 1
    while position < len(data):
        end = data.index(b"\n", position)
        _, _, side, size = data[position:end].split()
        piece = data[end + 1 : end + 1 + int(size)]
        if side == b"server":
            pieces.append(piece)
        position = end + 1 + int(size) + 1
    return pieces


def heard_in(pieces: Iterable[bytes]) -> list[Heard]:
    """What these bytes mean. Needs a running loop."""
    listener = Listener()
    for piece in pieces:
        listener.protocol.data_received(piece)
    assert not listener.lost and not listener.counters["handler_errors"]
    translator = Translator(ChannelBook())
    return [one for event in listener.events for one in translator.translate(event, NOW)]
