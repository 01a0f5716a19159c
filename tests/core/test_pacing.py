"""Pacing decisions, the rate bucket and the sharing of agents, as values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from dialerd.core.campaign import DialMode
from dialerd.core.dialer import PACERS
from dialerd.core.pacing import Limit, PacingInputs, decide
from dialerd.core.pacing.rate import CallRate
from dialerd.core.pacing.shares import Claimant, share_agents as agents_of


def share_agents(claimants: list[Claimant]) -> dict[int, int]:
    """How many agents each campaign gets."""
    return {campaign_id: len(agents) for campaign_id, agents in agents_of(claimants).items()}


def inputs(**changes: Any) -> PacingInputs:
    """Four of four agents ready and nothing in the way."""
    values: dict[str, Any] = {
        "mode": DialMode.PROGRESSIVE, "dial_ratio": 1.0, "ready": 4, "staffed": 4, "in_flight": 0, "lines_used": 0,
        "max_lines": 50, "trunk_free": 50, "rate_free": 50,
    }  # fmt: skip
    return PacingInputs(**(values | changes))


PREDICTIVE = {"mode": DialMode.PREDICTIVE, "max_dial_ratio": 10.0}
POWER = {"mode": DialMode.POWER, "dial_ratio": 2.5, "abandon_allowance": 50}


@pytest.mark.parametrize(
    ("changes", "calls", "limit"),
    [
        ({}, 4, Limit.NONE),
        ({"in_flight": 3}, 1, Limit.NONE),
        ({"in_flight": 4}, 0, Limit.AGENTS),
        ({"in_flight": 9}, 0, Limit.AGENTS),
        ({"ready": 0}, 0, Limit.AGENTS),
        ({"staffed": 0}, 0, Limit.NO_AGENTS),
        ({"staffed": 0, "ready": 0}, 0, Limit.NO_AGENTS),
        ({"max_lines": 2}, 2, Limit.LINES),
        ({"max_lines": 2, "lines_used": 5}, 0, Limit.LINES),
        ({"trunk_free": 1}, 1, Limit.TRUNK),
        ({"trunk_free": -3}, 0, Limit.TRUNK),
        ({"rate_free": 3}, 3, Limit.RATE),
        ({"rate_free": -2}, 0, Limit.RATE),
        (POWER, 10, Limit.NONE),
        (POWER | {"ready": 1}, 2, Limit.NONE),
        (POWER | {"in_flight": 8}, 2, Limit.NONE),
        (POWER | {"staffed": 0}, 0, Limit.NO_AGENTS),
        (POWER | {"abandon_allowance": 0}, 4, Limit.BUDGET),
        (POWER | {"abandon_allowance": 3}, 7, Limit.BUDGET),
        (POWER | {"abandon_allowance": 3, "in_flight": 7}, 0, Limit.BUDGET),
        (POWER | {"abandon_allowance": 3, "in_flight": 10}, 0, Limit.AGENTS),
        (POWER | {"abandon_allowance": 0, "ready": 0}, 0, Limit.AGENTS),
        (POWER | {"abandon_allowance": 0, "max_lines": 3}, 3, Limit.LINES),
        ({"abandon_allowance": 0}, 4, Limit.NONE),
        (PREDICTIVE | {"min_dial_ratio": 2.0, "abandon_allowance": 0}, 4, Limit.BUDGET),
        (PREDICTIVE | {"min_dial_ratio": 2.0, "abandon_allowance": 3, "in_flight": 7}, 0, Limit.BUDGET),
        (PREDICTIVE | {"min_dial_ratio": 2.0, "abandon_allowance": 4}, 8, Limit.NONE),
    ],
)
def test_decisions(changes: dict[str, Any], calls: int, limit: Limit) -> None:
    decision = decide(inputs(**changes), PACERS)
    assert (decision.calls, decision.limit) == (calls, limit)


def test_the_text_kept_with_the_attempt_names_what_it_rested_on() -> None:
    text = decide(inputs(lines_used=3, max_lines=5), PACERS).text()
    assert text == ("progressive calls=2 limit=lines ratio=1.00 ready=4 staffed=4 in_flight=0 lines=3/5 trunk_free=50")


@given(
    steps=st.lists(st.tuples(st.floats(0, 3), st.integers(0, 9)), min_size=1, max_size=40),
    per_second=st.floats(0.1, 20),
)
def test_the_rate_is_kept_over_any_stretch(steps: list[tuple[float, int]], per_second: float) -> None:
    rate, now, taken = CallRate(per_second), 50.0, 0
    for pause, wanted in steps:
        now += pause
        calls = min(wanted, rate.free(now))
        assert calls >= 0 or rate.free(now) < 0
        rate.take(max(0, calls), now)
        taken += max(0, calls)
        assert taken <= max(1.0, per_second) + (now - 50.0) * per_second + 1e-6


def test_a_clock_that_stands_still_gives_no_new_calls() -> None:
    rate = CallRate(2.0)
    rate.take(2, 10.0)
    assert [rate.free(10.0), rate.free(10.0), rate.free(10.5), rate.free(11.0), rate.free(99.0)] == [0, 0, 1, 2, 2]


def claimant(campaign_id: int, *ready: int, in_flight: int = 0, priority: int = 50, **more: Any) -> Claimant:
    """A progressive campaign with all the room it wants."""
    values: dict[str, Any] = {"calls_per_agent": 1.0, "room": 99} | more
    return Claimant(campaign_id=campaign_id, priority=priority, ready=frozenset(ready), in_flight=in_flight, **values)


def test_the_higher_priority_gets_the_shared_agents() -> None:
    assert share_agents([claimant(1, 1, 2, 3), claimant(2, 2, 3, 4, priority=60)]) == {1: 1, 2: 3}


def test_agents_of_calls_in_flight_are_kept() -> None:
    assert share_agents([claimant(1, 1, 2, in_flight=2), claimant(2, 1, 2, priority=99)]) == {1: 2, 2: 0}


def test_agents_of_one_campaign_are_used_up_first() -> None:
    assert share_agents([claimant(1, 1, 2, priority=60, room=1), claimant(2, 1)]) == {1: 1, 2: 1}


@pytest.mark.parametrize("room", [0, 1])
def test_a_campaign_without_room_leaves_its_agents_to_the_others(room: int) -> None:
    assert share_agents([claimant(1, 1, 2, 3, priority=60, room=room), claimant(2, 1, 2, 3)]) == {1: room, 2: 3 - room}


def test_agents_whom_nobody_else_has_room_for_are_counted_on_by_who_forecasts() -> None:
    forecasts = Claimant(
        campaign_id=1, priority=50, ready=frozenset(range(20)), in_flight=0, calls_per_agent=5.0, room=10,
        forecasts=True,
    )  # fmt: skip
    other = Claimant(
        campaign_id=2, priority=10, ready=frozenset(range(10, 20)), in_flight=0, calls_per_agent=1.0, room=4
    )
    assert share_agents([forecasts, other]) == {1: 16, 2: 4}
    assert share_agents([replace(forecasts, room=0), other]) == {1: 0, 2: 4}, "without leads or lines it needs nobody"


def test_power_needs_an_agent_for_each_call_that_the_ledger_does_not_allow_beyond() -> None:
    claimant = Claimant(
        campaign_id=1, priority=50, ready=frozenset(range(100)), in_flight=20, calls_per_agent=10.0, room=60, spare=30
    )
    assert share_agents([claimant]) == {1: 50}


def test_power_needs_fewer_agents_for_its_calls() -> None:
    own = share_agents(
        [claimant(1, 1, 2, 3, in_flight=3, calls_per_agent=2.0, room=0, priority=60), claimant(2, 1, 2, 3)]
    )
    assert own == {1: 2, 2: 1}


@pytest.mark.parametrize("ratio", [float("nan"), 0.0, -1.0, float("inf")])
def test_a_broken_ratio_harms_nobody_else(ratio: float) -> None:
    own = share_agents([claimant(1, 1, in_flight=1, calls_per_agent=ratio, priority=60), claimant(2, 2)])
    assert own[2] == 1


@given(
    st.lists(
        st.tuples(
            st.frozensets(st.integers(1, 8)),
            st.integers(0, 6),
            st.integers(1, 3),
            st.integers(0, 9),
            st.sampled_from([1.0, 1.5, 3.0]),
        ),
        max_size=6,
    )
)
def test_no_agent_is_counted_twice_nor_for_a_campaign_that_is_not_theirs(
    rows: list[tuple[frozenset[int], int, int, int, float]],
) -> None:
    claimants = [
        Claimant(campaign_id=i, priority=p, ready=ready, in_flight=n, calls_per_agent=ratio, room=room)
        for i, (ready, n, p, room, ratio) in enumerate(rows)
    ]
    own = share_agents(claimants)
    everybody = frozenset().union(*(c.ready for c in claimants)) if claimants else frozenset()
    assert sum(own.values()) <= len(everybody)
    assert all(0 <= own[c.campaign_id] <= len(c.ready) for c in claimants)
