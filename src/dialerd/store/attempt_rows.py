"""Owns the mapping between an attempt and its row in call_log. Knows nothing of when either is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from dialerd.core.call import Attempt, AttemptState, HungUpBy, Status
from dialerd.store.mapping import zones_value
from dialerd.store.units import instant_or_none, micros, micros_or_none, stored_text

INTENT_COLUMNS = (
    "id", "campaign_id", "list_id", "lead_id", "number", "node", "trunk", "channel_id", "token", "dial_mode",
    "created_at", "caller_id", "caller_name", "attempt_number", "rule_set", "rule_verdict", "zones", "consent_id",
    "pacing_decision", "message_version",
)  # fmt: skip
"""Written when the attempt is opened and never again."""

INSTANT_COLUMNS = (
    "dialed_at", "ringing_at", "answered_at", "verdict_at", "bridged_at", "message_started_at", "message_ended_at",
    "voicemail_started_at", "voicemail_ended_at", "ended_at", "closed_at",
)  # fmt: skip
"""The steps. Once set, a step is never unset."""

_TEXT_COLUMNS = (
    "agent_channel", "amd_status", "amd_cause", "amd_result", "amd_action", "amd_parameters", "amd_sample_file",
    "voicemail_cue",
)  # fmt: skip
_FREE_TEXT = frozenset({*_TEXT_COLUMNS, "caller_name", "pacing_decision", "disposition", "recording_file", "note"})
OTHER_COLUMNS = (
    "state", "agent_id", *_TEXT_COLUMNS, "live_answer", "status", "disposition", "hangup_cause", "sip_cause",
    "hung_up_by", "hold_us", "recording_file", "approximate", "note", "ring_duration", "wait_duration",
    "talk_duration", "hold_duration",
)  # fmt: skip
PROGRESS_COLUMNS = INSTANT_COLUMNS + OTHER_COLUMNS


def _seconds(value: float | None) -> int | None:
    return None if value is None else round(value)


_WRITE: dict[str, Callable[[Attempt], Any]] = {
    "state": lambda a: a.state.value,
    "created_at": lambda a: micros(a.created_at),
    "zones": lambda a: ",".join(a.zones),
    "status": lambda a: a.status.value if a.status else None,
    "hung_up_by": lambda a: a.hung_up_by.value,
    "hold_us": lambda a: round(a.hold_duration_s * 1_000_000),
    "ring_duration": lambda a: _seconds(a.ring_s()),
    "wait_duration": lambda a: _seconds(a.wait_s()),
    "talk_duration": lambda a: _seconds(a.talk_s()),
    "hold_duration": lambda a: _seconds(a.hold_duration_s) if a.answered_at else None,
}


def _writer(column: str) -> Callable[[Attempt], Any]:
    if column in _WRITE:
        return _WRITE[column]
    if column in INSTANT_COLUMNS:
        return lambda a: micros_or_none(getattr(a, column))
    if column in _FREE_TEXT:
        return lambda a: stored_text(getattr(a, column))
    return lambda a: getattr(a, column)


_INTENT = tuple(_writer(column) for column in INTENT_COLUMNS)
_PROGRESS = tuple(_writer(column) for column in PROGRESS_COLUMNS)


def intent_values(attempt: Attempt) -> tuple[Any, ...]:
    """The values of INTENT_COLUMNS."""
    return tuple(write(attempt) for write in _INTENT)


def progress_values(attempt: Attempt) -> tuple[Any, ...]:
    """The values of PROGRESS_COLUMNS."""
    return tuple(write(attempt) for write in _PROGRESS)


_READ: dict[str, Callable[[Any], Any]] = {
    "state": AttemptState,
    "zones": zones_value,
    "live_answer": bool,
    "approximate": bool,
    "status": lambda text: Status(text) if text else None,
    "hung_up_by": HungUpBy,
    "created_at": instant_or_none,
    **dict.fromkeys(INSTANT_COLUMNS, instant_or_none),
}
_DERIVED = frozenset({"hold_us", "ring_duration", "wait_duration", "talk_duration", "hold_duration"})
_FIELDS = tuple(column for column in INTENT_COLUMNS + PROGRESS_COLUMNS if column not in _DERIVED)


def attempt_value(row: Mapping[str, Any]) -> Attempt:
    """Given a row of call_log by column name, return the attempt; ValueError for an unknown state or status."""
    fields: dict[str, Any] = {
        column: _READ[column](row[column]) if column in _READ else row[column] for column in _FIELDS
    }
    return Attempt(**fields, hold_duration_s=row["hold_us"] / 1_000_000)


def merged(stored: Attempt, news: Attempt) -> Attempt:
    """Given the attempt as stored and a later snapshot, return the snapshot with the intent and known steps kept."""
    result = news.snapshot()
    for column in INTENT_COLUMNS:
        setattr(result, column, getattr(stored, column))
    for column in INSTANT_COLUMNS:
        if getattr(result, column) is None:
            known: datetime | None = getattr(stored, column)
            setattr(result, column, known)
    return result
