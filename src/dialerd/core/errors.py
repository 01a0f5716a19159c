"""Owns the one root of errors whose text an operator may read. Knows nothing of exit codes or JSON-RPC."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class DialerError(Exception):
    """Something an operator is told in one sentence: what, where and what to do."""


class NotFound(DialerError):
    """The named campaign, list, lead, agent, trunk or call does not exist."""


class Conflict(DialerError):
    """The object is in a state that does not allow this (already running, agent on a call …)."""


class Invalid(DialerError):
    """A value is wrong: unknown mode, bad number, impossible setting."""


class Unavailable(DialerError):
    """Temporary: Asterisk is not connected, the store is busy, a time-out passed. Trying again may help."""


class Forbidden(DialerError):
    """The caller's role, or a compliance rule, does not allow this."""


def hint(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """What to put behind an unknown name: ` (did you mean NAME?)`, else `otherwise` in brackets, else nothing."""
    near = get_close_matches(word[:100], list(known), 1)  # cut off: matching a long word takes long
    text = f"did you mean {near[0]}?" if near else otherwise
    return f" ({text})" if text else ""
