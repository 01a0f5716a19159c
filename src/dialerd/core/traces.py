"""Owns what a durable trace of the dialplan adds to a record. Knows nothing of AstDB."""

from __future__ import annotations

from datetime import datetime, timedelta

from dialerd.core.call import Attempt
from dialerd.core.pbx_memory import UnattendedTrace

SAME_INSTANT = timedelta(seconds=1)
"""The trace keeps whole seconds: within one, the time seen by dialerd itself is the better one."""

HUNG_UP_WAITING = "hangup"
"""The trace's reason when the person hung up before verdict and message."""

AMD_TOO_SLOW = "amd"
"""The trace's reason when the limit was over before AMD had decided: nobody asked for a verdict."""

ALONE_NOTE = "the dialplan played the message by itself"
CUT_NOTE = "AMD had not decided when the limit was over: the dialplan played the message by itself"


def apply_trace(attempt: Attempt, trace: UnattendedTrace) -> None:
    """Take over what the dialplan saw while dialerd was away, mute or late.

    Whoever heard the message is a live answer; who hung up before a verdict may have been a machine's owner or not.
    """
    attempt.live_answer = attempt.live_answer or trace.reason != HUNG_UP_WAITING
    attempt.answered_at = _better(attempt.answered_at, trace.answered_at)
    attempt.message_started_at = _better(attempt.message_started_at, trace.message_started_at)
    attempt.message_ended_at = _better(attempt.message_ended_at, trace.message_ended_at)


def _better(seen: datetime | None, traced: datetime | None) -> datetime | None:
    if seen is None or traced is None:
        return seen or traced
    return seen if abs(seen - traced) <= SAME_INSTANT else traced
