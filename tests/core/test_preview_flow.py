"""Preview mode: an agent is shown a lead, says yes or no in time, and gets the call; every lead ends somewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dialerd.core.agent import AgentState
from dialerd.core.call import Status
from dialerd.core.campaign import CampaignState, CampaignVerb, DialMode, OnTimeout
from dialerd.core.compliance import GateVerdict
from dialerd.core.errors import Conflict, Unavailable
from dialerd.core.live_rows import live_agent
from dialerd.core.messages import (
    AgentAccept,
    AgentDispose,
    AgentLogout,
    AgentPause,
    AgentSkip,
    AgentUnpause,
    AttemptRefused,
    AttemptsOpened,
    CampaignOrder,
    CampaignSaved,
    ChannelSeen,
    ClaimLeads,
    Event,
    Hangup,
    OpenAttempts,
    Originate,
    ReleaseLeads,
    RingAgent,
    SaveAgentState,
    SendVerdict,
    ShutdownBegan,
    SkipLead,
    StoreFailed,
    StoreRecovered,
)
from dialerd.core.restored import Restored, RestoredAgent
from dialerd.core.why import why

from .stage import Stage
from .values import agent, campaign, lead


def preview_stage(*, agents: int = 1, on_hook: bool = False, leads: int = 20, **settings: Any) -> Stage:
    """A preview campaign after its first second: each agent is shown a lead."""
    stage = Stage(
        campaign(dial_mode=DialMode.PREVIEW, **settings),
        agents=[agent(n, on_hook=on_hook) for n in range(1, agents + 1)],
        leads=leads,
    )
    stage.wait(2)
    return stage


def shown(stage: Stage, agent_id: int = 1) -> int | None:
    """The id of the lead that this agent is shown."""
    preview = stage.seat(agent_id).preview
    return preview.lead.id if preview else None


def released(stage: Stage) -> list[int]:
    return [i for command in stage.all(ReleaseLeads) for i in command.lead_ids]


def accept(stage: Stage, agent_id: int = 1) -> int:
    """Accept what is shown; the attempt that follows."""
    before = len(stage.all(Originate))
    stage.tell(AgentAccept(agent_id=agent_id))
    stage.wait(0.3)
    (placed,) = stage.all(Originate)[before:]
    return placed.attempt_id


def refuses(stage: Stage, event: Event, words: str, kind: type[Exception] = Conflict) -> None:
    with pytest.raises(kind, match=words):
        stage.dialer.handle(event, stage.now)


def sentence(stage: Stage) -> tuple[bool, str]:
    floor = stage.dialer.floor
    return why(floor, stage.dialer.dialling, floor.run(1), stage.now)


def test_each_ready_agent_is_shown_one_lead_of_his_own_and_nothing_is_dialled() -> None:
    stage = preview_stage(agents=3)
    leads = {shown(stage, n) for n in (1, 2, 3)}
    assert len(leads) == 3 and None not in leads
    assert {stage.agent_state(n) for n in (1, 2, 3)} == {AgentState.RESERVED}
    assert stage.seat(1).reason == "preview"
    assert sum(c.count for c in stage.all(ClaimLeads)) == 3, "no lead lies about"
    stage.wait(30)
    assert stage.all(OpenAttempts) == []
    row = live_agent(stage.dialer.floor, "1001", stage.now)["preview"]
    assert row["lead_id"] == shown(stage) and 25 < row["seconds_left"] < 32 and not row["accepted"]
    assert sentence(stage)[0] is False and "no call until an agent accepts: 3 agents looking" in sentence(stage)[1]


def test_an_accepted_lead_is_called_and_its_person_meets_that_agent() -> None:
    stage = preview_stage(agents=2)
    wanted = shown(stage, 2)
    call = accept(stage, 2)
    assert stage.attempt(call).lead_id == wanted and stage.attempt(call).dial_mode == "preview"
    assert "agent=1002" in stage.attempt(call).pacing_decision
    assert stage.agent_state(2) is AgentState.RESERVED and stage.seat(2).attempt_id == call
    assert "1 call that agents asked for" in sentence(stage)[1]
    stage.meet(call)
    assert stage.agent_state(2) is AgentState.ON_CALL and stage.seat(2).attempt_id == call
    stage.end(call)
    stage.tell(AgentDispose(agent_id=2, code="sale"))
    assert stage.record(call).agent_id == 2
    stage.wait(1)
    assert shown(stage, 2) not in (None, wanted), "the next lead"


def test_nobody_else_gets_the_call_even_when_its_agent_is_lost() -> None:
    stage = preview_stage(agents=1)
    other = agent(9)
    stage.dialer.floor.roster.put(other, stage.now).state = AgentState.READY
    call = accept(stage)
    stage.answer(call)
    stage.put_down(1)
    request = stage.ask(call)
    assert stage.verdict(request) is None
    stage.wait(2)
    assert stage.verdict(request) == "abandon"


def test_a_call_that_nobody_answers_brings_the_agent_the_next_lead() -> None:
    stage = preview_stage()
    call = accept(stage)
    stage.ring(call)
    stage.end(call, 17)
    assert stage.record(call).status is Status.BUSY
    stage.wait(1)
    assert stage.agent_state() is AgentState.RESERVED and shown(stage) is not None


def test_a_skipped_lead_goes_back_with_its_reason_and_another_is_shown() -> None:
    stage = preview_stage()
    first = shown(stage)
    stage.tell(AgentSkip(agent_id=1, reason="spoke to her yesterday"))
    (skip,) = stage.all(SkipLead)
    assert (skip.lead_id, skip.agent_id, skip.reason) == (first, 1, "spoke to her yesterday")
    assert released(stage) == []
    stage.wait(1)
    assert shown(stage) not in (None, first)


def test_time_runs_out_lead_skipped_and_an_agent_who_is_away_is_paused() -> None:
    stage = preview_stage(preview_time_s=10.0)
    stage.wait(10)
    assert [skip.reason for skip in stage.all(SkipLead)] == ["timed out"]
    notice = stage.seat().notice
    assert notice is not None and "was skipped: no answer in time" in notice.text
    stage.wait(25)
    assert stage.agent_state() is AgentState.PAUSED and stage.seat().reason == "previews were not answered"
    assert len(stage.all(SkipLead)) == 2 and len(released(stage)) == 1
    stage.tell(AgentUnpause(agent_id=1))
    stage.wait(1)
    assert shown(stage) is not None
    assert sentence(stage)[1].endswith("the last 3 leads shown were skipped or ran out of time")


def test_time_runs_out_and_the_lead_is_called_where_the_campaign_wants_it() -> None:
    stage = preview_stage(preview_time_s=10.0, preview_on_timeout=OnTimeout.DIAL)
    wanted = shown(stage)
    stage.wait(9.5)
    (placed,) = stage.all(Originate)
    assert stage.attempt(placed.attempt_id).lead_id == wanted
    stage.meet(placed.attempt_id)


def test_who_never_answers_is_paused_before_a_third_call_meets_nobody() -> None:
    stage = preview_stage(preview_time_s=10.0, preview_on_timeout=OnTimeout.DIAL)
    for _ in range(2):
        stage.wait(10.5)
        stage.end(stage.all(Originate)[-1].attempt_id, 19)
    stage.wait(12)
    assert stage.agent_state() is AgentState.PAUSED and len(stage.all(Originate)) == 2


@pytest.mark.parametrize(
    ("leaving", "state"),
    [
        (AgentPause(agent_id=1, reason="lunch"), AgentState.PAUSED),
        (AgentLogout(agent_id=1), AgentState.LOGGED_OUT),
        (AgentLogout(agent_id=1, force=True), AgentState.LOGGED_OUT),
        (None, AgentState.LOGGED_OUT),
    ],
)
@pytest.mark.parametrize("accepted", [False, True])
def test_who_leaves_gives_the_lead_back_and_it_is_not_called(
    leaving: Event | None, state: AgentState, accepted: bool
) -> None:
    stage = preview_stage()
    wanted = shown(stage)
    if accepted:
        stage.tell(AgentAccept(agent_id=1))
    if leaving is None:
        stage.put_down(1)
    else:
        stage.tell(leaving)
    assert stage.agent_state() is state and shown(stage) is None
    assert released(stage) == [wanted]
    stage.wait(70)
    assert stage.all(OpenAttempts) == [] and stage.all(SkipLead) == []


@pytest.mark.parametrize("kind", ["pause", "stop", "mode", "shutdown"])
def test_when_the_campaign_leaves_the_leads_go_back(kind: str) -> None:
    stage = preview_stage(agents=2)
    leads = {shown(stage, 1), shown(stage, 2)}
    stage.tell(AgentAccept(agent_id=2))
    orders: dict[str, Event] = {
        "pause": CampaignOrder(campaign_id=1, verb=CampaignVerb.PAUSE),
        "stop": CampaignOrder(campaign_id=1, verb=CampaignVerb.STOP),
        "mode": CampaignSaved(campaign=replace(campaign(), dial_mode=DialMode.POWER)),
        "shutdown": ShutdownBegan(),
    }
    stage.tell(orders[kind])
    assert leads <= set(released(stage))
    assert shown(stage, 1) is None and shown(stage, 2) is None
    notice = stage.seat(2).notice
    assert notice is not None and "was taken back" in notice.text


def test_a_refusal_of_the_gate_reaches_the_agent_with_rule_and_time() -> None:
    stage = preview_stage()
    stage.commits = False
    stage.tell(AgentAccept(agent_id=1))
    stage.wait(0.3)
    attempt = stage.all(OpenAttempts)[-1].attempts[0]
    verdict = GateVerdict(
        allowed=False, rule="calling_hours", detail="Tue 20:10", next_time=stage.now.wall + timedelta(hours=13)
    )
    stage.tell(AttemptRefused(attempt_id=attempt.id, verdict=verdict))
    notice = stage.seat().notice
    assert notice is not None and notice.lead_id == attempt.lead_id
    assert "was not called: calling_hours (Tue 20:10); next time Tue 14 May 23:00 UTC" in notice.text
    assert stage.agent_state() is AgentState.READY
    stage.wait(1)
    assert shown(stage) is not None and stage.seat().notice == notice, "read beside the next lead"
    assert live_agent(stage.dialer.floor, "1001", stage.now)["notice"]["text"] == notice.text


def test_an_intent_is_not_sent_once_its_agent_has_left() -> None:
    stage = preview_stage()
    stage.commits = False
    stage.tell(AgentAccept(agent_id=1))
    stage.wait(0.3)
    attempt = stage.all(OpenAttempts)[-1].attempts[0]
    stage.put_down(1)
    stage.tell(AttemptsOpened(attempt_ids=(attempt.id,)))
    assert stage.all(Originate) == [] and stage.record(attempt.id).status is Status.CANCELLED


def test_a_ringing_call_ends_with_its_agent() -> None:
    stage = preview_stage()
    call = accept(stage)
    stage.ring(call)
    channel = stage.all(Originate)[-1].channel_id
    stage.put_down(1)
    assert [h.channel_id for h in stage.all(Hangup)] == [channel]
    assert stage.record(call).status is Status.CANCELLED


def test_while_the_store_stalls_nothing_new_is_shown_and_nothing_accepted() -> None:
    stage = preview_stage()
    wanted = shown(stage)
    stage.tell(StoreFailed(what="disk full"))
    refuses(stage, AgentAccept(agent_id=1), "cannot be called now: the store does not accept writes", Unavailable)
    assert shown(stage) == wanted, "what the agent reads stays"
    stage.tell(AgentSkip(agent_id=1))
    stage.wait(5)
    assert shown(stage) is None
    stage.tell(StoreRecovered())
    stage.wait(2)
    assert shown(stage) is not None


def test_a_store_that_loses_the_intent_frees_the_agent() -> None:
    stage = preview_stage()
    stage.commits = False
    stage.tell(AgentAccept(agent_id=1))
    stage.wait(0.3)
    attempt = stage.all(OpenAttempts)[-1].attempts[0]
    stage.tell(StoreFailed(what="disk full", attempt_ids=(attempt.id,)))
    assert stage.agent_state() is AgentState.READY and released(stage) == [attempt.lead_id]
    assert stage.seat().notice is not None


def test_what_was_accepted_and_cannot_leave_any_more_goes_back() -> None:
    stage = preview_stage()
    wanted = shown(stage)
    stage.tell(AgentAccept(agent_id=1))
    stage.lose_link()
    stage.wait(1)
    assert released(stage) == [wanted] and stage.agent_state() is AgentState.READY
    notice = stage.seat().notice
    assert notice is not None and "Asterisk pbx1 is not connected" in notice.text


def test_an_on_hook_agents_phone_rings_first() -> None:
    stage = preview_stage(on_hook=True)
    assert stage.all(RingAgent) == [], "reading needs no phone"
    stage.tell(AgentAccept(agent_id=1))
    stage.wait(3)
    assert len(stage.all(RingAgent)) == 1 and stage.all(OpenAttempts) == []
    stage.pick_up(1)
    stage.wait(0.3)
    (placed,) = stage.all(Originate)
    stage.meet(placed.attempt_id)


@pytest.mark.parametrize("seen", [True, False])
def test_an_on_hook_agent_who_does_not_pick_up_gives_the_lead_back(seen: bool) -> None:
    stage = preview_stage(on_hook=True)
    wanted = shown(stage)
    stage.tell(AgentAccept(agent_id=1))
    stage.wait(1)
    if seen:
        stage.put_down(1)
    else:
        stage.connect()  # Asterisk lists no leg: whether it was answered nobody saw
    assert stage.agent_state() is (AgentState.PAUSED if seen else AgentState.READY)
    assert released(stage) == [wanted] and stage.all(OpenAttempts) == []


def test_a_comparison_with_asterisk_leaves_a_phone_that_rings_for_a_preview_alone() -> None:
    stage = preview_stage(on_hook=True)
    stage.tell(AgentAccept(agent_id=1))
    leg = ChannelSeen(unique_id=stage.seat().leg_id, name="PJSIP/1", up=True)
    stage.connect(leg)
    stage.wait(1)
    assert len(stage.all(Originate)) == 1


def test_lines_limit_what_is_shown_and_what_is_called() -> None:
    stage = preview_stage(agents=4, max_lines=2)
    looking = [n for n in (1, 2, 3, 4) if shown(stage, n)]
    assert len(looking) == 2
    call = accept(stage, looking[0])
    stage.meet(call)
    stage.wait(5)
    assert [n for n in (1, 2, 3, 4) if shown(stage, n)] == [looking[1]]


def test_previewing_agents_are_not_taken_by_other_campaigns_and_agents_of_calls_on_their_way_not_shown_leads() -> None:
    stage = Stage(
        campaign(1, dial_mode=DialMode.PREVIEW, priority=60),
        campaign(2, priority=40),
        agents=[agent(1, campaigns=(1, 2)), agent(2, campaigns=(1, 2))],
    )
    stage.wait(2)
    assert stage.all(Originate) == [], "both look at leads of the first campaign"
    stage.tell(CampaignSaved(campaign=campaign(1, dial_mode=DialMode.PREVIEW, priority=30)))
    stage.tell(AgentSkip(agent_id=1))
    stage.wait(3)
    (placed,) = stage.all(Originate)
    assert stage.attempt(placed.attempt_id).campaign_id == 2
    stage.wait(5)
    assert shown(stage, 1) is None, "kept for the call on its way"
    stage.meet(placed.attempt_id)
    assert stage.agent_state(1) is AgentState.ON_CALL


def test_an_appointment_is_shown_to_its_own_agent() -> None:
    stage = Stage(campaign(dial_mode=DialMode.PREVIEW), agents=[agent(1), agent(2)], leads=0)
    stage.leads[1] = [replace(lead(7), agent_id=2), lead(8)]
    stage.wait(2)
    assert (shown(stage, 1), shown(stage, 2)) == (8, 7)


def test_bad_use_gets_one_sentence() -> None:
    stage = preview_stage(leads=1, agents=2)
    refuses(stage, AgentAccept(agent_id=2), "no lead is shown to agent 1002 now: the agent waits for a lead")
    refuses(stage, AgentSkip(agent_id=2), "no lead is shown")
    call = accept(stage)
    refuses(stage, AgentAccept(agent_id=1), "the agent is reserved for the call that was asked for")
    stage.meet(call)
    refuses(stage, AgentSkip(agent_id=1), "the agent is on call")
    stage.tell(CampaignOrder(campaign_id=1, verb=CampaignVerb.PAUSE))
    refuses(stage, AgentAccept(agent_id=2), r"no campaign in preview mode is active \(c1 is paused\)")
    other = Stage(campaign(), agents=[agent()])
    refuses(other, AgentAccept(agent_id=1), "none of the agent's campaigns is in preview mode")
    waiting = preview_stage(on_hook=True)
    waiting.tell(AgentAccept(agent_id=1))
    refuses(waiting, AgentAccept(agent_id=1), "has accepted .* already: it will be called")


def test_nobody_there_nothing_shown_and_why_says_so() -> None:
    stage = Stage(campaign(dial_mode=DialMode.PREVIEW, state=CampaignState.ACTIVE), agents=[agent()], log_in=False)
    stage.wait(3)
    assert stage.all(ClaimLeads) == [] and "no agent is staffed" in sentence(stage)[1]
    stage = preview_stage(leads=0)
    assert "no leads: dialerctl lead import" in sentence(stage)[1]
    assert stage.agent_state() is AgentState.READY


def test_the_state_log_names_campaign_and_call() -> None:
    stage = preview_stage()
    call = accept(stage)
    rows = [row for row in stage.all(SaveAgentState) if row.state is AgentState.RESERVED]
    assert [(row.campaign_id, row.attempt_id, row.reason) for row in rows] == [
        (1, None, "preview"), (1, call, "preview"),
    ]  # fmt: skip
    assert stage.all(SendVerdict) == []


@pytest.mark.parametrize("there", [True, False])
def test_after_a_restart_the_ringing_call_is_still_its_agents(there: bool) -> None:
    before = preview_stage(agents=2)
    call = accept(before, 2)
    before.ring(call)
    attempt = before.attempt(call).snapshot()
    legs = {n: before.seat(n).leg_id for n in (1, 2)}
    restored = Restored(
        campaigns=(before.dialer.floor.run(1).campaign,),
        agents=tuple(
            RestoredAgent(profile=agent(n), state=AgentState.RESERVED, reason="preview", leg_id=legs[n]) for n in (1, 2)
        ),
        open_attempts=(attempt,),
        promises={call: 2},
    )
    stage = Stage(restored=restored, link=False)
    stage.leads[1] = [lead(900 + n) for n in range(5)]
    up = [ChannelSeen(unique_id=legs[n], name="PJSIP/x", up=True) for n in ((1, 2) if there else (1,))]
    stage.connect(ChannelSeen(unique_id=attempt.channel_id, name="PJSIP/y", up=False), *up)
    stage.wait(2)
    assert shown(stage, 1) is not None and shown(stage, 2) is None
    assert stage.seat(1).reason == "preview" and stage.seat(2).reason != "preview"
    stage.answer(call)
    request = stage.ask(call)
    stage.wait(2)
    assert stage.verdict(request) == ("agent" if there else "abandon")
