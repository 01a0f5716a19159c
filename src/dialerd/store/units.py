"""Owns the conversions between values and columns: instants, money, rates, times of day. Knows no table."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from dialerd.core.calling_windows import WEEKDAYS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MICRO_UNITS = Decimal(1_000_000)


def micros(at: datetime) -> int:
    """Given an aware instant, return microseconds since 1970 UTC."""
    return (at - EPOCH) // MICROSECOND


def micros_or_none(at: datetime | None) -> int | None:
    """As `micros`, None for None."""
    return None if at is None else (at - EPOCH) // MICROSECOND


def instant(value: int) -> datetime:
    """Given microseconds since 1970 UTC, return the aware instant."""
    return EPOCH + timedelta(microseconds=value)


def instant_or_none(value: int | None) -> datetime | None:
    """As `instant`, None for None."""
    return None if value is None else EPOCH + timedelta(microseconds=value)


def money(value: int) -> Decimal:
    """Given micro-units, return the amount."""
    return (Decimal(value) / MICRO_UNITS).normalize() + Decimal("0.00")


def micro_units(amount: Decimal) -> int:
    """Given an amount with at most six decimals, return micro-units; ValueError if it has more."""
    scaled = amount * MICRO_UNITS
    if scaled != scaled.to_integral_value():
        raise ValueError("more than six decimals")
    return int(scaled)


def fraction(percent: float) -> float:
    """Given percent, return 0-1."""
    return percent / 100.0


def time_of_day(text: str) -> time:
    """Given `HH:MM`, return the time; `24:00` is the last instant of the day. ValueError otherwise."""
    if text == "24:00":
        return time.max
    if len(text) != 5 or text[2] != ":" or not (text[:2] + text[3:]).isascii() or not (text[:2] + text[3:]).isdigit():
        raise ValueError(f"{text!r} is not a time of day like 09:00")
    return time(int(text[:2]), int(text[3:]))


def call_days(text: str) -> frozenset[int]:
    """Given days like `mon-sat` or `mon,wed,fri`, return the weekdays (0 = Monday). ValueError otherwise.

    A range may go over the week's end (`sat-mon`).
    """
    days: set[int] = set()
    for part in text.lower().replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if first not in WEEKDAYS or (dash and last not in WEEKDAYS):
            raise ValueError(f"{text!r} is not a list of days like mon-sat or mon,wed,fri")
        start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        days.update((start + step) % 7 for step in range((end - start) % 7 + 1))
    return frozenset(days)


def stored_text(text: str) -> str:
    """Given any text, return one that both databases can store: no NUL, no half of a surrogate pair."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
