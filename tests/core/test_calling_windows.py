"""Windows against a slow oracle that walks minute by minute: zones, summer time, skipped days, holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings, strategies as st

from dialerd.core.calling_windows import (
    HORIZON_DAYS,
    WEEKDAYS,
    Week,
    closed_in,
    daily,
    next_open,
    open_until,
    parse_intervals,
    parse_week,
    show_intervals,
    show_week,
)

MINUTE = timedelta(minutes=1)
ODD_ZONES = (
    "Europe/Rome", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia",
    "Pacific/Kiritimati", "America/St_Johns", "Africa/Casablanca", "Antarctica/Troll", "America/Havana", "Etc/GMT+12",
)  # fmt: skip
DAY = st.lists(st.integers(0, 1440), max_size=4, unique=True).map(
    lambda edges: tuple(zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False))
)
"""Up to two windows."""
WEEKS = st.builds(
    lambda days, holiday, dates: Week(
        days=tuple(days), holiday=holiday, holidays=frozenset(dates), known_years=frozenset(range(2009, 2031))
    ),
    st.lists(DAY, min_size=7, max_size=7),
    st.one_of(st.none(), DAY),
    st.lists(st.dates(date(2011, 1, 1), date(2027, 12, 31)), max_size=4),
)
TRICKY = (
    datetime(2011, 12, 29, 9, tzinfo=UTC),  # Apia skips the 30th
    datetime(2024, 2, 28, 23, tzinfo=UTC), datetime(2024, 3, 30, 20, tzinfo=UTC),
    datetime(2024, 10, 26, 22, tzinfo=UTC),
    datetime(2026, 3, 8, 5, tzinfo=UTC), datetime(2026, 11, 1, 4, tzinfo=UTC), datetime(2026, 4, 4, 14, tzinfo=UTC),
    datetime(2026, 12, 31, 22, 59, tzinfo=UTC),
)  # fmt: skip
NOWS = st.one_of(
    st.sampled_from(TRICKY),
    st.datetimes(datetime(2011, 1, 1), datetime(2027, 12, 1), timezones=st.just(UTC)),  # noqa: DTZ001
).map(lambda at: at.replace(second=0, microsecond=0))


def is_open(weeks: Any, zones: Any, at: datetime) -> bool:
    """Straightforward: every zone, every week, the wall clock."""
    for zone in zones:
        local = at.astimezone(zone)
        for week in weeks:
            windows = week.days[local.weekday()]
            if week.holiday is not None and local.date() in week.holidays:
                windows = week.holiday
            if not any(opens <= local.hour * 60 + local.minute < closes for opens, closes in windows):
                return False
    return True


@settings(max_examples=120, deadline=None)
@example(  # New York opens, but on Apia's clock the day before does not exist
    weeks=[Week(days=((), (), (), (), ((0, 302),), ((1, 1142),), ()), holiday=None)],
    names=["America/New_York", "Pacific/Apia"],
    now=TRICKY[0],
)
@example(  # Rome's day of 23 hours: 47.5 hours after Friday 23:30 it is Monday 00:00, the fourth date
    weeks=[daily(time(0), time.max, [0]), Week(days=(((0, 240), (240, 1440)), *((),) * 6))],
    names=["Europe/Rome", "Asia/Kathmandu"],
    now=datetime(2026, 3, 27, 22, 30, tzinfo=UTC),
)
@given(
    weeks=st.lists(WEEKS, min_size=1, max_size=2),
    names=st.lists(st.sampled_from(ODD_ZONES), min_size=1, max_size=3, unique=True),
    now=NOWS,
)
def test_the_next_opening_and_closing_are_those_of_a_walk_minute_by_minute(
    weeks: list[Week], names: list[str], now: datetime
) -> None:
    zones = [ZoneInfo(name) for name in names]
    walk = [now + n * MINUTE for n in range(1, 3 * 1440)]
    opening, closing = next_open(weeks, zones, now), open_until(weeks, zones, now)
    first_open = next((at for at in walk if is_open(weeks, zones, at)), None)
    first_closed = next((at for at in walk if not is_open(weeks, zones, at)), None)
    assert (closed_in(weeks, zones, now) is None) is is_open(weeks, zones, now)
    # next_open knows openings only: inside a window the next one is later than the next open minute
    if not is_open(weeks, zones, now):
        if first_open is not None:
            assert opening == first_open
        else:
            assert opening is None or opening > walk[-1]
    elif first_closed is not None:
        assert closing == first_closed
    else:
        assert closing is None or closing > walk[-1]
    for found in (opening,):
        assert found is None or (found > now and is_open(weeks, zones, found))


def test_an_opening_in_a_skipped_hour_is_the_end_of_that_hour_to_the_second() -> None:
    rome = [ZoneInfo("Europe/Rome")]
    week = daily(time(2, 30), time(4))
    assert next_open([week], rome, datetime(2024, 3, 30, 20, tzinfo=UTC)) == datetime(2024, 3, 31, 1, tzinfo=UTC)
    lord_howe = [ZoneInfo("Australia/Lord_Howe")]  # half an hour
    assert next_open([daily(time(2, 15), time(3))], lord_howe, datetime(2026, 10, 3, 12, tzinfo=UTC)) == datetime(
        2026, 10, 3, 15, 30, tzinfo=UTC
    )


def test_a_repeated_hour_opens_twice() -> None:
    zone, week = [ZoneInfo("America/New_York")], daily(time(1, 30), time(2))
    first = next_open([week], zone, datetime(2026, 11, 1, 4, tzinfo=UTC))
    assert first == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert open_until([week], zone, first) == datetime(2026, 11, 1, 6, tzinfo=UTC), "01:00 once more"
    assert next_open([week], zone, datetime(2026, 11, 1, 6, tzinfo=UTC)) == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


def test_a_day_that_does_not_exist() -> None:
    apia = [ZoneInfo("Pacific/Apia")]
    friday = Week(days=tuple(((540, 1020),) if day == 4 else () for day in range(7)))
    found = next_open([friday], apia, datetime(2011, 12, 29, 9, tzinfo=UTC))
    assert found is not None and found.astimezone(apia[0]) == datetime(2012, 1, 6, 9, tzinfo=apia[0])


def test_never_open_together_is_never_and_holidays_beyond_the_known_years_cannot_be_judged() -> None:
    zones = [ZoneInfo("Pacific/Auckland"), ZoneInfo("Europe/London")]
    assert next_open([daily(time(9), time(17))], zones, datetime(2026, 3, 3, tzinfo=UTC)) is None
    week = Week(days=(((0, 1440),),) * 7, holiday=(), known_years=frozenset({2026}))
    with pytest.raises(ValueError, match="public holidays of 2027"):
        closed_in([week], [ZoneInfo("UTC")], datetime(2027, 1, 1, tzinfo=UTC))
    assert HORIZON_DAYS > 14


@given(st.lists(DAY, min_size=7, max_size=7), st.one_of(st.none(), DAY))
def test_what_is_shown_can_be_read(days: list[Any], holiday: Any) -> None:
    for intervals in days:
        assert parse_intervals(show_intervals(intervals)) == intervals
    table = {name: show_intervals(day) for name, day in zip(WEEKDAYS, days, strict=True)}
    week = parse_week(table | ({"holiday": show_intervals(holiday)} if holiday is not None else {}))
    assert (week.days, week.holiday) == (tuple(days), holiday)
    assert show_week(week)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"mon": "9-17"}, "'9-17' is not a window"), ({"mon": "17:00-09:00"}, "does not end after"),
        ({"mon": "09:00-12:00, 11:00-13:00"}, "begins before"), ({"mon": "09:00-24:30"}, "does not end after"),
        ({"fri-mon": "09:00-12:00"}, "runs backwards"), ({"someday": "09:00-12:00"}, "'someday' is neither"),
        ({"mon-fri": "closed", "wed": "09:00-10:00"}, "wed is named twice"), ({"mon": 9}, "is not a text"),
    ],
)  # fmt: skip
def test_a_week_that_is_none_is_refused_with_the_reason(table: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_week(table)
