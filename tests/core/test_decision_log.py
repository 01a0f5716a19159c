"""Tests of dialerd.core.decision_log: what decisions leave behind for the store, and what is told of them, once."""

from __future__ import annotations

import time

import pytest

from dialerd.core.campaign import CampaignVerb, DialMode
from dialerd.core.dialer import PACERS
from dialerd.core.messages import (
    AgentPause,
    CallEnded,
    CampaignOrder,
    LogEvent,
    Originate,
    SavePacingSlot,
    ShutdownBegan,
)
from dialerd.core.pacing import Limit, PacingInputs
from dialerd.core.pacing.history import Slot
from dialerd.core.picture import picture

from .stage import Stage
from .values import agent, campaign


def slots(stage: Stage, campaign_id: int = 1) -> list[Slot]:
    return [command.slot for command in stage.all(SavePacingSlot) if command.campaign_id == campaign_id]


def told(stage: Stage) -> list[str]:
    return [line.text for line in stage.all(LogEvent) if line.campaign_id == 1 and line.level == "info"]


def test_slots_hold_every_call_and_every_decision_says_what_limited_it() -> None:
    stage = Stage(campaign(), agents=[agent(i) for i in (1, 2, 3)])
    stage.wait(35)
    kept = slots(stage)
    assert len(kept) == 3
    assert sum(slot.calls for slot in kept) == len(stage.all(Originate)) == 3
    assert all(sum(slot.limits.values()) == slot.decisions >= 10 for slot in kept)
    assert kept[1].limits == {"agents": kept[1].decisions} and kept[1].in_flight == 3 * kept[1].decisions
    assert [slot.mode for slot in kept] == ["progressive"] * 3


def test_occupied_are_agents_who_talk_or_wrap_up() -> None:
    stage = Stage(campaign(wrapup_time_s=60.0), agents=[agent(i) for i in (1, 2, 3, 4)])
    stage.wait(2)
    first, second, *_ = [order.attempt_id for order in stage.all(Originate)]
    stage.meet(first)
    stage.meet(second)
    stage.tell(CallEnded(attempt_id=first, hangup_cause=16))
    stage.wait(18)
    slot = slots(stage)[-1]
    assert (slot.staffed, slot.occupied) == (4 * slot.decisions, 2 * slot.decisions)


@pytest.mark.parametrize("mode", list(DialMode))
def test_every_mode_leaves_slots(mode: DialMode) -> None:
    stage = Stage(campaign(dial_mode=mode), agents=[agent()], leads=400)
    stage.wait(25)
    kept = slots(stage)
    assert {slot.mode for slot in kept} == {mode.value}
    assert (sum(slot.planned for slot in kept) > 0) is (mode is DialMode.PREDICTIVE)


def test_the_forecast_and_what_became_of_it_are_in_the_slots_as_in_the_budget() -> None:
    stage = Stage(
        campaign(dial_mode=DialMode.PREDICTIVE, max_dial_ratio=10.0), agents=[agent(i) for i in (1, 2)], leads=400
    )
    stage.wait(3)
    first, second, third = [order.attempt_id for order in stage.all(Originate)[:3]]
    stage.meet(first)
    stage.meet(second)
    stage.answer(third)
    stage.ask(third)  # no agent is left
    stage.wait(5)
    for call in (first, second, third):
        stage.end(call)
    stage.wait(60)
    run, kept = stage.dialer.floor.campaigns[1], slots(stage)
    open_slots = run.history.take(0.0, everything=True)
    kept += open_slots
    assert sum(slot.expected_abandons for slot in kept) == pytest.approx(run.pacer.budget.predicted)
    assert run.pacer.budget.predicted > 0
    assert sum(slot.forecast_abandoned for slot in kept) == run.pacer.budget.realised == 1
    assert sum(slot.abandoned for slot in kept) == 1
    assert kept[-1].credit == run.standing(stage.now).credit


def test_a_paused_campaign_writes_no_slots_but_its_last_calls_count() -> None:
    stage = Stage(campaign(), agents=[agent()])
    call = stage.dial()
    stage.meet(call)
    stage.tell(CampaignOrder(campaign_id=1, verb=CampaignVerb.PAUSE))
    stage.wait(60)
    assert [slot.live for slot in slots(stage)] == [0]
    stage.end(call)
    stage.wait(60)
    assert [(slot.decisions > 0, slot.live) for slot in slots(stage)] == [(True, 0), (False, 1)]


