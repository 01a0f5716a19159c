"""Moments as people write them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from dialerctl.moments import parse_moment

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 15, 30, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("now", "2026-11-22T14:30"),
        ("today", "2026-11-21T23:00"),
        ("yesterday", "2026-11-20T23:00"),
        ("2026-11-02", "2026-11-01T23:00"),
        ("2026-07-02", "2026-07-01T22:00"),
        ("2026-11-02 14:00", "2026-11-02T13:00"),
        ("2026-07-02T14:00", "2026-07-02T12:00"),
        ("2026-11-02T14:00:00Z", "2026-11-02T14:00"),
        ("2026-11-02T14:00:00-05:00", "2026-11-02T19:00"),
        ("14:00", "2026-11-22T13:00"),
        ("2h", "2026-11-22T12:30"),
        ("90m ago", "2026-11-22T13:00"),
        ("7d", "2026-11-15T14:30"),
    ],
)
def test_moments(text: str, utc: str) -> None:
    assert parse_moment(text, NOW) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_until_a_date_includes_that_day_and_a_callback_lies_ahead() -> None:
    assert parse_moment("2026-11-30", NOW, end_of_day=True) == datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert parse_moment("yesterday", NOW, end_of_day=True) == parse_moment("today", NOW)
    assert parse_moment("2h", NOW, ahead=True) == NOW + timedelta(hours=2)


@given(st.text(max_size=25))
def test_anything_else_is_a_value_error(text: str) -> None:
    with suppress(ValueError, OverflowError):
        assert parse_moment(text, NOW).tzinfo is UTC
