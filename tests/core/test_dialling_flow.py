"""Stories of pacing: staffing, limits, campaigns side by side, hopper and claims, faults, coalescing."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from dialerd.core.agent import AgentState
from dialerd.core.call import IN_FLIGHT, AttemptState, HungUpBy, Status
from dialerd.core.campaign import CampaignState, CampaignVerb, DialMode
from dialerd.core.compliance import GateVerdict
from dialerd.core.dialer import PACERS
from dialerd.core.errors import Conflict, NotFound
from dialerd.core.messages import (
    AgentLogin,
    AgentPause,
    AgentUnpause,
    AttemptRefused,
    AttemptsOpened,
    CampaignOrder,
    CampaignSaved,
    ClaimLeads,
    HangupAttempt,
    LeadsClaimed,
    LogEvent,
    OpenAttempts,
    Originate,
    ReleaseLeads,
    SaveCampaignState,
    Shortage,
    ShutdownBegan,
    StoreFailed,
    StoreRecovered,
)
from dialerd.core.pacing import Limit, PacingInputs
from dialerd.core.settings import Trunk
from dialerd.core.why import why

from .stage import Stage
from .values import NODE, agent, campaign, lead, settings

POWER: dict[str, Any] = {"dial_mode": DialMode.POWER, "dial_ratio": 3.0}


def placed(stage: Stage, campaign_id: int = 1) -> int:
    """Calls placed so far for a campaign."""
    return sum(1 for o in stage.all(Originate) if stage.attempt(o.attempt_id).campaign_id == campaign_id)


def test_progressive_places_one_call_per_ready_agent_and_no_more() -> None:
    stage = Stage(campaign(), agents=[agent(i) for i in (1, 2, 3)])
    stage.wait(5)
    assert placed(stage) == 3
    call = stage.all(Originate)[0].attempt_id
    stage.meet(call)
    stage.wait(5)
    assert placed(stage) == 3


def test_a_person_waiting_is_counted_against_the_agent_who_comes_free() -> None:
    stage = Stage(campaign(**(POWER | {"dial_ratio": 2.0, "wrapup_time_s": 0.0})), agents=[agent(1)])
    stage.wait(1)
    first, second = (o.attempt_id for o in stage.all(Originate))
    stage.meet(first)
    stage.answer(second)
    stage.ask(second)
    stage.unbridge(first, HungUpBy.CUSTOMER)
    assert stage.state(second) is AttemptState.CONNECTING
    stage.wait(1)
    assert placed(stage) == 2


def test_power_counts_on_hook_agents_too() -> None:
    stage = Stage(campaign(**POWER), agents=[agent(1, on_hook=True), agent(2)])
    stage.wait(2)
    assert placed(stage) == 5, "two agents and the ledger's allowance of three"


def test_power_dials_progressively_once_the_ledger_allows_no_risk() -> None:
    stage = Stage(campaign(**POWER), agents=[agent(1)])
    stage.dialer.floor.campaigns[1].ledger.add(stage.now.wall.timestamp(), 3, 3)
    stage.wait(3)
    assert placed(stage) == 1


@pytest.mark.parametrize(
    ("live", "abandoned", "allowance"),
    [(0, 2, 1), (50, 3, 0), (99, 4, 0), (100, 2, 1), (100, 3, 0), (1000, 29, 1), (1000, 0, 30)],
)
def test_the_ledgers_allowance(live: int, abandoned: int, allowance: int) -> None:
    stage = Stage(campaign(target_abandon_rate=0.03))
    now_s, ledger = stage.now.wall.timestamp(), stage.dialer.floor.campaigns[1].ledger
    ledger.add(now_s, live, abandoned)
    assert ledger.standing(now_s).allowance == allowance


def test_power_never_risks_more_abandons_than_the_ledger_allows() -> None:
    stage = Stage(campaign(**POWER), agents=[agent(1), agent(2)])
    stage.wait(5)
    assert placed(stage) == 2 + 3, "two agents, and three calls that may all be abandoned"


def test_nobody_staffed_means_no_call_within_a_tick() -> None:
    stage = Stage(campaign(**POWER), agents=[agent(1)])
    stage.commits = False
    stage.wait(1)
    assert stage.all(OpenAttempts)
    stage.tell(AgentPause(agent_id=1, reason="tea"))
    intents = stage.all(OpenAttempts)[0].attempts
    stage.tell(AttemptsOpened(attempt_ids=tuple(a.id for a in intents)))
    assert not stage.all(Originate), "a committed intent was sent though nobody is staffed"
    assert {stage.record(a.id).status for a in intents} == {Status.CANCELLED}
    before = len(stage.all(OpenAttempts))
    stage.wait(5)
    assert len(stage.all(OpenAttempts)) == before
    decision = stage.dialer.floor.campaigns[1].decision
    assert decision is not None and decision.limit is Limit.NO_AGENTS


def test_an_agent_about_to_leave_is_not_staffed() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    stage.meet(stage.dial())
    stage.tell(AgentPause(agent_id=1, reason="tea"))
    assert not stage.seat().staffed
    stage.tell(AgentUnpause(agent_id=1))
    assert stage.seat().staffed


@pytest.mark.parametrize(
    ("limits", "changes", "calls"),
    [
        ({}, {"max_lines": 2}, 2),
        ({"trunks": {"out": Trunk(name="out", node=NODE, max_channels=3, calls_per_second=99.0)}}, {}, 3),
        ({"calls_per_second": 2.0}, {}, 2),
        ({}, {"calls_per_second": 1.0}, 1),
        ({"trunks": {"out": Trunk(name="out", node=NODE, calls_per_second=2.0)}}, {}, 2),
    ],
)
def test_lines_trunk_and_calls_per_second(limits: dict[str, Any], changes: dict[str, Any], calls: int) -> None:
    stage = Stage(campaign(**changes), agents=[agent(i) for i in range(1, 6)], limits=settings(**limits))
    stage.wait(0.9)
    assert placed(stage) == calls


def test_a_trunk_is_shared_by_its_campaigns_the_higher_priority_first() -> None:
    trunk = {"out": Trunk(name="out", node=NODE, max_channels=4, calls_per_second=99.0)}
    agents = [agent(i, campaigns=(1 + i % 2,)) for i in range(1, 7)]
    stage = Stage(campaign(1), campaign(2, priority=60), agents=agents, limits=settings(trunks=trunk), log_in=False)
    stage.phones = True
    for i in range(1, 7):
        stage.dialer.floor.roster.require(i).state = AgentState.READY
    stage.wait(3)
    assert (placed(stage, 1), placed(stage, 2)) == (1, 3)


def test_agents_of_several_campaigns_go_to_the_higher_priority() -> None:
    stage = Stage(
        campaign(1), campaign(2, priority=60), agents=[agent(1, campaigns=(1, 2)), agent(2, campaigns=(1, 2))]
    )
    stage.wait(3)
    assert (placed(stage, 1), placed(stage, 2)) == (0, 2)


def test_campaigns_of_equal_priority_each_get_calls_and_say_who_has_the_agent() -> None:
    predictive = {"dial_mode": DialMode.PREDICTIVE}
    stage = Stage(campaign(1, **predictive), campaign(2, **predictive), agents=[agent(1, campaigns=(1, 2))], leads=90)
    seen: set[str] = set()
    for _ in range(240):
        stage.wait(1)
        for originated in stage.all(Originate):
            if stage.attempt(originated.attempt_id).state in IN_FLIGHT:
                stage.end(originated.attempt_id)
        floor = stage.dialer.floor
        seen |= {why(floor, stage.dialer.dialling, floor.run(i), stage.now)[1] for i in (1, 2)}
    assert placed(stage, 1) > 20
    assert placed(stage, 2) > 20
    assert any("counted on by campaign" in text and "equal priority" in text for text in seen), seen


def test_a_campaign_without_leads_does_not_hold_the_shared_agents() -> None:
    stage = Stage(campaign(1), campaign(2, priority=60), agents=[agent(1, campaigns=(1, 2))])
    stage.leads[2] = []
    stage.wait(3)
    assert (placed(stage, 1), placed(stage, 2)) == (1, 0)


@pytest.mark.parametrize("change", [{"trunk": "gone"}, {"max_lines": 0}, {"caller_id": ""}])
def test_a_campaign_that_cannot_dial_does_not_hold_the_shared_agents(change: dict[str, Any]) -> None:
    stage = Stage(campaign(1), campaign(2, priority=60, **change), agents=[agent(1, campaigns=(1, 2))])
    stage.wait(3)
    assert (placed(stage, 1), placed(stage, 2)) == (1, 0)


def test_a_fault_in_one_campaigns_pacer_is_named_and_stops_no_other() -> None:
    def broken(inputs: PacingInputs) -> tuple[int, float]:
        raise ZeroDivisionError("injected")

    stage = Stage(
        campaign(1, dial_mode=DialMode.POWER, priority=99),
        campaign(2),
        agents=[agent(1), agent(2, campaigns=(2,))],
        pacers={**PACERS, DialMode.POWER: broken},
    )
    stage.wait(4)
    run = stage.dialer.floor.campaigns[1]
    assert (placed(stage, 1), placed(stage, 2)) == (0, 1)
    assert run.fault == "ZeroDivisionError: injected"
    assert sum("pacing failed" in e.text for e in stage.all(LogEvent)) == 1
    stage.tell(CampaignSaved(campaign=campaign(1, dial_mode=DialMode.PROGRESSIVE)))
    stage.wait(2)
    assert (placed(stage, 1), run.fault) == (1, "")


def test_a_pacer_that_returns_nonsense_costs_no_leads() -> None:
    def nonsense(inputs: PacingInputs) -> tuple[int, float]:
        return 1, "high"  # type: ignore[return-value]

    stage = Stage(campaign(dial_mode=DialMode.POWER), agents=[agent(1)], pacers={**PACERS, DialMode.POWER: nonsense})
    stage.wait(3)
    run = stage.dialer.floor.campaigns[1]
    assert run.fault
    assert len(run.hopper) + len(stage.leads[1]) == 20


def test_at_most_one_decision_per_campaign_in_250_ms() -> None:
    moments: list[float] = []
    stage = Stage(campaign(), agents=[agent(1)], log_in=False)

    def watched(inputs: PacingInputs) -> tuple[int, float]:
        moments.append(stage.now.mono)
        return 0, 1.0

    stage.dialer.floor.pacers = {DialMode.PROGRESSIVE: watched}
    stage.tell(AgentLogin(agent_id=1))
    for _ in range(300):
        stage.tell(AgentPause(agent_id=1, reason="x"))
        stage.tell(AgentUnpause(agent_id=1))
        stage.wait(0.031)
    gaps = [b - a for a, b in pairwise(moments)]
    assert len(moments) > 30
    assert min(gaps) >= 0.25 - 1e-9


def test_an_agent_who_comes_free_is_dialled_for_before_the_next_tick() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    call = stage.dial()
    stage.wait(0.4)
    stage.end(call, 17)
    stage.wait(0.3)
    assert placed(stage) == 2


def test_pause_gives_the_hopper_back_and_leaves_calls_alone() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    call = stage.dial()
    stage.dialer.floor.campaigns[1].hopper.extend([lead(7), lead(8)])
    stage.tell(CampaignOrder(campaign_id=1, verb=CampaignVerb.PAUSE))
    assert stage.all(ReleaseLeads)[-1].lead_ids[-2:] == (7, 8)
    assert stage.all(SaveCampaignState)[-1].state == "paused"
    assert stage.state(call) is AttemptState.DIALING
    stage.meet(call)


def test_a_claim_answered_after_the_stop_goes_back() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    stage.claims = False
    stage.wait(1)
    assert len(stage.all(ClaimLeads)) == 1
    stage.tell(CampaignOrder(campaign_id=1, verb=CampaignVerb.STOP))
    stage.tell(LeadsClaimed(campaign_id=1, leads=(lead(5),)))
    assert stage.all(ReleaseLeads)[-1].lead_ids == (5,)


def test_one_claim_at_a_time_and_another_when_none_is_answered() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    stage.claims = False
    stage.wait(20)
    assert len(stage.all(ClaimLeads)) == 1
    stage.wait(15)
    assert len(stage.all(ClaimLeads)) == 2


def test_no_leads_are_asked_for_again_after_a_while_only() -> None:
    stage = Stage(campaign(), agents=[agent(1)], leads=0)
    stage.wait(1.5)
    assert len(stage.all(ClaimLeads)) == 1
    stage.wait(1.5)
    assert len(stage.all(ClaimLeads)) == 2


def test_they_are_asked_for_when_the_next_is_due_if_that_is_sooner() -> None:
    stage = Stage(campaign(), agents=[agent(1)], leads=0)
    stage.claims = False
    stage.wait(1)
    for due_s, asked_again in ((0.3, True), (1.9, False)):
        before = len(stage.all(ClaimLeads))
        due = stage.now.plus(due_s).wall
        stage.tell(LeadsClaimed(campaign_id=1, leads=(), shortage=Shortage(waiting=1, next_due_at=due)))
        stage.wait(1.2)
        assert len(stage.all(ClaimLeads)) == before + asked_again
    stage.wait(2)
    assert len(stage.all(ClaimLeads)) == before + 1


def test_a_refused_attempt_is_counted_by_rule_and_the_next_lead_is_dialled() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    stage.commits = False
    stage.wait(1)
    refused = stage.all(OpenAttempts)[0].attempts[0].id
    stage.commits = True
    stage.tell(AttemptRefused(attempt_id=refused, verdict=GateVerdict(allowed=False, rule="do_not_call")))
    assert stage.dialer.floor.campaigns[1].refused == {"do_not_call": 1}
    stage.wait(1)
    assert refused not in [o.attempt_id for o in stage.all(Originate)]
    assert placed(stage) == 1


def test_what_was_sent_can_be_neither_refused_nor_lost_by_the_store() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    call = stage.dial()
    stage.tell(AttemptRefused(attempt_id=call, verdict=GateVerdict(allowed=False, rule="late")))
    stage.tell(StoreFailed(what="disk full", attempt_ids=(call,)))
    assert stage.state(call) is AttemptState.DIALING
    stage.end(call, 17)
    assert stage.record(call).status is Status.BUSY


def test_store_failed_and_recovered() -> None:
    stage = Stage(campaign(), agents=[agent(1), agent(2)])
    stage.commits = False
    stage.wait(1)
    first, second = stage.all(OpenAttempts)[0].attempts
    stage.tell(StoreFailed(what="disk full", attempt_ids=(first.id,)))
    assert first.lead_id in stage.all(ReleaseLeads)[-1].lead_ids, "a lost intent gives its lead back"
    stage.tell(AttemptsOpened(attempt_ids=(second.id,)))
    stage.commits = True
    stage.wait(5)
    assert not stage.all(Originate)
    assert "disk full" in stage.dialer.dialling.obstacle(stage.dialer.floor.campaigns[1], stage.now)
    stage.tell(StoreRecovered())
    stage.wait(2)
    assert placed(stage) == 2


def test_shutdown_ends_what_rings_and_sends_no_more() -> None:
    stage = Stage(campaign(), agents=[agent(1), agent(2)])
    stage.wait(1)
    ringing, answered = (o.attempt_id for o in stage.all(Originate))
    stage.ring(ringing)
    stage.answer(answered)
    stage.tell(ShutdownBegan())
    assert stage.record(ringing).status is Status.CANCELLED
    assert not stage.closed(answered) and not stage.dialer.drained
    stage.wait(5)
    assert placed(stage) == 2


def test_a_campaign_edited_while_it_runs_keeps_its_state_and_uses_the_new_settings() -> None:
    stage = Stage(campaign(max_lines=1), agents=[agent(1), agent(2)])
    stage.wait(2)
    assert placed(stage) == 1
    stage.tell(CampaignSaved(campaign=campaign(max_lines=2, state=CampaignState.STOPPED, caller_id="390699999")))
    stage.wait(1)
    assert [o.caller_id for o in stage.all(Originate)] == ["390600000", "390699999"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"trunk": "owt"}, "did you mean out"),
        ({"abandon_message": ""}, "--abandon-message"),
        ({"caller_id": ""}, "--caller-id"),
    ],
)
def test_a_campaign_that_is_not_ready_does_not_start(changes: dict[str, Any], sentence: str) -> None:
    stage = Stage(campaign(state=CampaignState.STOPPED, **changes))
    with pytest.raises(Conflict, match=sentence):
        stage.dialer.handle(CampaignOrder(campaign_id=1, verb=CampaignVerb.START), stage.now)
    assert stage.dialer.floor.campaigns[1].campaign.state is CampaignState.STOPPED


def test_orders_for_what_does_not_exist() -> None:
    stage = Stage(campaign())
    for order in (CampaignOrder(campaign_id=9, verb=CampaignVerb.START), HangupAttempt(attempt_id=9)):
        with pytest.raises(NotFound):
            stage.dialer.handle(order, stage.now)


@pytest.mark.parametrize("trouble", ["link", "store"])
def test_leads_do_not_wait_in_the_hopper_for_better_times(trouble: str) -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    stage.dialer.floor.campaigns[1].hopper.extend([lead(7), lead(8)])
    if trouble == "link":
        stage.lose_link()
    else:
        stage.tell(StoreFailed(what="disk full"))
    stage.wait(1)
    assert stage.all(ReleaseLeads)[-1].lead_ids[-2:] == (7, 8)
