"""A person who was promised a call from one agent gets that agent, and nobody else takes the agent meanwhile."""

from __future__ import annotations

from dataclasses import replace

from dialerd.core.agent import AgentState
from dialerd.core.campaign import DialMode
from dialerd.core.messages import (
    AgentDispose,
    AgentLogout,
    AgentPause,
    ClaimLeads,
    CloseAttempt,
    Originate,
    ReleaseLeads,
)

from .stage import Stage
from .values import agent, campaign, lead


def stage_with(*promised: int, agents: int = 2, **settings: object) -> Stage:
    """So many agents, longest idle first; leads promised to these agents (0: to anyone)."""
    stage = Stage(campaign(**settings), agents=[agent(n) for n in range(1, agents + 1)], leads=0)
    leads = [replace(lead(100 + n), agent_id=agent_id or None) for n, agent_id in enumerate(promised)]
    stage.leads[1] = leads
    return stage


def test_the_answered_call_goes_to_the_agent_who_promised_it_though_another_has_waited_longer() -> None:
    stage = stage_with(2)
    stage.wait(3)
    (placed,) = stage.all(Originate)
    assert frozenset({1, 2}) == stage.all(ClaimLeads)[0].agents
    stage.meet(placed.attempt_id)
    assert stage.dialer.floor.calls[placed.attempt_id].agent_id == 2


def test_others_do_not_take_the_agent_while_the_promised_call_is_on_its_way() -> None:
    stage = stage_with(1, 0)
    stage.wait(3)
    promised, other = (one.attempt_id for one in stage.all(Originate))
    stage.meet(other)
    assert stage.dialer.floor.calls[other].agent_id == 2
    stage.meet(promised)
    assert stage.dialer.floor.calls[promised].agent_id == 1


def test_when_the_promised_call_has_ended_its_agent_is_anybodys_again() -> None:
    stage = stage_with(1, 0, agents=1, dial_mode=DialMode.POWER, dial_ratio=2.0)
    stage.wait(3)
    promised, other = (one.attempt_id for one in stage.all(Originate))
    stage.answer(other)
    request = stage.ask(other)
    assert stage.verdict(request) is None, "the agent is kept for the promised call"
    stage.end(promised, 17)
    assert stage.verdict(request) == "agent"


def test_a_lead_whose_agent_is_not_free_any_more_goes_back_to_the_store() -> None:
    for leaving in (AgentPause(agent_id=2, reason="lunch"), AgentLogout(agent_id=2, force=False)):
        stage = stage_with(2, 2, 2)
        stage.wait(3)
        assert len(stage.all(Originate)) == 1, "one call for one agent; the others wait in the store"
        released = [i for command in stage.all(ReleaseLeads) for i in command.lead_ids]
        assert len(released) == 2 and len(set(released)) == 2
        stage.tell(leaving)
        assert stage.dialer.floor.roster.require(2).state is not AgentState.READY
        call = stage.all(Originate)[0].attempt_id
        stage.meet(call)
        assert stage.dialer.floor.calls[call].agent_id == 1, "better anyone than the abandon message"


def test_the_agents_own_promise_reaches_the_record() -> None:
    stage = stage_with(0, agents=1)
    stage.wait(3)
    (placed,) = stage.all(Originate)
    stage.meet(placed.attempt_id)
    stage.end(placed.attempt_id)
    at = stage.now.plus(3600).wall
    stage.tell(AgentDispose(agent_id=1, code="callback", callback_at=at, callback_own=True))
    (closed,) = stage.all(CloseAttempt)
    assert (closed.callback_at, closed.callback_own, closed.attempt.agent_id) == (at, True, 1)
