"""The small owners: deadlines, the hour's statistics, dispositions and what they make of a lead, the roster."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from dialerd.core.agent import AgentState
from dialerd.core.call import Attempt, Status
from dialerd.core.deadlines import Deadlines, Wait
from dialerd.core.dispositions import BUILT_IN, Disposition, definitions, lead_outcome, system_disposition
from dialerd.core.lead import LeadState
from dialerd.core.roster import Roster
from dialerd.core.statistics import HourStatistics

from .values import NODE, START, agent

# -- deadlines


def test_deadlines_come_due_in_order_and_once() -> None:
    waits = Deadlines()
    waits.set(Wait.LIMIT, 1, 5.0)
    waits.set(Wait.DIAL, 2, 3.0)
    waits.set(Wait.DIAL, 3, 9.0)
    assert waits.next() == 3.0
    assert waits.pop_due(5.0) == [(Wait.DIAL, 2), (Wait.LIMIT, 1)]
    assert waits.pop_due(5.0) == []
    assert waits.next() == 9.0


def test_a_moved_deadline_counts_once_and_a_cancelled_one_never() -> None:
    waits = Deadlines()
    for at in (5.0, 9.0, 5.0):
        waits.set(Wait.LIMIT, 1, at)
    waits.set(Wait.DIAL, 1, 4.0)
    waits.cancel(Wait.DIAL, 1)
    waits.cancel(Wait.DIAL, 77)
    assert waits.pop_due(20.0) == [(Wait.LIMIT, 1)]
    assert waits.next() is None


@given(
    st.lists(st.tuples(st.sampled_from(["set", "cancel", "pop"]), st.integers(0, 3), st.integers(0, 20)), max_size=60)
)
def test_deadlines_behave_like_a_plain_dictionary(steps: list[tuple[str, int, int]]) -> None:
    waits, plain = Deadlines(), dict[int, int]()
    for what, of, at in steps:
        if what == "set":
            waits.set(Wait.DIAL, of, at)
            plain[of] = at
        elif what == "cancel":
            waits.cancel(Wait.DIAL, of)
            plain.pop(of, None)
        else:
            due = {key for _, key in waits.pop_due(at)}
            assert due == {key for key, when in plain.items() if when <= at}
            plain = {key: when for key, when in plain.items() if when > at}
        assert waits.next() == min(plain.values(), default=None)
        assert all(waits.waiting(Wait.DIAL, key) == (key in plain) for key in range(4))


# -- the hour


def ended(status: Status = Status.ANSWERED, **changes: Any) -> Attempt:
    """A finished attempt: 10 s of ringing, 2 s of waiting, 60 s of talk."""
    values: dict[str, Any] = {
        "id": 1, "campaign_id": 1, "list_id": 1, "lead_id": 1, "number": "1", "node": NODE, "trunk": "out",
        "channel_id": "c", "token": "t", "dial_mode": "power", "created_at": START.wall, "status": status,
        "ringing_at": START.plus(1).wall, "answered_at": START.plus(11).wall, "bridged_at": START.plus(13).wall,
        "ended_at": START.plus(73).wall, "live_answer": True,
    }  # fmt: skip
    return Attempt(**(values | changes))


def test_the_sums_of_the_hour() -> None:
    hour = HourStatistics()
    hour.add(ended(), 600.0)
    hour.add(ended(Status.MACHINE, live_answer=False, bridged_at=None), 610.0)
    hour.add(ended(Status.ABANDONED, bridged_at=None), 615.0)
    hour.add(ended(Status.BUSY, ringing_at=None, answered_at=None, bridged_at=None, live_answer=False), 615.0)
    sums = hour.last(60, 620.0)
    assert (sums.calls, sums.answered, sums.live, sums.machines, sums.abandoned) == (4, 3, 2, 1, 1)
    assert (sums.talks, sums.talk_s, sums.rings, sums.ring_s) == (1, 60.0, 3, 30.0)


def test_old_minutes_are_forgotten() -> None:
    hour = HourStatistics()
    for minute in range(500):
        hour.add(ended(), minute * 60.0)
    assert len(hour.buckets) <= 60
    now = 499 * 60.0
    assert [hour.last(n, now).calls for n in (1, 5, 60)] == [1, 5, 60]
    assert hour.last(60, now + 3600).calls == 0


def test_the_steps_of_a_call_in_seconds() -> None:
    assert (ended().ring_s(), ended().wait_s(), ended().talk_s()) == (10.0, 2.0, 60.0)
    unanswered = ended(Status.BUSY, answered_at=None, bridged_at=None)
    assert (unanswered.ring_s(), unanswered.wait_s(), unanswered.talk_s()) == (72.0, None, None)
    stepped_back = ended(ended_at=START.plus(5).wall)
    assert stepped_back.talk_s() == 0.0


def test_a_snapshot_is_not_touched_by_later_changes() -> None:
    attempt = ended()
    copy = attempt.snapshot()
    attempt.status = Status.LOST
    assert copy.status is Status.ANSWERED


# -- dispositions


def outcome(
    code: str, status: Status = Status.ANSWERED, *, so_far: int = 1, callback_after: float | None = None
) -> Any:
    """What a closed attempt makes of its lead: three attempts allowed, an hour between them."""
    at = START.plus(callback_after).wall if callback_after is not None else None
    return lead_outcome(
        ended(status), definitions()[code], attempts_so_far=so_far, max_attempts=3, retry_delay_s=3600, callback_at=at
    )


END = START.plus(73).wall


@pytest.mark.parametrize(
    ("code", "status", "so_far", "state", "due"),
    [
        ("sale", Status.ANSWERED, 1, LeadState.COMPLETED, None),
        ("dnc", Status.ANSWERED, 1, LeadState.DNC, None),
        ("callback", Status.ANSWERED, 3, LeadState.CALLBACK, END + timedelta(hours=1)),
        ("busy", Status.BUSY, 2, LeadState.RETRY, END + timedelta(hours=1)),
        ("busy", Status.BUSY, 3, LeadState.EXHAUSTED, None),
        ("invalid_number", Status.INVALID_NUMBER, 1, LeadState.INVALID, None),
        ("cancelled", Status.CANCELLED, 3, LeadState.RETRY, END + timedelta(hours=1)),
        ("abandoned", Status.ABANDONED, 1, LeadState.RETRY, END + timedelta(hours=1)),
    ],
)
def test_what_becomes_of_the_lead(code: str, status: Status, so_far: int, state: LeadState, due: Any) -> None:
    result = outcome(code, status, so_far=so_far)
    assert (result.state, result.next_attempt_at) == (state, due)
    assert result.counts_as_attempt is (status is not Status.CANCELLED)


def test_a_call_cancelled_before_the_phone_rang_is_due_again_at_once() -> None:
    unheard = ended(Status.CANCELLED, ringing_at=None)
    result = lead_outcome(unheard, definitions()["cancelled"], attempts_so_far=3, max_attempts=3, retry_delay_s=3600)
    assert (result.state, result.next_attempt_at) == (LeadState.RETRY, END)


def test_the_promised_time_is_the_next_attempt() -> None:
    assert outcome("callback", callback_after=9000).next_attempt_at == START.plus(9000).wall


@pytest.mark.parametrize("status", Status)
def test_every_status_has_a_disposition_of_its_own(status: Status) -> None:
    code = system_disposition(status, "no_disposition")
    assert code in definitions()
    assert (code == "no_disposition") == (status is Status.ANSWERED)


def test_an_operators_own_dispositions_cannot_hide_the_built_in_ones() -> None:
    mine = Disposition(code="busy", label="Mine", is_sale=True)
    known = definitions((mine, Disposition(code="vip", label="VIP")))
    assert known["busy"] in BUILT_IN
    assert known["vip"].label == "VIP"


# -- the roster


def test_the_longest_idle_agent_is_next_and_phones_to_be_rung_come_last() -> None:
    roster = Roster()
    for i, idle_s in ((1, 5), (2, 50), (3, 500)):
        seat = roster.put(agent(i, on_hook=i == 3), START)
        seat.state, seat.since = AgentState.READY, START.plus(-idle_s)
    picked = [roster.longest_idle(1, frozenset(but)) for but in ([], [2], [1, 2], [1, 2, 3])]
    assert [seat.profile.id if seat else None for seat in picked] == [2, 1, 3, None]
    assert roster.longest_idle(99) is None


def test_a_new_profile_keeps_the_live_state() -> None:
    roster = Roster()
    roster.put(agent(1), START).state = AgentState.ON_CALL
    seat = roster.put(agent(1, campaigns=(7,)), START.plus(9))
    assert (seat.state, seat.since, seat.serves(7), seat.serves(1)) == (AgentState.ON_CALL, START, True, False)
