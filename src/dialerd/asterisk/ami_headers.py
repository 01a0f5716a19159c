"""Owns what may stand in one AMI message, both ways: header checks and parsing. Knows no action's or event's meaning.

Nobody escapes AMI header values: a value with CR or LF becomes further headers, or a second action. So every header
passes `checked_headers` on its way out, whatever was checked before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

Headers = Mapping[str, str | Sequence[str]]
"""An action's headers; a sequence stands for a repeated header (`Variable`)."""

# Asterisk cuts lines at 1024 bytes with name and CRLF and takes 128 headers; stay clear of both.
LONGEST_LINE_BYTES = 1000
MOST_HEADERS = 100

_NAME = re.compile(r"\A[A-Za-z][A-Za-z0-9]{0,40}\Z")
# Not only CR, LF and NUL: no control character (C0, DEL, C1) nor Unicode line end has a business in a header.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class HeaderRefused(ValueError):
    """A header that must not be sent to Asterisk: control characters, too long, too many. Nothing was sent."""


def checked_headers(headers: Headers) -> dict[str, str | list[str]]:
    """Return a copy of `headers` that is safe to send, or raise HeaderRefused naming the header (not its value)."""
    checked: dict[str, str | list[str]] = {}
    lines = 0
    for name, value in headers.items():
        if not _NAME.match(name):
            raise HeaderRefused(f"{name[:40]!r} is no name of an AMI header")
        values = [value] if isinstance(value, str) else list(value)
        for one in values:
            _check(name, one)
        lines += len(values)
        checked[name] = value if isinstance(value, str) else values
    if lines > MOST_HEADERS:
        raise HeaderRefused(f"{lines} AMI headers in one action; Asterisk takes no more than {MOST_HEADERS} safely")
    return checked


def _check(name: str, value: str) -> None:
    if not isinstance(value, str):
        raise HeaderRefused(f"AMI header {name} is no text")
    if _CONTROL.search(value):
        raise HeaderRefused(f"control character in AMI header {name}")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise HeaderRefused(f"AMI header {name} cannot be written as UTF-8") from None
    if len(name) + 2 + size > LONGEST_LINE_BYTES:
        raise HeaderRefused(f"AMI header {name} is longer than {LONGEST_LINE_BYTES} bytes")


def parse_headers(raw: bytes) -> dict[str, str]:
    """Parse one message (without its empty line) into headers; bytes that are no UTF-8 become U+FFFD.

    Of a repeated header the last one counts: Asterisk writes the caller's texts before the ids that identify.
    """
    headers: dict[str, str] = {}
    for line in raw.decode("utf-8", "replace").split("\r\n"):
        name, separator, value = line.partition(":")
        if separator:
            headers[name] = value[1:] if value.startswith(" ") else value
    return headers


def event_name(raw: bytes) -> bytes | None:
    """The name of an event without parsing the rest; None when this message is no event."""
    if not raw.startswith(b"Event: "):
        return None
    end = raw.find(b"\r\n")
    return raw[7:] if end < 0 else raw[7:end]


def action_id(raw: bytes) -> str:
    """The ActionID of a message without parsing the rest; empty when it has none."""
    start = raw.find(b"\r\nActionID: ")
    if start < 0:
        return ""
    end = raw.find(b"\r\n", start + 12)
    return (raw[start + 12 :] if end < 0 else raw[start + 12 : end]).decode("utf-8", "replace")
