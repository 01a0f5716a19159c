"""The abandon ledger against a naive list of all live answers."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings, strategies as st

from dialerd.core.campaign import AbandonWindow
from dialerd.core.pacing.ledger import DAY_S, ROLLING_S, AbandonLedger, bucket_s

START = datetime(2026, 3, 2, 9, tzinfo=UTC).timestamp()
ANSWERS = st.lists(st.tuples(st.floats(0, 4000), st.booleans()), max_size=150)
"""Seconds since the answer before, and whether it was abandoned."""


def told(ledger: AbandonLedger, answers: list[tuple[float, bool]]) -> tuple[list[tuple[float, bool]], float]:
    at, heard = START, []
    for pause, abandoned in answers:
        at += pause
        ledger.record(at, abandoned)
        heard.append((at, abandoned))
    return heard, at


@given(ANSWERS, st.sampled_from(AbandonWindow), st.floats(0, 3 * DAY_S))
@settings(max_examples=200, deadline=None)
def test_it_counts_what_lies_in_the_window(answers: list, window: AbandonWindow, later: float) -> None:
    ledger = AbandonLedger(window, 0.03)
    heard, end = told(ledger, answers)
    now = end + later
    standing = ledger.standing(now)
    # what lies in the bucket through which the window's border goes may be counted or not
    surely = [a for at, a in heard if at >= standing.since_s + bucket_s(window)]
    perhaps = [a for at, a in heard if at >= standing.since_s - bucket_s(window)]
    assert len(surely) <= standing.live <= len(perhaps)
    assert sum(surely) <= standing.abandoned <= sum(perhaps)


@given(ANSWERS, st.sampled_from(sorted(ROLLING_S, key=lambda w: w.value)))
@settings(deadline=None)
def test_a_window_that_rolls_never_has_more_credit_than_the_one_of_now(answers: list, window: AbandonWindow) -> None:
    ledger = AbandonLedger(window, 0.03)
    _, now = told(ledger, answers)
    standing = ledger.standing(now)
    if standing.live >= 100:
        assert standing.credit <= 0.03 * standing.live - standing.abandoned + 1e-9


@given(ANSWERS, st.sampled_from(AbandonWindow))
@settings(deadline=None)
def test_it_is_the_same_after_a_restart(answers: list, window: AbandonWindow) -> None:
    ledger, again = AbandonLedger(window, 0.03), AbandonLedger(window, 0.03)
    heard, now = told(ledger, answers)
    width = bucket_s(window)
    buckets: dict[float, list[bool]] = {}
    for at, abandoned in heard:
        buckets.setdefault(at // width * width, []).append(abandoned)
    again.load([(at, len(b), sum(b)) for at, b in buckets.items()], first_s=heard[0][0] if heard else None)
    assert again.standing(now) == ledger.standing(now)


@pytest.mark.parametrize(
    ("limit", "live", "abandoned", "allowance"),
    [
        (0.03, 0, 0, 3), (0.03, 0, 2, 1), (0.03, 50, 3, 0), (0.03, 99, 4, 0), (0.03, 100, 2, 1), (0.03, 100, 3, 0),
        (0.03, 1000, 29, 1), (0.03, 1000, 0, 30), (0.01, 0, 0, 1), (0.01, 99, 1, 0), (0.0, 0, 0, 0), (0.0, 900, 0, 0),
        (0.05, 0, 0, 3),
    ],
)  # fmt: skip
def test_the_allowance(limit: float, live: int, abandoned: int, allowance: int) -> None:
    ledger = AbandonLedger(AbandonWindow.DAY, limit)
    ledger.add(START, live, abandoned)
    assert ledger.standing(START).allowance == allowance


def test_yesterdays_quiet_end_is_no_excuse_for_today() -> None:
    """Yesterday morning was without abandons, the evening had many: they stay while the morning's answers leave."""
    ledger = AbandonLedger(AbandonWindow.ROLLING_24_HOURS, 0.03)
    ledger.add(START, 1000, 0)
    ledger.add(START + 8 * 3600, 200, 20)
    now = START + 23 * 3600
    assert pytest.approx(16) == 0.03 * 1200 - 20, "what the window of now would allow"
    assert ledger.standing(now).credit < 0, "in an hour the thousand will be gone"


def test_successive_periods_begin_with_the_first_live_answer() -> None:
    ledger = AbandonLedger(AbandonWindow.SUCCESSIVE_30_DAYS, 0.03)
    ledger.add(START, 500, 15)
    assert ledger.standing(START + 29.9 * DAY_S).live == 500
    assert ledger.standing(START + 30.1 * DAY_S).live == 0
    ledger.add(START + 31 * DAY_S, 10, 1)
    assert ledger.standing(START + 59.9 * DAY_S).live == 10
    assert ledger.standing(START + 60.1 * DAY_S).live == 0


def test_a_calendar_day_is_the_zones_own_also_when_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    ledger = AbandonLedger(AbandonWindow.DAY, 0.03, zone=berlin)
    night = datetime(2026, 3, 29, 1, 30, tzinfo=berlin).timestamp()  # an hour of this night is missing
    ledger.add(night, 7, 0)
    assert ledger.standing(datetime(2026, 3, 29, 23, 59, tzinfo=berlin).timestamp()).live == 7
    assert ledger.standing(datetime(2026, 3, 30, 0, 1, tzinfo=berlin).timestamp()).live == 0


def test_a_record_that_comes_late_finds_its_place() -> None:
    ledger = AbandonLedger(AbandonWindow.ROLLING_24_HOURS, 0.03)
    ledger.record(START + 7200, False)
    ledger.record(START, True)
    assert (ledger.standing(START + 7200).live, ledger.standing(START + 7200).abandoned) == (2, 1)
    assert ledger.standing(START + DAY_S + 3600).live == 1
