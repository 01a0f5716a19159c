"""Owns what may reach a terminal: cleaned text, widths, colour on or off. Knows nothing of commands or data."""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from typing import IO, Any

_BREAKS = re.compile(r"[\t\r\n\v\f\x85\u2028\u2029]+")
# C0 and C1 controls move the cursor; bidirectional controls and surrogates make a line lie about its content.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


_TOGETHER = re.compile(r"(?<=[0-9]) (?=[0-9%]|(?:s|min|h|d)\b)")


def clean(text: str) -> str:
    """Return `text` as one line that cannot control a terminal: breaks become spaces, controls vanish."""
    return _UNSAFE.sub("", _BREAKS.sub(" ", text))


def escape_unsafe_json(document: str) -> str:
    """Escape, inside JSON text, the characters that `clean` would remove. JSON keeps its meaning."""
    return re.sub("[\x7f-\x9f\u200e\u200f\u061c\u2028-\u202e\u2066-\u2069\ud800-\udfff]", _as_escape, document)


def _as_escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"


def width(text: str) -> int:
    """Columns that `text` takes on a terminal (wide Asian characters take two, combining ones none)."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """Fill `text` with spaces to `columns`; `right` aligns to the right."""
    spaces = " " * max(0, columns - width(text))
    return spaces + text if right else text + spaces


def shorten(text: str, columns: int) -> str:
    """Cut `text` to `columns`, with an ellipsis when something is lost."""
    if width(text) <= columns:
        return text
    kept = ""
    for char in text:
        if width(kept + char) >= columns:
            break
        kept += char
    return kept + "…"


def wrap(text: str, columns: int) -> list[str]:
    """Lines of `text`, broken at spaces, but not inside `2026-11-30 14:00:00`, `3 %` or `2 h`."""
    import textwrap

    return [line.replace("\xa0", " ") for line in textwrap.wrap(_TOGETHER.sub("\xa0", text), max(8, columns))] or [""]


def wants_colour(stream: IO[Any], *, forbidden: bool) -> bool:
    """True when `stream` is a terminal and neither --no-color, NO_COLOR nor TERM=dumb speaks against colour."""
    if forbidden or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return is_terminal(stream)


def is_terminal(stream: IO[Any]) -> bool:
    """True when a person watches `stream`."""
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False


def knows_blocks(stream: IO[Any]) -> bool:
    """True when what is written to `stream` may hold block elements: its encoding has them."""
    try:
        "▁█".encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeError, LookupError):
        return False
    return True


def screen_columns() -> int:
    """Width of the terminal on stdout; 0 (no limit) when stdout is no terminal."""
    if not is_terminal(sys.stdout):
        return 0
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except OSError:
        return 80
