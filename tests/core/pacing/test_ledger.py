"""The abandon ledger against a naive list of all live answers."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings, strategies as st

from dialerd.core.abandon_window import DAY_S, ROLLING_S, AbandonWindow
from dialerd.core.pacing.ledger import AbandonLedger, AmdLosses, Counts, LedgerHistory

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
    inside = [a for at, a in heard if at >= standing.since_s]
    assert (standing.live, standing.abandoned) == (len(inside), sum(inside)), "the window begins at a bucket's border"
    length = ledger.clock.length_s
    assert length is None or now - length <= standing.since_s < now - length + ledger.clock.bucket_s


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
    width = ledger.clock.bucket_s
    buckets: dict[float, list[bool]] = {}
    for at, abandoned in heard:
        buckets.setdefault(at // width * width, []).append(abandoned)
    rows = tuple(Counts(at, len(b), sum(b)) for at, b in buckets.items())
    again.take_over(LedgerHistory(rows=rows, first_s=heard[0][0] if heard else None))
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


def test_successive_periods_begin_with_the_first_answer_of_all_however_late_it_is_told() -> None:
    ledger = AbandonLedger(AbandonWindow.SUCCESSIVE_30_DAYS, 0.03)
    ledger.record(START + 3600, False)
    ledger.record(START, False)  # answered earlier, ended later
    assert ledger.standing(START + 3600).since_s == START
    assert ledger.standing(START + 3600).until_s == START + 30 * DAY_S
    again = AbandonLedger(AbandonWindow.SUCCESSIVE_30_DAYS, 0.03)
    again.take_over(LedgerHistory(rows=(Counts(START + 40 * DAY_S, 7, 1),), first_s=START))
    assert again.standing(START + 41 * DAY_S).since_s == START + 30 * DAY_S


def test_what_was_recorded_meanwhile_stays_when_the_store_answers() -> None:
    ledger = AbandonLedger(AbandonWindow.ROLLING_24_HOURS, 0.03)
    ledger.record(START, True)
    ledger.take_over(LedgerHistory(rows=(Counts(START - 3600, 200, 2, 9),), first_s=START - 99 * DAY_S))
    standing = ledger.standing(START)
    assert (standing.live, standing.abandoned, standing.machines) == (201, 3, 9)


@given(st.sampled_from(AbandonWindow), st.integers(0, 400), st.integers(0, 9), st.integers(0, 900), st.floats(0, 1))
@settings(deadline=None)
def test_amd_losses_are_counted_apart_or_inside(
    window: AbandonWindow, live: int, abandoned: int, machines: int, rate: float
) -> None:
    apart = AbandonLedger(window, 0.03, amd_losses=AmdLosses(rate=rate))
    inside = AbandonLedger(window, 0.03, amd_losses=AmdLosses(rate=rate, inside=True))
    plain = AbandonLedger(window, 0.03)
    for ledger in (apart, inside, plain):
        ledger.add(START, live, min(live, abandoned), machines)
    a, i, p = (ledger.standing(START) for ledger in (apart, inside, plain))
    assert a.losses == i.losses == pytest.approx(rate * machines)
    assert (a.credit, a.counted, a.rate) == (p.credit, p.abandoned, p.rate), "apart they change nothing"
    assert i.counted == pytest.approx(p.abandoned + rate * machines)
    assert i.credit <= p.credit - i.losses + 1e-6, "inside, each takes one abandon from the credit, or more later"
    assert i.breaks(0.05) == (live >= 100 and i.counted > 0.05 * live)


def test_machines_are_no_live_answers_and_begin_no_period() -> None:
    ledger = AbandonLedger(AbandonWindow.SUCCESSIVE_30_DAYS, 0.03)
    ledger.record_machine(START)
    ledger.record(START + DAY_S, False)
    assert ledger.standing(START + DAY_S).since_s == START + DAY_S
    assert ledger.standing(START + DAY_S).live == 1


def test_a_month_ends_at_local_midnight() -> None:
    rome = ZoneInfo("Europe/Rome")
    ledger = AbandonLedger(AbandonWindow.MONTH, 0.03, zone=rome)
    ledger.add(datetime(2026, 3, 31, 23, 59, tzinfo=rome).timestamp(), 5, 0)
    now = datetime(2026, 4, 1, 0, 1, tzinfo=rome).timestamp()
    ledger.add(now, 1, 0)
    standing = ledger.standing(now)
    assert standing.live == 1
    assert standing.since_s == datetime(2026, 4, 1, tzinfo=rome).timestamp()
    assert standing.until_s == datetime(2026, 5, 1, tzinfo=rome).timestamp()