def test_an_obstacle_is_told_at_once_and_once_and_stands_in_the_slot() -> None:
    stage = Stage(campaign(), agents=[agent()])
    stage.wait(15)
    before = len(told(stage))
    stage.lose_link()
    stage.wait(100)
    (line,) = told(stage)[before:]
    assert line == "campaign c1 does not dial: Asterisk pbx1 is not connected: cable"
    assert slots(stage)[-1].obstacle == "Asterisk pbx1 is not connected: cable"
    assert slots(stage)[-1].stopped > 0 == slots(stage)[-1].decisions
    stage.connect()
    stage.wait(30)
    assert len(told(stage)) == before + 2, "and that it is over"


def test_a_lasting_change_of_limit_is_told_once_with_the_dial_ratio() -> None:
    stage = Stage(campaign(), agents=[agent()])
    stage.wait(60)
    assert told(stage) == [
        "campaign c1 is limited by its agents: every free agent has calls on the way "
        "(dial ratio 1.00; 1 ready of 1 staffed, 1 in flight, 1 lines)"
    ]
    stage.tell(AgentPause(agent_id=1, reason="lunch"))
    stage.wait(15)
    assert len(told(stage)) == 1, "it must last before it is told"
    stage.wait(60)
    assert told(stage)[1:] == [
        "campaign c1 is limited by agents: nobody is staffed "
        "(dial ratio 1.00; 0 ready of 0 staffed, 1 in flight, 1 lines)"
    ]


def test_limits_that_take_turns_are_told_as_the_most_frequent_one() -> None:
    turns = 0

    def turning(i: PacingInputs) -> tuple[int, float]:
        """Two decisions of three are held by max_lines, one by the agents."""
        nonlocal turns
        turns += 1
        return (40 if turns % 3 else 0), 2.0

    stage = Stage(
        campaign(max_lines=1), agents=[agent(), agent(2)], pacers={**PACERS, DialMode.PROGRESSIVE: turning}, leads=400
    )
    stage.wait(120)
    seen = slots(stage)[5].limits
    assert seen["lines"] > seen["agents"] > 0
    (line,) = told(stage)
    assert line.startswith("campaign c1 is limited by max_lines (dial ratio 2.00; ")


def test_in_preview_mode_it_is_the_agents_acceptance_that_is_told() -> None:
    stage = Stage(campaign(dial_mode=DialMode.PREVIEW, preview_time_s=600.0), agents=[agent()])
    stage.wait(40)
    (line,) = told(stage)
    assert line.startswith("campaign c1 is limited by its agents: nobody has accepted another lead (dial ratio ")


def test_a_fault_is_kept_like_an_obstacle() -> None:
    def broken(_: PacingInputs) -> tuple[int, float]:
        raise ZeroDivisionError("injected")

    stage = Stage(campaign(), agents=[agent()], pacers={**PACERS, DialMode.PROGRESSIVE: broken})
    stage.wait(70)
    assert slots(stage)[0].obstacle == "pacing failed: ZeroDivisionError: injected"


def test_a_shutdown_hands_over_what_is_not_finished_and_says_nothing_more() -> None:
    stage = Stage(campaign(), agents=[agent()])
    call = stage.dial()
    stage.meet(call)
    stage.wait(2)
    stage.tell(ShutdownBegan())
    assert [slot.calls for slot in slots(stage)] == [1]
    stage.end(call)
    stage.wait(60)
    assert [slot.live for slot in slots(stage)] == [0, 1]
    assert told(stage) == []


def test_keeping_a_decision_costs_little_with_500_agents() -> None:
    stage = Stage(campaign(), agents=[agent(i) for i in range(1, 501)], leads=0)
    stage.wait(3)
    run, dialling = stage.dialer.floor.campaigns[1], stage.dialer.dialling
    decision = run.decision
    assert decision is not None
    best = 1.0
    for _ in range(20):
        began = time.perf_counter()
        dialling.told.decided(run, decision, 0.0, stage.now)
        best = min(best, time.perf_counter() - began)
    assert best < 0.002


