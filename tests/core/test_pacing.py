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
from dialerd.core.pacing.shares import Claimant, share_agents as agents_of, turn_at


def share_agents(claimants: list[Claimant], turn: int = 0) -> dict[int, int]:
    """How many agents each campaign gets."""
    return {campaign_id: len(agents) for campaign_id, agents in agents_of(claimants, turn).items()}


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
            st.booleans(),
        ),
        max_size=6,
    ),
    st.integers(0, 20),
)
def test_no_agent_is_counted_twice_nor_for_a_campaign_that_is_not_theirs(
    rows: list[tuple[frozenset[int], int, int, int, float, bool]], turn: int
) -> None:
    claimants = [
        Claimant(campaign_id=i, priority=p, ready=ready, in_flight=n, calls_per_agent=ratio, room=room, forecasts=f)
        for i, (ready, n, p, room, ratio, f) in enumerate(rows)
    ]
    own = agents_of(claimants, turn)
    counted = [agent for agents in own.values() for agent in agents]
    assert len(counted) == len(set(counted))
    assert all(claimant.ready.issuperset(own[claimant.campaign_id]) for claimant in claimants)
    for one in claimants:
        left = one.ready.difference(counted)
        wanted = one.agents_for(one.in_flight + one.room)
        assert not left or len(own[one.campaign_id]) >= wanted, "nobody is left over whom a campaign wants"
        assert not left or not (one.forecasts and one.room)


EQUALS = st.builds(
    lambda campaigns, **same: [Claimant(campaign_id=i, priority=50, **same) for i in range(1, campaigns + 1)],
    campaigns=st.integers(2, 5),
    ready=st.frozensets(st.integers(1, 30), max_size=12),
    in_flight=st.integers(0, 9),
    calls_per_agent=st.sampled_from([1.0, 1.5, 3.0]),
    room=st.integers(0, 9),
    forecasts=st.booleans(),
    busy=st.integers(0, 5),
)


@given(equals=EQUALS, since=st.integers(0, 50))
def test_equal_priority_and_equal_claims_are_equal_shares_and_the_odd_agents_go_round(
    equals: list[Claimant], since: int
) -> None:
    begin = since * len(equals)
    turns = [share_agents(equals, turn) for turn in range(begin, begin + len(equals))]
    assert all(max(own.values()) - min(own.values()) <= 1 for own in turns)
    assert len({sum(own[one.campaign_id] for own in turns) for one in equals}) == 1, "even over a round of turns"


@pytest.mark.parametrize("asleep", [1, 2, 3])
def test_a_campaign_that_wants_nothing_does_not_make_its_neighbours_turns_longer(asleep: int) -> None:
    three = [claimant(i, *range(9), room=0 if i == asleep else 9) for i in (1, 2, 3)]
    totals = [sum(share_agents(three, turn)[i] for turn in range(6)) for i in (1, 2, 3) if i != asleep]
    assert totals == [27, 27]


@given(equals=EQUALS, turn=st.integers(0, 50))
def test_a_higher_priority_comes_first_whoevers_turn_it_is(equals: list[Claimant], turn: int) -> None:
    first, *others = equals
    own = share_agents([replace(first, priority=60), *others], turn)
    assert own[first.campaign_id] >= min(len(first.ready), first.kept())
    rest = len(first.ready) - sum(min(len(one.ready), max(0, one.kept())) for one in others)
    assert own[first.campaign_id] >= min(rest, first.agents_for(first.in_flight + first.room))


def test_equals_share_the_agents_of_both_and_keep_their_own() -> None:
    assert share_agents([claimant(1, 1, 2, 3, 4, 5), claimant(2, 2, 3, 4, 5)]) == {1: 3, 2: 2}
    assert share_agents([claimant(1, 1, 2, 3, 4), claimant(2, 1, 2, 3, 4, room=1)]) == {1: 3, 2: 1}


def test_the_odd_agent_changes_hands_every_minute() -> None:
    both = [claimant(1, 7), claimant(2, 7)]
    assert [share_agents(both, turn_at(mono))[1] for mono in (0.0, 59.9, 60.0, 119.9, 120.0)] == [1, 1, 0, 0, 0]
    assert [share_agents(both, turn_at(60.0 * n))[1] for n in range(8)] == [1, 0, 0, 1, 1, 0, 0, 1]


def test_who_has_more_agents_on_the_phone_waits_until_the_others_have_as_many() -> None:
    for turn in range(4):
        both = [claimant(1, 7, 8, 9, busy=2), claimant(2, 7, 8, 9)]
        assert share_agents(both, turn)[2] in (2, 3)
        assert share_agents([replace(both[0], busy=9), both[1]], turn) == {1: 0, 2: 3}
        assert share_agents([replace(both[0], busy=9), replace(both[1], room=1)], turn) == {1: 2, 2: 1}
        assert share_agents([replace(both[0], busy=9, priority=60), both[1]], turn) == {1: 3, 2: 0}


def test_calls_that_were_placed_for_busy_agents_keep_no_ready_ones_from_the_others() -> None:
    many = claimant(1, 7, 8, 9, in_flight=30, calls_per_agent=3.0, forecasts=True, busy=26)
    few = claimant(2, 7, 8, 9, calls_per_agent=3.0, forecasts=True)
    assert share_agents([many, few]) == {1: 0, 2: 3}
    assert share_agents([replace(many, busy=8), few]) == {1: 2, 2: 1}


def test_the_agent_of_a_call_in_flight_is_its_campaigns_beyond_its_turn() -> None:
    for turn in range(4):
        assert share_agents([claimant(1, 7, in_flight=1), claimant(2, 7)], turn) == {1: 1, 2: 0}
