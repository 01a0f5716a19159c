"""Owns newline-delimited JSON: bytes → lines → values and back, with limits. Pure: no socket, no JSON-RPC."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from dialerd.control.json_values import jsonable
from dialerd.control.protocol import MAX_LINE_BYTES

MAX_DEPTH = 32
"""Deepest nesting of an accepted value. The parser's own limit is Python's recursion limit: not ours to rely on."""

MOST_COMMAS = 100_000
"""A line with more commas holds more values than any request needs: a second of an event loop's time in 1 MB."""


class LineTooLong(ValueError):
    """The peer sent more than the limit without a newline. The stream cannot be followed any further."""


class NotJson(ValueError):
    """A line is not UTF-8, not JSON, or nested too deeply; the text says which."""


class LineBuffer:
    """Cuts a byte stream into lines of at most `limit` bytes, the newline included."""

    def __init__(self, limit: int = MAX_LINE_BYTES) -> None:
        """Start empty."""
        self._limit = limit
        self._part = bytearray()

    @property
    def has_part(self) -> bool:
        """True while a line has begun and not ended: the peer owes us the rest."""
        return bool(self._part)

    def feed(self, data: bytes) -> list[bytes]:
        """Given more bytes, return the lines that are complete now, without newline; raise LineTooLong.

        Lines before the one that is too long are lost with it: the connection ends anyway.
        """
        *complete, rest = data.split(b"\n")
        lines: list[bytes] = []
        for piece in complete:
            self._grow(piece, newline=1)
            lines.append(bytes(self._part).removesuffix(b"\r"))
            self._part.clear()
        self._grow(rest, newline=0)
        return lines

    def _grow(self, piece: bytes, newline: int) -> None:
        if len(self._part) + len(piece) + newline > self._limit:
            self._part.clear()
            raise LineTooLong(f"a line may have {self._limit} bytes")
        self._part += piece


def decode(line: bytes) -> Any:
    """Given one line, return its JSON value; raise NotJson with the reason."""
    if line.count(b",") > MOST_COMMAS:
        raise NotJson(f"more than {MOST_COMMAS} values in one line")
    try:
        value = json.loads(line.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise NotJson(f"not UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise NotJson("nested too deeply") from None
    except ValueError as error:  # JSONDecodeError, and int() on thousands of digits
        raise NotJson(str(error)) from None
    if _deeper_than(value, MAX_DEPTH):
        raise NotJson(f"nested more than {MAX_DEPTH} levels deep")
    return value


def encode(value: Any) -> bytes:
    """Given a value (datetimes, Decimals, enums and dataclasses allowed), return its line with the newline."""
    return encode_plain(jsonable(value))


def encode_plain(value: Any) -> bytes:
    """As `encode`, for a value that is made of JSON's own types already."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # a lone surrogate (from "\ud800" in a request) has no UTF-8 form
    return text.encode("utf-8", "replace") + b"\n"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _deeper_than(value: Any, limit: int) -> bool:
    """Level by level, without recursion."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(limit):
        if not level:
            return False
        level = [
            inner
            for container in level
            for inner in (container.values() if isinstance(container, dict) else container)
            if isinstance(inner, dict | list)
        ]
    return bool(level)