def test_status_counts_decisions_calls_limits_and_people_since_the_start() -> None:
    stage = Stage(campaign(), agents=[agent(i) for i in (1, 2, 3)])
    stage.wait(3)
    first, second, _ = [order.attempt_id for order in stage.all(Originate)]
    stage.meet(first)
    stage.answer(second)  # nobody asks for it: it is ended by the far end
    stage.end(second)
    stage.wait(5)
    stage.end(first)
    stage.wait(60)
    floor, dialling = stage.dialer.floor, stage.dialer.dialling
    (row,) = picture(floor, dialling, stage.now)["campaigns"]
    totals, run = row["pacing"]["totals"], floor.campaigns[1]
    assert set(totals["limited_total"]) == {limit.value for limit in Limit}
    assert sum(totals["limited_total"].values()) == totals["decisions_total"] > 60
    assert totals["calls_placed_total"] == len(stage.all(Originate)) > 3
    assert totals["live_total"] == run.standing(stage.now).live >= 1
    assert totals["abandoned_total"] == run.standing(stage.now).abandoned
    assert totals["expected_abandons_total"] == 0.0, "a progressive campaign forecasts nothing"


@pytest.mark.parametrize("mode", [DialMode.PROGRESSIVE, DialMode.POWER, DialMode.PREDICTIVE])
def test_above_max_abandon_rate_the_limit_is_the_budget_everywhere(mode: DialMode) -> None:
    stage = Stage(campaign(dial_mode=mode, dial_ratio=2.0), agents=[agent(), agent(2)], leads=400)
    stage.wait(3)
    run = stage.dialer.floor.campaigns[1]
    run.ledger.add(stage.now.wall.timestamp(), 100, 9)
    placed = run.history.totals.calls
    stage.wait(60)
    assert run.history.totals.calls == placed
    slot = slots(stage)[-1]
    assert slot.limits == {"budget": slot.decisions} and slot.stopped == 0 and slot.staffed == 2 * slot.decisions
    assert "is above max_abandon_rate 5 %: dialling has stopped itself" in slot.obstacle
    (shown,) = picture(stage.dialer.floor, stage.dialer.dialling, stage.now)["campaigns"]
    assert shown["why"] == slot.obstacle and not shown["dials_now"]
    assert "limit=budget" in shown["pacing"]["decision"]
    assert shown["pacing"]["totals"]["limited_total"]["budget"] >= slot.decisions
    assert not [line for line in told(stage) if "budget" in line], "the alarm has told it already"


def test_power_held_by_the_ledger_is_limited_by_the_budget_everywhere() -> None:
    stage = Stage(campaign(dial_mode=DialMode.POWER, dial_ratio=3.0), agents=[agent(), agent(2)], leads=400)
    run = stage.dialer.floor.campaigns[1]
    run.ledger.add(stage.now.wall.timestamp(), 50, 2)
    stage.wait(35)
    assert len(stage.all(Originate)) == 3, "two agents and the one abandon that is left"
    assert slots(stage)[-1].limits.keys() == {"budget"}
    (shown,) = picture(stage.dialer.floor, stage.dialer.dialling, stage.now)["campaigns"]
    assert shown["why"].startswith("held by the abandon budget: one call for each free agent and 1 more until ")
    assert "credit 1.0 abandons; dialerctl campaign ledger c1" in shown["why"]
    (line,) = told(stage)
    assert line.startswith("campaign c1 is limited by the abandon budget (dial ratio 1.50; ")


def test_without_leads_the_risk_of_one_more_call_is_not_told() -> None:
    stage = Stage(campaign(dial_mode=DialMode.PREDICTIVE), agents=[agent(i) for i in (1, 2, 3)], leads=0)
    stage.wait(30)
    (row,) = picture(stage.dialer.floor, stage.dialer.dialling, stage.now)["campaigns"]
    assert row["pacing"]["risk_allowed"] > 0 and row["pacing"]["risk_of_next_call"] is None
    assert {name for slot in slots(stage) for name in slot.limits} == {"leads"}, "not the agents, who are ready"
    stage = Stage(campaign(dial_mode=DialMode.PREDICTIVE), agents=[agent(i) for i in (1, 2, 3)], leads=500)
    stage.wait(30)
    (row,) = picture(stage.dialer.floor, stage.dialer.dialling, stage.now)["campaigns"]
    assert row["pacing"]["risk_of_next_call"] is not None and row["pacing"]["risk_allowed"] > 0
    assert slots(stage)[-1].limits.keys() == {"budget"}, "of the first thirty calls none has ended"
    assert "more until 30 calls have shown how many are answered (credit 3.0" in row["why"]
