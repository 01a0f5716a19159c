"""Owns what AMDSTATUS means. Knows nothing of AGI; an empty status is neither a person nor a machine."""

from __future__ import annotations

from enum import Enum


class AmdResult(Enum):
    """The original's `amd_result` values that Asterisk's AMD() can really give, and "did not run"."""

    HUMAN = "human"
    MACHINE = "machine"
    UNSURE = "unsure"
    HANGUP = "hangup"
    NOT_RUN = ""


_BY_STATUS = {
    "HUMAN": AmdResult.HUMAN,
    "MACHINE": AmdResult.MACHINE,
    "NOTSURE": AmdResult.UNSURE,
    "HANGUP": AmdResult.HANGUP,
}

MEETS_AGENT = frozenset({AmdResult.HUMAN, AmdResult.UNSURE, AmdResult.NOT_RUN})
"""Results that go to an agent (the original's should_connect_to_agent; fail towards the person)."""


def amd_result(amd_status: str) -> AmdResult:
    """Given AMDSTATUS as Asterisk set it, return what it means; an unknown text is UNSURE (as in the original)."""
    status = amd_status.strip().upper()
    if not status:
        return AmdResult.NOT_RUN
    return _BY_STATUS.get(status, AmdResult.UNSURE)
