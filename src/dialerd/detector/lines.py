"""Owns the lines between dialerd and its detector process, as JSON. Knows nothing of processes and sound."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Await:
    """dialerd: this call will send its sound. `token` is 32 hex digits; times in seconds of sound."""

    attempt: int
    token: str
    silence_s: float
    longest_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """The detector: it listens on this port."""

    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The detector: the wait is over. `cue` is a Cue's value, or `gone` when the stream ended before one."""

    attempt: int
    cue: str
    after_s: float  # of sound
    hz: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """The detector: something for the log."""

    text: str


Line: TypeAlias = Await | Listening | Heard | Trouble
_KINDS: dict[str, type[Line]] = {kind.__name__.lower(): kind for kind in (Await, Listening, Heard, Trouble)}


def written(line: Line) -> bytes:
    """The line as bytes, with its end."""
    return json.dumps({"kind": type(line).__name__.lower(), **asdict(line)}).encode() + b"\n"


def read(text: bytes) -> Line:
    """The line that `written` made; ValueError for anything else."""
    try:
        values = json.loads(text)
        kind = _KINDS[values.pop("kind")]
        if "hz" in values:
            values["hz"] = tuple(values["hz"])
        return kind(**values)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"no line of the detector: {error}") from None
