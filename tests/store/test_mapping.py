"""Tests of dialerd.store.mapping, attempt_rows and units: what goes into a column comes out of it."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st
from tests.store.world import World

from dialerd.core.call import Attempt, AttemptState, HungUpBy, Status
from dialerd.core.campaign import Campaign
from dialerd.core.errors import Invalid
from dialerd.store.attempt_rows import (
    INTENT_COLUMNS,
    PROGRESS_COLUMNS,
    attempt_value,
    intent_values,
    merged,
    progress_values,
)
from dialerd.store.campaign_settings import checked_settings
from dialerd.store.mapping import calling_rules, campaign_value
from dialerd.store.tables import Campaign as CampaignTable
from dialerd.store.units import call_days, instant, micro_units, micros, money, stored_text, time_of_day

instants = st.integers(0, 4_000_000_000_000_000).map(
    lambda us: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
counts = st.integers(0, 2**40)


@st.composite
def attempts(draw: st.DrawFn) -> Attempt:
    """Any attempt, sensible or not."""
    special: dict[str, Any] = {
        "zones": st.lists(st.sampled_from(["Europe/Berlin", "Asia/Tokyo", "UTC"]), unique=True).map(tuple),
        "state": st.sampled_from(AttemptState),
        "status": st.none() | st.sampled_from(Status),
        "hung_up_by": st.sampled_from(HungUpBy),
        "live_answer": st.booleans(),
        "approximate": st.booleans(),
        "hold_duration_s": st.integers(0, 10**10).map(lambda us: us / 1_000_000),
        "created_at": instants,
    }
    values = {}
    for field in fields(Attempt):
        kind = str(field.type)
        if field.name in special:
            values[field.name] = draw(special[field.name])
        elif kind == "datetime | None":
            values[field.name] = draw(st.none() | instants)
        elif kind == "int":
            values[field.name] = draw(counts)
        elif kind == "int | None":
            values[field.name] = draw(st.none() | counts)
        else:
            assert kind == "str", field.name
            values[field.name] = draw(texts)
    return Attempt(**values)


@given(attempts())
def test_an_attempt_comes_back_from_its_row_as_it_was(attempt: Attempt) -> None:
    row = dict(zip(INTENT_COLUMNS, intent_values(attempt), strict=True))
    row |= dict(zip(PROGRESS_COLUMNS, progress_values(attempt), strict=True))
    assert attempt_value(row) == attempt


@given(attempts(), attempts())
def test_merging_keeps_the_intent_and_every_known_step(stored: Attempt, news: Attempt) -> None:
    result = merged(stored, news)
    for field in fields(Attempt):
        old, new, now = (getattr(value, field.name) for value in (stored, news, result))
        if field.name in INTENT_COLUMNS:
            assert now == old
        elif field.name.endswith("_at"):
            assert now == (old if new is None else new)
        else:
            assert now == new


@given(instants)
def test_instants_are_exact(at: datetime) -> None:
    assert instant(micros(at)) == at
    assert micros(at + timedelta(microseconds=1)) == micros(at) + 1


@given(st.integers(0, 10**14))
def test_money_is_exact(value: int) -> None:
    assert micro_units(money(value)) == value


def test_money_looks_like_money() -> None:
    assert str(money(30_000)) == "0.03" and str(money(100_000_000)) == "100.00" and str(money(35_500)) == "0.0355"
    with pytest.raises(ValueError, match="six decimals"):
        micro_units(Decimal("0.0000001"))


@pytest.mark.parametrize(
    ("text", "days"),
    [("mon-sat", {0, 1, 2, 3, 4, 5}), ("Mon, wed,FRI", {0, 2, 4}), ("sat-mon", {5, 6, 0}), ("sun", {6}),
     ("mon-sun", set(range(7))), ("mon-tue,tue-wed", {0, 1, 2})],
)  # fmt: skip
def test_call_days(text: str, days: set[int]) -> None:
    assert call_days(text) == days


@pytest.mark.parametrize("text", ["", "mon-", "-mon", "monday", "mon;tue", "1-5", "mon--tue", ","])
def test_call_days_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="days"):
        call_days(text)


def test_times_of_day() -> None:
    assert time_of_day("09:30") == time(9, 30) and time_of_day("24:00") == time.max
    for wrong in ("9:30", "25:00", "12:60", "24:01", "", "09-30", "٠٩:30", "+9:30"):
        with pytest.raises(ValueError):
            time_of_day(wrong)


@given(st.text(st.characters()))
def test_stored_text_can_be_stored_and_keeps_what_can(text: str) -> None:
    kept = stored_text(text)
    assert "\0" not in kept
    assert kept.encode("utf-8").decode("utf-8") == kept
    assert stored_text(kept) == kept
    if "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text):
        assert kept == text


def test_the_defaults_of_the_table_are_the_defaults_of_the_core() -> None:
    row = {field.column_name: field.default for field in CampaignTable._meta.sorted_fields}
    assert campaign_value({**row, "id": 1, "name": "spring"}, {}) == Campaign(id=1, name="spring")


@given(st.floats(0, 100), st.floats(0, 100))
def test_rates_are_percent_in_the_row_and_fractions_inside(target: float, highest: float) -> None:
    row = {field.column_name: field.default for field in CampaignTable._meta.sorted_fields}
    row |= {"id": 1, "name": "spring", "target_abandon_rate": target, "max_abandon_rate": highest}
    campaign = campaign_value(row, {})
    assert campaign.target_abandon_rate * 100 == pytest.approx(target)
    assert campaign.max_abandon_rate * 100 == pytest.approx(highest)


@pytest.mark.parametrize(
    "change", [{"daily_start": "18:00"}, {"daily_end": "x"}, {"call_days": "never"}, {"daily_start": ""}]
)
def test_rules_that_cannot_be_understood_are_refused(change: dict[str, str]) -> None:
    row = {field.column_name: field.default for field in CampaignTable._meta.sorted_fields}
    with pytest.raises(ValueError, match=r"daily_|time of day|days"):
        calling_rules({**row, **change}, {})


def test_a_campaign_with_a_broken_row_is_named_and_the_others_start(world: World) -> None:
    world.campaign("good")
    world.campaign("bad", daily_start="late")
    world.campaign("odd", dial_mode="telepathy")
    state = world.store.load_restart_state()
    assert [campaign.name for campaign in state.campaigns] == ["good"]
    assert len(state.problems) == 2 and "campaign bad" in state.problems[0] and "campaign odd" in state.problems[1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"call_days": "mon-xyz"}, "call_days: 'mon-xyz' is not a list of days like mon-sat or mon,wed,fri"),
        ({"daily_start": "9"}, "daily_start: '9' is not a time of day like 09:00"),
    ],
)
def test_a_refused_setting_is_named_once(change: dict[str, str], words: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked_settings(change, {})
    assert str(refused.value) == words
