"""What a what-if measures, on logs and calls small enough to reckon by hand."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dialerd.core.abandon_window import AbandonWindow
from dialerd.core.agent import AgentState
from dialerd.core.call import Attempt, Status
from dialerd.core.campaign import Campaign
from dialerd.core.messages import SaveAgentState
from dialerd.simulation.measures import Measures, ever_above, pooled, waits
from dialerd.simulation.what_if import START

S = AgentState


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def log(*rows: tuple[int, AgentState, float]) -> list[SaveAgentState]:
    return [SaveAgentState(agent_id=agent, state=state, reason="", at=at(when)) for agent, state, when in rows]


def live(seconds: float, abandoned: bool = False) -> Attempt:
    return Attempt(
        id=1, campaign_id=1, list_id=1, lead_id=1, number="1", node="n", trunk="t", channel_id="c", token="t",
        dial_mode="predictive", created_at=at(seconds), answered_at=at(seconds), live_answer=True,
        status=Status.ABANDONED if abandoned else Status.ANSWERED,
    )  # fmt: skip


def judged(window: AbandonWindow, **changed: Any) -> Campaign:
    return Campaign(id=1, name="x", abandon_window=window, target_abandon_rate=0.03, **changed)


def measures(**changed: object) -> Measures:
    values: dict[str, object] = {
        "runs": 1, "talk_s": 1800.0, "wrap_up_s": 900.0, "waiting_s": 900.0, "dials": 200, "answers": 50,
        "abandoned": 1, "contacts": 49, "waits_s": tuple(float(s) for s in range(1, 11)), "runs_above": 0,
        "peak_lines": 7, **changed,
    }  # fmt: skip
    return Measures(**values)  # type: ignore[arg-type]


def test_a_wait_is_from_wrap_up_to_the_next_talk_and_a_break_ends_it() -> None:
    rows = log(
        (1, S.READY, 0), (1, S.ON_CALL, 50),  # before the first call: no pause between two
        (2, S.ON_CALL, 55), (1, S.WRAP_UP, 60), (1, S.READY, 70), (1, S.RESERVED, 75), (1, S.ON_CALL, 80),
        (2, S.WRAP_UP, 81), (2, S.READY, 85), (2, S.PAUSED, 90), (2, S.READY, 100), (2, S.ON_CALL, 120),
        (1, S.WRAP_UP, 130), (1, S.READY, 131), (1, S.RESERVED, 132), (1, S.READY, 133), (1, S.ON_CALL, 138),
    )  # fmt: skip
    assert waits(rows) == [10.0, 7.0]


def test_rates_follow_from_counts() -> None:
    one = measures()
    assert one.occupancy == 0.75 and one.staffed_hours == 1.0
    assert one.abandon_rate == 0.02 and one.dials_per_answer == 4.0
    assert one.contacts_per_agent_hour == 49.0 and one.talk_minutes_per_agent_hour == 30.0
    assert one.mean_wait_s == 5.5 and one.p90_wait_s == 9.0
    nothing = measures(
        talk_s=0.0, wrap_up_s=0.0, waiting_s=0.0, dials=0, answers=0, abandoned=0, contacts=0, waits_s=()
    )
    assert (nothing.occupancy, nothing.abandon_rate, nothing.dials_per_answer, nothing.p90_wait_s) == (0, 0, None, None)


def test_runs_are_pooled_as_sums_so_that_long_ones_count_more() -> None:
    both = pooled([measures(), measures(waiting_s=9900.0, runs_above=1, peak_lines=9)])
    assert both.runs == 2 and both.runs_above == 1 and both.peak_lines == 9
    assert both.occupancy == pytest.approx(5400 / 16200) and len(both.waits_s) == 20


def test_a_rolling_window_is_judged_at_every_moment_a_calendar_window_at_its_end() -> None:
    calls = [live(n, abandoned=n in (110, 112, 114, 116)) for n in range(1, 120)]
    later = [live(200 + n) for n in range(100)]
    assert ever_above(calls + later, judged(AbandonWindow.ROLLING_30_DAYS), at(400).timestamp()), (
        "4 of 116, for a moment"
    )
    assert not ever_above(calls + later, judged(AbandonWindow.DAY), at(400).timestamp()), "4 of 219 at its end"
    assert ever_above(calls, judged(AbandonWindow.DAY), at(400).timestamp())


def test_before_a_hundred_answers_three_abandons_are_allowed() -> None:
    three = [live(n, abandoned=n < 3) for n in range(20)]
    four = [live(n, abandoned=n < 4) for n in range(20)]
    for window in (AbandonWindow.ROLLING_24_HOURS, AbandonWindow.SUCCESSIVE_30_DAYS):
        assert not ever_above(three, judged(window), at(30).timestamp())
        assert ever_above(four, judged(window), at(30).timestamp())


def test_a_day_that_ended_in_the_run_is_judged_at_the_campaigns_own_midnight() -> None:
    bad = [live(n, abandoned=n < 5) for n in range(110)]
    morrow = [live(16 * 3600 + n) for n in range(110)]  # 01:00 UTC of the next day
    end = at(17 * 3600).timestamp()
    assert ever_above(bad + morrow, judged(AbandonWindow.DAY), end), "5 of 110 at midnight"
    assert not ever_above(bad + morrow, judged(AbandonWindow.DAY, zone=ZoneInfo("America/New_York")), end), "5 of 220"


def test_amd_losses_count_where_the_law_puts_them_inside() -> None:
    calls = [live(n, abandoned=n < 2) for n in range(110)]
    machine = [dataclasses.replace(live(200 + n), live_answer=False, status=Status.MACHINE) for n in range(100)]
    end = at(400).timestamp()
    for window in (AbandonWindow.ROLLING_24_HOURS, AbandonWindow.DAY):
        assert not ever_above(calls + machine, judged(window, amd_false_positive_rate=0.02), end)
        inside = judged(window, amd_false_positive_rate=0.02, amd_losses_inside=True)
        assert ever_above(calls + machine, inside, end), "2 + 2 of 110"
