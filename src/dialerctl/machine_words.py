"""Owns the words about what a machine got, and their place in a call's record. Knows no socket, no other columns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

AMD_KEYS = (
    "amd_status", "amd_cause", "amd_result", "amd_parameters", "amd_sample_file", "amd_action", "voicemail_cue",
    "voicemail_started_at", "voicemail_ended_at",
)  # fmt: skip
"""What belongs together, in the order in which it happened."""


def in_order(values: Mapping[str, Any]) -> dict[str, Any]:
    """The record with everything about AMD and machines in one place, and in words what a machine got."""
    rest = [key for key in values if key not in AMD_KEYS]
    at = next((place for place, key in enumerate(values) if key in AMD_KEYS), len(rest))
    found = {key: values[key] for key in rest[:at]}
    found |= {key: values[key] for key in AMD_KEYS if key in values}
    told = machine_got(values)
    if told:
        found["machine_got"] = told
    return found | {key: values[key] for key in rest[at:]}


def machine_got(values: Mapping[str, Any]) -> str:
    """What became of a machine's call in a few words; empty for every other call."""
    if values.get("status", "") != "machine" and values.get("state") != "machine":
        return ""
    over = values.get("ended_at") is not None
    match values.get("amd_action"):
        case "voicemail":
            return _message(values, over)
        case "transfer":
            return f"sent to the transfer extension{_lasted(values, 'verdict_at', 'ended_at')}"
        case _:
            return "hung up" if over else "the line is held"


def _message(values: Mapping[str, Any], over: bool) -> str:
    started, cue = values.get("voicemail_started_at"), values.get("voicemail_cue")
    after = {"beep": " after the beep", "silence": " after silence"}.get(str(cue), "")
    if started is None:
        return "no message: the call was over before the greeting" if over else "waiting for the end of the greeting"
    if values.get("voicemail_ended_at") is not None:
        return f"message left to its end{after}{_lasted(values, 'voicemail_started_at', 'voicemail_ended_at')}"
    if not over:
        return f"message plays{after}"
    cut = _lasted(values, "voicemail_started_at", "ended_at")
    return (
        f"message begun{after}, its end was not seen" if values.get("approximate") else f"message cut off{after}{cut}"
    )


def _lasted(values: Mapping[str, Any], begin: str, end: str) -> str:
    try:
        lasted = datetime.fromisoformat(str(values.get(end))) - datetime.fromisoformat(str(values.get(begin)))
    except ValueError:
        return ""
    return f", {lasted.total_seconds():.1f} s"
