"""Owns how values look in JSON: ISO 8601 instants, money as text, enums by value. Knows no methods and no sockets."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any


def jsonable(value: Any) -> Any:
    """Given a result of a method, return it in JSON's own types; raise TypeError for what has no agreed form.

    Instants become UTC with `+00:00`, times of day `HH:MM`, durations seconds, money a text with its decimals,
    a rate that is not a number null.
    """
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:  # most values: a list of agents has thousands
        return value
    if kind is dict:
        return {key if type(key) is str else _key(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, str | bool):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, Enum):
        return jsonable(value.value)
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict) or hasattr(value, "keys"):
        return {_key(key): jsonable(value[key]) for key in value}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((jsonable(item) for item in value), key=str)
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise TypeError("a naive datetime has no place in an answer")
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return format(value, "f")
    if is_dataclass(value) and not isinstance(value, type):
        return {part.name: jsonable(getattr(value, part.name)) for part in fields(value)}
    raise TypeError(f"{type(value).__name__} has no agreed form in JSON")


def _key(key: Any) -> str:
    return str(key.value) if isinstance(key, Enum) else str(key)
