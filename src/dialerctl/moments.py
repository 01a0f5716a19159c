"""Owns reading moments and spans as people write them (`today`, `2h`). Pure: now and zone are arguments."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

import click

_AGO = re.compile(r"([0-9]{1,5})\s*(m|min|h|d)(?:\s+ago)?\Z")
_SECONDS = {"m": 60, "min": 60, "h": 3600, "d": 86400}


def parse_moment(text: str, now: datetime, *, end_of_day: bool = False, ahead: bool = False) -> datetime:
    """Given a text and an aware `now` (its zone is the reader's), return an aware UTC instant; ValueError otherwise.

    Known: ISO 8601 with or without offset (without: the zone of `now`), a date, HH:MM (today), now, today,
    yesterday, tomorrow, and 90m, 2h, 7d (ago; from now when `ahead`). A date is its midnight; with `end_of_day` the
    midnight after it, so that "until 30 November" includes that day.
    """
    word = text.strip().lower()
    if word == "now":
        return now.astimezone(UTC)
    day_names = {"yesterday": -1, "today": 0, "tomorrow": 1}
    if word in day_names:
        return _midnight(now, day_names[word] + end_of_day)
    span = _AGO.match(word)
    if span:
        seconds = int(span[1]) * _SECONDS[span[2]]
        return (now + timedelta(seconds=seconds if ahead else -seconds)).astimezone(UTC)
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", word):
        day = datetime.fromisoformat(word)
        return _midnight(now.replace(year=day.year, month=day.month, day=day.day), int(end_of_day))
    clock = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})", word)
    if clock:
        local = now.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
        return _of_zone(local.replace(tzinfo=None), now.tzinfo)
    moment = datetime.fromisoformat(text.strip())
    return moment.astimezone(UTC) if moment.tzinfo else _of_zone(moment, now.tzinfo)


def parse_span(text: str) -> float:
    """Given 15m, 2h or 1d, return seconds; ValueError otherwise, also for none at all."""
    span = _AGO.match(text.strip().lower())
    if span is None or text.strip().endswith("ago") or not int(span[1]):
        raise ValueError(text)
    return float(int(span[1]) * _SECONDS[span[2]])


def _midnight(now: datetime, days: int) -> datetime:
    day = now.date() + timedelta(days=days)
    return _of_zone(datetime.combine(day, time()), now.tzinfo)


def _of_zone(naive: datetime, zone: tzinfo | None) -> datetime:
    # "Local" as datetime knows it has one fixed offset; the offset of that other day may differ (summer time).
    if zone is None or not hasattr(zone, "key"):
        return naive.astimezone().astimezone(UTC)
    return naive.replace(tzinfo=zone).astimezone(UTC)


class Moment(click.ParamType):  # type: ignore[type-arg]
    """An option's moment, handed on as ISO 8601 with +00:00."""

    name = "WHEN"

    def __init__(self, *, end_of_day: bool = False, ahead: bool = False) -> None:
        self.end_of_day = end_of_day
        self.ahead = ahead

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the instant as text; fail with a sentence."""
        try:
            moment = parse_moment(str(value), datetime.now().astimezone(), end_of_day=self.end_of_day, ahead=self.ahead)
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is no moment; write 2026-11-30, '2026-11-30 14:00', 14:00, today, yesterday or 2h",
                param,
                ctx,
            )
        return moment.isoformat()


class Span(click.ParamType):  # type: ignore[type-arg]
    """An option's length of time, handed on in seconds."""

    name = "SPAN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds; fail with a sentence."""
        try:
            return parse_span(str(value))
        except ValueError:
            self.fail(f"{value!r} is no length of time; write 15m, 2h or 1d", param, ctx)
