"""The wall clock is stepped: who was abandoned stays in the window exactly as long as the store says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from dialerd.core.abandon_window import AbandonWindow
from dialerd.core.messages import LedgerLoaded, LoadLedger, LogEvent
from dialerd.core.moment import Moment
from dialerd.core.pacing.ledger import Counts, LedgerHistory
from dialerd.core.wall_clock import WallClock

from .stage import Stage
from .values import START, agent, campaign

DAY = {"abandon_window": AbandonWindow.ROLLING_24_HOURS}


def stepped(stage: Stage, by: timedelta) -> None:
    stage.now = Moment(stage.now.wall + by, stage.now.mono)


def warnings(stage: Stage) -> list[str]:
    return [c.text for c in stage.all(LogEvent) if c.level == "warning"]


@pytest.mark.parametrize(("step_s", "told_s"), [(59, 0), (-59, 0), (61, 61), (-3600, -3600), (1e9, 1e9)])
def test_a_step_is_told_once_and_a_slew_is_none(step_s: float, told_s: float) -> None:
    clock = WallClock()
    assert clock.step_s(START) == 0
    later = START.plus(100)
    assert clock.step_s(later) == 0, "both clocks ran"
    after = Moment(later.wall + timedelta(seconds=step_s), later.mono)
    assert clock.step_s(after) == pytest.approx(told_s)
    assert clock.step_s(after.plus(1)) == 0


@pytest.mark.parametrize("by", [timedelta(hours=5), timedelta(hours=-5), timedelta(days=400), timedelta(days=-400)])
def test_every_ledger_is_read_again_after_a_step(by: timedelta) -> None:
    stage = Stage(campaign(1, **DAY), campaign(2, **DAY), agents=[agent(1)])
    stage.wait(3)
    assert stage.all(LoadLedger) == [] and warnings(stage) == []
    stepped(stage, by)
    stage.wait(5)
    asked = stage.all(LoadLedger)
    assert sorted(ask.campaign_id for ask in asked) == [1, 2]
    (text,) = warnings(stage)
    assert text.startswith(f"the wall clock was {'put forward' if by > timedelta(0) else 'set back'} by ")
    told = LedgerHistory(rows=(Counts(stage.now.wall.timestamp() - 60, 7, 2),))
    stage.tell(LedgerLoaded(campaign_id=1, request=asked[0].request, history=told))
    assert stage.ledger() == (7, 2)


def test_a_call_that_is_up_during_the_step_counts_once_at_its_own_time() -> None:
    stage = Stage(campaign(**DAY), agents=[agent(1)])
    call = stage.dial()
    stage.answer(call)
    stage.ask(call)
    stepped(stage, timedelta(hours=3))
    stage.wait(2)
    (ask,) = stage.all(LoadLedger)
    stage.bridge(call)
    stage.tell(LedgerLoaded(campaign_id=1, request=ask.request, history=LedgerHistory()))
    assert stage.ledger() == (1, 0)
    stage.end(call)
    stage.wait(60)
    assert stage.ledger() == (1, 0)


def test_what_a_fast_clock_dropped_is_back_before_the_store_answers() -> None:
    """A clock five hours fast for a while: nothing may be risked in the second after it was put right."""
    stage = Stage(replace(campaign(**DAY), target_abandon_rate=0.03), agents=[agent(1)])
    run = stage.dialer.floor.campaigns[1]
    run.ledger.add(stage.now.wall.timestamp() - 20 * 3600, 50, 3)
    assert run.standing(stage.now).allowance == 0
    stepped(stage, timedelta(hours=5))
    stage.wait(2)
    assert run.standing(stage.now).abandoned == 0, "25 hours ago, by that clock"
    stepped(stage, timedelta(hours=-5))
    assert run.standing(stage.now).allowance == 0
    stage.wait(2)
    assert run.standing(stage.now).allowance == 0
