"""The gate at the moment of dialling: hours in every zone, caps, lists; whatever cannot be judged is forbidden."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings, strategies as st

from dialerd.core.calling_windows import Week, daily
from dialerd.core.compliance import GateVerdict, may_dial
from dialerd.core.compliance_rules import CallingRules, Facts

from .values import NO_LAW, START, lead

RULES = CallingRules(law=NO_LAW)
ZONES = ["Europe/Rome", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia"]


def at(zone: str, hour: int, minute: int = 0, *, day: int = 14, month: int = 5, second: int = 0) -> datetime:
    """A local time of 2024 as UTC."""
    return datetime(2024, month, day, hour, minute, second, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def ask(now: datetime, *zones: str, rules: CallingRules = RULES, facts: Facts | None = None, **of: Any) -> GateVerdict:
    """The gate's answer for a lead in these zones."""
    return may_dial(lead(1, zones=zones, **of), facts or Facts(), rules, now)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("hour", "minute", "second", "allowed"),
    [(8, 59, 59, False), (9, 0, 0, True), (12, 0, 0, True), (16, 59, 59, True), (17, 0, 0, False), (0, 0, 0, False)],
)
def test_the_windows_edges(zone: str, hour: int, minute: int, second: int, allowed: bool) -> None:
    verdict = ask(at(zone, hour, minute, second=second), zone)
    assert verdict.allowed is allowed
    assert verdict.rule == ("" if allowed else "calling_hours")


def test_summer_time_begins_in_the_night_and_nine_is_still_nine() -> None:
    assert not ask(datetime(2024, 3, 30, 7, 59, tzinfo=UTC), "Europe/Rome").allowed
    assert ask(datetime(2024, 3, 30, 8, 0, tzinfo=UTC), "Europe/Rome").allowed
    assert ask(datetime(2024, 3, 31, 7, 0, tzinfo=UTC), "Europe/Rome").allowed
    assert not ask(datetime(2024, 3, 31, 6, 59, tzinfo=UTC), "Europe/Rome").allowed
    tomorrow = ask(datetime(2024, 3, 30, 20, 0, tzinfo=UTC), "Europe/Rome").next_time
    assert tomorrow == datetime(2024, 3, 31, 7, 0, tzinfo=UTC)


def test_every_zone_must_be_open() -> None:
    morning = at("America/Los_Angeles", 9)
    assert ask(morning, "America/New_York", "America/Los_Angeles").allowed
    early = at("America/New_York", 9)
    verdict = ask(early, "America/New_York", "America/Los_Angeles")
    assert (verdict.rule, verdict.next_time) == ("calling_hours", morning)
    assert "America/Los_Angeles" in verdict.detail


def test_zones_that_are_never_open_together_have_no_next_time() -> None:
    verdict = ask(START.wall, "Pacific/Auckland", "Europe/London")
    assert (verdict.allowed, verdict.rule, verdict.next_time) == (False, "calling_hours", None)


def test_a_closed_day_leads_to_the_next_open_one() -> None:
    weekdays = CallingRules(law=NO_LAW, week=daily(time(9), time(17), range(5)))
    friday_evening = at("Europe/Rome", 18, day=17)
    assert ask(friday_evening, "Europe/Rome", rules=weekdays).next_time == at("Europe/Rome", 9, day=20)


@pytest.mark.parametrize("zones", [(), ("",), ("Mars/Olympus",), ("Europe/Rome", "Nowhere"), ("../../etc/passwd",)])
def test_an_unknown_zone_blocks(zones: tuple[str, ...]) -> None:
    verdict = ask(at("Europe/Rome", 12), *zones)
    assert (verdict.allowed, verdict.rule, verdict.next_time) == (False, "unknown_zone", None)


@pytest.mark.parametrize("broken", ["9-17", 7, None, (time(9), time(17))])
def test_a_broken_rule_blocks(broken: Any) -> None:
    rules = CallingRules(law=NO_LAW)
    object.__setattr__(rules, "week", broken)
    verdict = ask(at("Europe/Rome", 12), "Europe/Rome", rules=rules)
    assert (verdict.allowed, verdict.rule) == (False, "broken_rule")
    assert verdict.detail


def test_rules_for_six_days_are_no_rules() -> None:
    with pytest.raises(ValueError, match="Monday first"):
        Week(days=(((540, 1020),),) * 6)


def test_a_naive_time_is_never_taken_for_utc() -> None:
    naive = datetime(2024, 5, 14, 12, 0)  # noqa: DTZ001
    facts = Facts(number_attempts=(START.wall,) * 3)
    assert not ask(naive, "Europe/Rome", facts=facts).allowed


def test_do_not_call_comes_before_everything() -> None:
    facts = Facts(do_not_call="national", open_attempt=True, number_attempts=(at("Europe/Rome", 2),) * 9)
    verdict = ask(at("Europe/Rome", 3), "Europe/Rome", facts=facts, attempts=99)
    assert (verdict.rule, verdict.next_time) == ("do_not_call", None)
    assert "national" in verdict.detail


def test_attempt_cap() -> None:
    noon = at("Europe/Rome", 12)
    assert ask(noon, "Europe/Rome", attempts=2).allowed
    verdict = ask(noon, "Europe/Rome", attempts=3)
    assert (verdict.rule, verdict.next_time) == ("max_attempts", None)


def test_an_open_attempt_blocks_for_a_moment() -> None:
    noon = at("Europe/Rome", 12)
    verdict = ask(noon, "Europe/Rome", facts=Facts(open_attempt=True))
    assert verdict.rule == "open_attempt"
    assert verdict.next_time is not None and verdict.next_time > noon


def test_daily_cap_over_all_campaigns() -> None:
    noon = at("Europe/Rome", 12)
    oldest = noon - timedelta(hours=20)
    times = (oldest, oldest + timedelta(hours=1), oldest + timedelta(hours=2))
    before = oldest - timedelta(hours=4)
    assert ask(noon, "Europe/Rome", facts=Facts(number_attempts=(before, *times[:2]))).allowed
    verdict = ask(noon, "Europe/Rome", facts=Facts(number_attempts=times))
    assert (verdict.rule, verdict.next_time) == ("max_attempts_per_day", oldest + timedelta(hours=24))


DAY = st.lists(st.integers(0, 1440), min_size=0, max_size=4, unique=True).map(
    lambda edges: tuple(zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False))
)
"""Up to two windows."""


@settings(max_examples=300, deadline=None)
@given(
    zones=st.lists(st.sampled_from(ZONES), min_size=1, max_size=2, unique=True),
    days=st.lists(DAY, min_size=7, max_size=7),
    now=st.datetimes(datetime(2024, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_next_time_is_later_and_allowed(zones: list[str], days: list[Any], now: datetime) -> None:
    rules = CallingRules(law=NO_LAW, week=Week(days=tuple(days)))
    verdict = ask(now, *zones, rules=rules)
    if verdict.allowed or verdict.next_time is None:
        assert verdict.allowed or all(not _open_soon(now, zones, rules, hours) for hours in range(24 * 7))
        return
    assert verdict.next_time > now
    assert ask(verdict.next_time, *zones, rules=rules).allowed


def _open_soon(now: datetime, zones: list[str], rules: CallingRules, hours: int) -> bool:
    return ask(now + timedelta(hours=hours), *zones, rules=rules).allowed
