"""Stories of calls that one agent has promised: only while that agent is ready, and then to nobody else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dialerd.core.agent import AgentState
from dialerd.core.call import HungUpBy
from dialerd.core.campaign import Campaign, DialMode
from dialerd.core.lead import Lead
from dialerd.core.messages import (
    AgentDispose,
    AgentLogin,
    AgentLogout,
    AgentPause,
    ClaimLeads,
    CloseAttempt,
    Event,
    LeadsClaimed,
    OpenAttempts,
    Originate,
    ReleaseLeads,
    Shortage,
)
from dialerd.core.restored import Restored, RestoredAgent

from .stage import Stage
from .values import agent, campaign, lead


class Office(Stage):
    """A stage whose store keeps leads as ours does: a promised one comes only while its agent is among the ready."""

    def __init__(self, *campaigns: Campaign, promises: Iterable[Lead], **given: Any) -> None:
        self.store: dict[int, Lead] = {}
        self.late: set[int] = set()  # leads whose tolerance has passed: anyone's
        self.out: dict[int, Lead] = {}
        self._promises = tuple(promises)
        super().__init__(*campaigns, leads=0, **given)

    def claimed(self, claim: ClaimLeads) -> LeadsClaimed:
        """Promised leads first, as the selection does."""
        for one in self._promises:
            self.store.setdefault(one.id, one)
        self._promises = ()
        due = [
            one if one.agent_id in claim.agents or one.agent_id is None else lead(one.id, one.campaign_id)
            for one in self.store.values()
            if one.campaign_id == claim.campaign_id
            and (one.agent_id is None or one.agent_id in claim.agents or one.id in self.late)
        ]
        taken = due[: claim.count]
        for one in taken:
            self.out[one.id] = self.store.pop(one.id)
        short = Shortage(due=len(due) - len(taken)) if len(taken) < claim.count else None
        return LeadsClaimed(campaign_id=claim.campaign_id, leads=tuple(taken), shortage=short)

    def _answers(self, command: Any) -> list[Event]:
        if isinstance(command, ReleaseLeads):
            for lead_id in command.lead_ids:
                self.store[lead_id] = self.out.pop(lead_id)
        return super()._answers(command)

    def dialled(self) -> list[int]:
        """The leads that were dialled, in order."""
        return [self.attempt(o.attempt_id).lead_id for o in self.all(Originate)]


def test_the_promise_is_kept_by_its_agent_though_another_is_idle_longer() -> None:
    stage = Office(campaign(), promises=[lead(7, agent_id=2)], agents=[agent(1), agent(2)])
    call = stage.dial()
    stage.wait(3)
    stage.meet(call)
    assert stage.attempt(call).agent_id == 2
    assert stage.agent_state(1) is AgentState.READY


def test_nobody_is_called_while_the_agent_is_away_and_at_once_when_back() -> None:
    stage = Office(campaign(), promises=[lead(7, agent_id=2)], agents=[agent(1), agent(2)], log_in=False)
    stage.tell(AgentLogin(agent_id=1))
    stage.wait(30)
    assert stage.dialled() == []
    stage.tell(AgentLogin(agent_id=2))
    stage.wait(3)
    assert stage.dialled() == [7]
    (call,) = [o.attempt_id for o in stage.all(Originate)]
    stage.meet(call)
    assert stage.attempt(call).agent_id == 2


def test_one_agent_with_two_promises_makes_one_after_the_other_without_a_storm_of_claims() -> None:
    """The second lead waits in the store, not in a circle of claims and releases."""
    stage = Office(campaign(), promises=[lead(7, agent_id=1), lead(8, agent_id=1)], agents=[agent(1), agent(2)])
    stage.wait(1)
    claims, released = len(stage.all(ClaimLeads)), len(stage.all(ReleaseLeads))
    stage.wait(20)
    assert stage.dialled() == [7]
    assert len(stage.all(ClaimLeads)) - claims <= 20 / stage.dialer.floor.settings.claim_retry_s + 1
    assert len(stage.all(ReleaseLeads)) - released == 0
    (first,) = [o.attempt_id for o in stage.all(Originate)]
    stage.meet(first)
    stage.unbridge(first, HungUpBy.CUSTOMER)
    stage.end(first)
    stage.tell(AgentDispose(agent_id=1, code="sale"))
    stage.wait(3)
    assert stage.dialled() == [7, 8]


def test_a_lead_in_hand_goes_back_when_its_agent_leaves_and_is_called_when_late_by_anyone() -> None:
    slow = campaign(calls_per_second=0.001)  # the first call may go, the second stays in hand
    stage = Office(slow, promises=[lead(1), lead(7, agent_id=2)], agents=[agent(1), agent(2), agent(3)])
    stage.wait(1)
    run = stage.dialer.floor.campaigns[1]
    assert [one.id for one in run.hopper] == [7]
    stage.tell(AgentLogout(agent_id=2))
    stage.wait(2)
    assert stage.all(ReleaseLeads)[-1].lead_ids == (7,)
    assert not run.hopper and 7 in stage.store
    stage.late.add(7)
    run.rate.per_second = 100.0
    stage.wait(stage.dialer.floor.settings.claim_retry_s + 2)
    assert stage.dialled() == [1, 7]
    assert len(stage.all(ReleaseLeads)) == 1, "a late lead is nobody's any more: it is not given back again and again"


def test_the_agent_is_busy_when_the_person_answers_then_somebody_else_talks() -> None:
    """Silence would be worse than another voice."""
    stage = Office(campaign(), promises=[lead(7, agent_id=2)], agents=[agent(1), agent(2)])
    call = stage.dial()
    stage.tell(AgentPause(agent_id=2))
    stage.meet(call)
    assert stage.attempt(call).agent_id == 1


def test_another_person_does_not_take_the_agent_from_a_promise_on_its_way() -> None:
    power = campaign(dial_mode=DialMode.POWER, dial_ratio=1.0)
    stage = Office(power, promises=[lead(7, agent_id=1), lead(8)], agents=[agent(1), agent(2)])
    stage.wait(3)
    calls = {stage.attempt(o.attempt_id).lead_id: o.attempt_id for o in stage.all(Originate)}
    assert set(calls) == {7, 8}
    stage.meet(calls[8])
    assert stage.attempt(calls[8]).agent_id == 2, "agent 1 was idle longer, and is expected elsewhere"
    stage.meet(calls[7])
    assert stage.attempt(calls[7]).agent_id == 1


def test_a_promise_on_its_way_survives_a_restart() -> None:
    before = Office(campaign(), promises=[lead(7, agent_id=2)], agents=[agent(1), agent(2)])
    call = before.dial()
    back = Restored(
        campaigns=(campaign(),),
        agents=tuple(RestoredAgent(profile=agent(i)) for i in (1, 2)),
        open_attempts=(before.attempt(call).snapshot(),),
        promises={call: 2},
    )
    stage = Stage(leads=0, restored=back, link=False)
    stage.connect(before.channel(call, up=False))
    for agent_id in (1, 2):
        stage.tell(AgentLogin(agent_id=agent_id))
    stage.wait(3)
    stage.meet(call)
    assert stage.attempt(call).agent_id == 2


def test_a_promise_of_an_agent_who_works_elsewhere_does_not_stop_the_campaign() -> None:
    stage = Office(campaign(), promises=[lead(7, agent_id=3), lead(8)], agents=[agent(1), agent(3, campaigns=(2,))])
    stage.wait(5)
    assert stage.dialled() == [8]


def test_what_the_agent_promises_is_told_to_the_store() -> None:
    stage = Stage(campaign(), agents=[agent(1)])
    call = stage.dial()
    stage.meet(call)
    due = stage.now.plus(3600).wall
    stage.tell(AgentDispose(agent_id=1, code="callback", callback_at=due, callback_own=True))
    stage.unbridge(call, HungUpBy.CUSTOMER)
    stage.end(call)
    stage.wait(60)
    (closed,) = [c for c in stage.all(CloseAttempt) if c.attempt.id == call]
    assert (closed.callback_at, closed.callback_own, closed.attempt.agent_id) == (due, True, 1)


def test_each_intent_names_its_lead_with_the_promise() -> None:
    stage = Office(campaign(), promises=[lead(7, agent_id=1)], agents=[agent(1)])
    stage.dial()
    assert stage.all(OpenAttempts)[0].leads[0].agent_id == 1
