"""Owns how a stored row looks to people and programs outside: instants, amounts, booleans. Knows nothing of SQL."""

from __future__ import annotations

import json
from typing import Any

from dialerd.store.campaign_settings import MONEY_COLUMNS
from dialerd.store.units import instant, money

_BOOLEANS = frozenset(
    {
        "amd_enabled",
        "amd_over_limit",
        "recording_enabled",
        "live_answer",
        "approximate",
        "active",
        "hidden",
        "is_system",
        "is_contact",
        "is_sale",
        "is_callback",
        "is_dnc",
        "is_refusal",
        "closing_zones_first",
        "abandoned_first",
        "next_number",
        "stop",
        "complete",
        "retry",
        "invalid_number",
    }
)
_HIDDEN = frozenset({"token", "claimed_from", "hold_us", "state_since", "class_id", "number_index"})
"""Secrets of live calls, and columns that mean something to the store alone."""


def readable(row: dict[str, Any]) -> dict[str, Any]:
    """Given a row by column name, return it with aware datetimes, Decimals, booleans, lists and objects."""
    return {name: _value(name, value) for name, value in row.items() if name not in _HIDDEN}


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name.endswith("_at") or name in ("at", "since"):
        return instant(value) if value else None  # 0: at once
    if name in _BOOLEANS:
        return bool(value)
    if name in MONEY_COLUMNS:
        return money(value)
    if name in ("attributes", "alternates"):
        return json.loads(value)
    if name in ("zones", "regions"):
        return [part for part in value.split(",") if part]
    return value
