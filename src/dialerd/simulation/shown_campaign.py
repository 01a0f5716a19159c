"""Owns reading a campaign from the object that the daemon shows of it (`campaign.show`). Knows no store and no socket.

Only what a what-if needs is read: how calls are paced, their limits, what happens to who answers. Calling hours, caps
and the law do not matter to how fast is dialled while they allow it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from dialerd.core.abandon_window import AbandonWindow
from dialerd.core.campaign import AmdAction, AmdPolicy, Campaign, DialMode, MeasuredFrom, OnTimeout
from dialerd.core.errors import Invalid

_PLAIN: Mapping[str, tuple[str, type]] = {
    "dial_ratio": ("dial_ratio", float),
    "min_dial_ratio": ("min_dial_ratio", float),
    "max_dial_ratio": ("max_dial_ratio", float),
    "safety_factor": ("safety_factor", float),
    "avg_talk_time": ("avg_talk_time_s", float),
    "wrapup_time": ("wrapup_time_s", float),
    "max_lines": ("max_lines", int),
    "calls_per_second": ("calls_per_second", float),
    "dial_timeout": ("ring_timeout_s", float),
    "preview_time": ("preview_time_s", float),
    "abandon_after": ("abandon_after_s", float),
    "abandon_message": ("abandon_message", str),
    "amd_enabled": ("amd_enabled", bool),
    "amd_false_positive_rate": ("amd_false_positive_rate", float),
    "opt_out_key": ("opt_out_key", str),
}
"""The column's name → the campaign's field and its type."""
_PERCENT = {"target_abandon_rate": "target_abandon_rate", "max_abandon_rate": "max_abandon_rate"}
_CHOICES: Mapping[str, tuple[str, type[Any]]] = {
    "dial_mode": ("dial_mode", DialMode),
    "preview_on_timeout": ("preview_on_timeout", OnTimeout),
    "abandon_measured_from": ("abandon_measured_from", MeasuredFrom),
    "abandon_window_used": ("abandon_window", AbandonWindow),
    "amd_action": ("amd_action", AmdAction),
    "amd_unsure": ("amd_unsure", AmdPolicy),
    "amd_not_run": ("amd_not_run", AmdPolicy),
}


def shown_campaign(row: Mapping[str, Any]) -> Campaign:
    """Given the object of `campaign.show`, return the campaign; what it lacks has the campaign's defaults.

    Raise Invalid, naming the column, when a value is none.
    """
    fields: dict[str, Any] = {}
    for column, value in row.items():
        if value is None:
            continue
        try:
            if column in _PLAIN:
                field, kind = _PLAIN[column]
                fields[field] = kind(value)
            elif column in _PERCENT:
                fields[_PERCENT[column]] = float(value) / 100
            elif column in _CHOICES:
                field, kind = _CHOICES[column]
                fields[field] = kind(value)
            elif column == "timezone":
                fields["zone"] = UTC if value == "UTC" else ZoneInfo(value)
            elif column == "pacing":
                fields["amd_losses_inside"] = bool(value.get("amd_losses_inside"))
        except (TypeError, ValueError, LookupError, AttributeError):
            raise Invalid(f"dialerd shows the campaign's {column} as {value!r}, which is not understood") from None
    return Campaign(id=1, name=str(row.get("name") or "campaign"), **fields)
