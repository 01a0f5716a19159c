"""Tests of dialerd.core.pacing.history: slots lose nothing, lie on the clock's tens, and are handed out once."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from dialerd.core.campaign import DialMode
from dialerd.core.pacing import Limit, PacingDecision, PacingInputs
from dialerd.core.pacing.history import QUIET_S, SLOT_S, SUMS, PacingHistory, Slot
from dialerd.core.pacing.predictive import Plan

NOON = 1_800_000_000.0
PLAN = Plan(
    threshold=0.03,
    risks=(0.01,),
    chances=(0.3,),
    next_risk=0.05,
    expected_free=2.5,
    expected_answers=1.5,
    chance=0.25,
    credit=4.0,
)


def decision(
    limit: Limit = Limit.AGENTS,
    *,
    calls: int = 0,
    ready: int = 0,
    in_flight: int = 0,
    ratio: float = 1.5,
    plan: Plan | None = None,
    staffed: int = 8,
) -> PacingDecision:
    inputs = PacingInputs(
        mode=DialMode.POWER if plan is None else DialMode.PREDICTIVE,
        dial_ratio=1.0,
        ready=ready,
        staffed=staffed,
        in_flight=in_flight,
        lines_used=in_flight,
        max_lines=30,
        trunk_free=30,
        rate_free=30,
        plan=plan,
    )
    return PacingDecision(calls=calls, limit=limit, ratio=ratio, inputs=inputs)


def decide(history: PacingHistory, one: PacingDecision, at_s: float, *, credit: float = 3.0) -> None:
    history.decided(one, occupied=5, expected_abandons=0.25 * one.calls, credit=credit, at_s=at_s)


def test_decisions_of_ten_seconds_are_one_slot() -> None:
    history = PacingHistory()
    decide(history, decision(Limit.RATE, calls=2, ready=3, in_flight=4, plan=PLAN), NOON + 1, credit=5.0)
    decide(history, decision(Limit.BUDGET, calls=0, ready=1, in_flight=6, ratio=2.5), NOON + 9.9, credit=4.5)
    assert history.take(NOON + 9.99) == []
    (slot,) = history.take(NOON + 10)
    assert (slot.start_s, slot.until_s, slot.mode) == (NOON, NOON + 10, "power")
    assert (slot.decisions, slot.planned, slot.calls) == (2, 1, 2)
    assert slot.limits == {"rate": 1, "budget": 1}
    assert (slot.ready, slot.staffed, slot.occupied, slot.in_flight, slot.lines_used) == (4, 16, 10, 10, 10)
    assert (slot.ratio, slot.expected_free, slot.expected_answers) == (4.0, 2.5, 1.5)
    assert (slot.chance, slot.threshold, slot.expected_abandons) == (0.25, 0.03, 0.5)
    assert slot.credit == 4.5, "the credit at the end"
    assert history.take(NOON + 99, everything=True) == [], "each slot once"


def test_answers_count_with_what_a_forecast_had_placed_apart() -> None:
    history = PacingHistory()
    for abandoned, forecast in ((False, True), (True, True), (True, False), (False, False)):
        history.answered(abandoned=abandoned, forecast=forecast, credit=1.0, at_s=NOON)
    (slot,) = history.take(NOON, everything=True)
    assert (slot.live, slot.abandoned, slot.forecast_live, slot.forecast_abandoned) == (4, 2, 2, 1)
    assert (slot.decisions, history.totals.live) == (0, 4)


def test_an_obstacle_is_told_in_the_slot() -> None:
    history = PacingHistory()
    decide(history, decision(calls=1, ready=1), NOON)
    history.stopped("Asterisk 'pbx' is not connected", credit=3.0, at_s=NOON + 1)
    (slot,) = history.take(NOON + 10)
    assert (slot.decisions, slot.stopped, slot.obstacle) == (1, 1, "Asterisk 'pbx' is not connected")


def test_a_quiet_minute_is_one_slot_and_ends_when_something_happens() -> None:
    history = PacingHistory()
    quiet = decision(Limit.NO_AGENTS, staffed=0)
    for second in range(75):
        decide(history, quiet, NOON + second)
    assert [(s.start_s - NOON, s.until_s - NOON, s.decisions) for s in history.take(NOON + 75)] == [(0, 60, 60)]
    decide(history, quiet, NOON + 80)
    decide(history, decision(calls=1, ready=1), NOON + 84)
    spans = [(s.start_s - NOON, s.until_s - NOON, s.calls) for s in history.take(NOON + 84, everything=True)]
    assert spans == [(60, 80, 0), (80, 90, 1)]


def test_another_reason_ends_a_quiet_slot() -> None:
    history = PacingHistory()
    for second in range(0, 40, 10):
        decide(history, decision(Limit.NO_AGENTS if second < 20 else Limit.LEADS), NOON + second)
    slots = history.take(NOON + 40, everything=True)
    assert [(s.start_s - NOON, s.until_s - NOON, dict(s.limits)) for s in slots] == [
        (0, 20, {"no_agents": 2}),
        (20, 40, {"leads": 2}),
    ]


def test_a_quiet_slot_that_nobody_prolongs_is_finished_after_a_minute() -> None:
    history = PacingHistory()
    history.stopped("no link", credit=0.0, at_s=NOON + 55)
    assert history.take(NOON + 109) == []
    assert len(history.take(NOON + 110)) == 1


def test_a_clock_set_back_begins_a_new_slot() -> None:
    history = PacingHistory()
    decide(history, decision(ready=1), NOON)
    decide(history, decision(ready=2), NOON - 3600)
    slots = history.take(NOON - 3600, everything=True)
    assert [(slot.start_s, slot.ready) for slot in slots] == [(NOON, 1), (NOON - 3600, 2)]


Step = tuple[str, float, int, int, Limit]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["decided", "planned", "quiet", "stopped", "answered", "abandoned", "take"]),
        st.one_of(st.floats(0, 12), st.floats(0, 100), st.floats(-40, 0)),
        st.integers(0, 5),
        st.integers(0, 9),
        st.sampled_from(Limit),
    ),
    max_size=60,
)


@given(STEPS)
def test_the_slots_sum_up_to_what_was_recorded(steps: list[Step]) -> None:
    history, slots, at_s = PacingHistory(), list[Slot](), NOON
    recorded: Counter[str] = Counter()
    limits: Counter[str] = Counter()
    for kind, wait_s, calls, ready, limit in steps:
        at_s += wait_s
        if kind == "take":
            slots += history.take(at_s)
        elif kind == "stopped":
            history.stopped(f"obstacle {ready % 2}", credit=0.0, at_s=at_s)
            recorded["stopped"] += 1
        elif kind in ("answered", "abandoned"):
            history.answered(abandoned=kind == "abandoned", forecast=ready > 4, credit=0.0, at_s=at_s)
            recorded["live"] += 1
            recorded["abandoned"] += kind == "abandoned"
            recorded["forecast_live"] += ready > 4
            recorded["forecast_abandoned"] += ready > 4 and kind == "abandoned"
        else:
            quiet = kind == "quiet"
            one = decision(
                Limit.NO_AGENTS if quiet else limit,
                calls=0 if quiet else calls,
                ready=0 if quiet else ready,
                in_flight=0 if quiet else calls,
                plan=PLAN if kind == "planned" else None,
            )
            decide(history, one, at_s)
            i = one.inputs
            limits[one.limit.value] += 1
            recorded.update(
                decisions=1, calls=one.calls, ready=i.ready, staffed=i.staffed, occupied=5, in_flight=i.in_flight,
                lines_used=i.lines_used,
            )  # fmt: skip
            for name, value in (
                ("ratio", one.ratio),
                ("expected_abandons", 0.25 * one.calls),
                *((name, getattr(PLAN, name)) for name in ("expected_free", "expected_answers", "chance", "threshold")
                  if i.plan is not None),
                ("planned", int(i.plan is not None)),
            ):  # fmt: skip
                recorded[name] += value  # type: ignore[assignment]
    slots += history.take(at_s, everything=True)
    for name in SUMS:
        assert sum(getattr(slot, name) for slot in slots) == pytest.approx(recorded[name]), name
    assert sum((slot.limits for slot in slots), Counter()) == limits
    assert history.totals.limited == limits
    for slot in slots:
        assert slot.start_s % SLOT_S == 0 and SLOT_S <= slot.until_s - slot.start_s <= QUIET_S
        assert slot.decisions + slot.stopped + slot.live > 0, "no empty slot is kept"
    if all(wait_s >= 0 for _, wait_s, *_ in steps):
        for before, after in pairwise(slots):
            assert before.until_s <= after.start_s, "slots do not overlap"


def test_every_sum_is_a_field_that_starts_at_nothing() -> None:
    empty = Slot(start_s=0, until_s=10)
    numbers = {name for name in Slot.__dataclass_fields__ if isinstance(getattr(empty, name), int | float)}
    assert numbers - {"start_s", "until_s", "credit"} == set(SUMS)
