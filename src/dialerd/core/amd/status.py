"""Owns what AMDSTATUS means. Knows nothing of AGI; an empty status is neither a person nor a machine."""

from __future__ import annotations

from enum import Enum

from dialerd.core.campaign import AmdPolicy


class AmdResult(Enum):
    """The original's `amd_result` values that Asterisk's AMD() can really give, and "did not run"."""

    HUMAN = "human"
    MACHINE = "machine"
    UNSURE = "unsure"
    HANGUP = "hangup"
    NOT_RUN = ""
    FAX = "fax"  # never AMD's own word: the detector has heard its tone
    SIT = "sit"  # likewise


_BY_STATUS = {
    "HUMAN": AmdResult.HUMAN,
    "MACHINE": AmdResult.MACHINE,
    "NOTSURE": AmdResult.UNSURE,
    "HANGUP": AmdResult.HANGUP,
}


def treated_as(result: AmdResult, *, unsure: AmdPolicy, not_run: AmdPolicy) -> AmdPolicy | None:
    """Who gets a call with this result: an agent, or what the campaign does with machines; None: the call is over.

    `unsure` and `not_run` are the campaign's policies for NOTSURE and for an empty status. Both are an agent unless
    the operator says otherwise (the original's should_connect_to_agent; fail towards the person).
    """
    match result:
        case AmdResult.HUMAN:
            return AmdPolicy.AGENT
        case AmdResult.MACHINE | AmdResult.FAX | AmdResult.SIT:
            return AmdPolicy.MACHINE
        case AmdResult.UNSURE:
            return unsure
        case AmdResult.NOT_RUN:
            return not_run
        case AmdResult.HANGUP:
            return None


def amd_result(amd_status: str) -> AmdResult:
    """Given AMDSTATUS as Asterisk set it, return what it means; an unknown text is UNSURE (as in the original)."""
    status = amd_status.strip().upper()
    if not status:
        return AmdResult.NOT_RUN
    return _BY_STATUS.get(status, AmdResult.UNSURE)
