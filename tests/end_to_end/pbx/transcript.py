"""Raw bytes of a connection, both ways, with times; written to and read from fixture files. Knows no protocol.

The file: lines that begin with `#` at the top, then for each piece as it was read or written
`--- <seconds> <server|client> <bytes>\\n`, exactly that many raw bytes, and `\\n`.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Literal, NamedTuple

Side = Literal["server", "client"]


class Piece(NamedTuple):
    """What one side sent in one go: seconds since the start of the recording, who, and the bytes."""

    at_s: float
    side: Side
    data: bytes


class Recording:
    """Collects pieces; may be used from several threads."""

    def __init__(self) -> None:
        """Start the clock."""
        self._began = time.monotonic()
        self._pieces: list[Piece] = []
        self._lock = threading.Lock()

    def add(self, side: Side, data: bytes) -> None:
        """Note bytes that one side sent just now."""
        with self._lock:
            self._pieces.append(Piece(time.monotonic() - self._began, side, data))

    def pieces(self) -> list[Piece]:
        """Return what was recorded so far."""
        with self._lock:
            return list(self._pieces)

    def save(self, path: Path, *comments: str) -> None:
        """Write the recording to a file with comment lines at its top."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(self.pieces(), *comments))


def encode(pieces: list[Piece], *comments: str) -> bytes:
    """Return pieces in the file's form."""
    out = [f"# {comment}\n".encode() for comment in comments]
    for piece in pieces:
        out.append(f"--- {piece.at_s:.6f} {piece.side} {len(piece.data)}\n".encode() + piece.data + b"\n")
    return b"".join(out)


def decode(raw: bytes) -> list[Piece]:
    """Return the pieces in a file's bytes; ValueError when it is not of that form."""
    pieces: list[Piece] = []
    position = 0
    while raw.startswith(b"#", position):
        position = raw.index(b"\n", position) + 1
    while position < len(raw):
        end = raw.index(b"\n", position)
        mark, at_s, side, count = raw[position:end].decode("ascii").split(" ")
        if mark != "---" or side not in ("server", "client"):
            raise ValueError(f"no transcript: {raw[position:end]!r}")
        begin, position = end + 1, end + 1 + int(count)
        pieces.append(Piece(float(at_s), "server" if side == "server" else "client", raw[begin:position]))
        position += 1
    return pieces
