"""The invariants of DESIGN.md 4 under random, late, repeated and hostile events (`floor_rules.py`)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant

from dialerd.core.agent import AgentState
from dialerd.core.agent_flow import BUSY
from dialerd.core.call import AttemptState
from dialerd.core.campaign import AmdAction, AmdPolicy, DialMode, OnTimeout
from dialerd.core.deadlines import Wait
from dialerd.core.messages import ShutdownBegan
from dialerd.core.tally import Tally

from .floor_rules import FloorRules

A, S = AttemptState, AgentState
CALL_WAITS = (Wait.DIAL, Wait.LIMIT, Wait.CONNECT, Wait.ENDING)


class Floor(FloorRules):
    """The invariants are checked after each step, the promises of the end in teardown."""

    # -- what always holds

    @invariant()
    def agent_and_call_know_each_other(self) -> None:
        if not hasattr(self, "model"):
            return
        floor = self.model.dialer.floor
        for seat in floor.roster:
            if seat.preview is not None:
                assert seat.state is S.RESERVED and seat.attempt_id is None, f"{seat.name} reads {seat.state.value}"
            elif seat.state in BUSY:
                assert seat.attempt_id in floor.calls, f"agent {seat.name} is {seat.state.value} without a call"
                call = floor.calls[seat.attempt_id]
                assert call.agent_id == seat.profile.id
                fitting = {A.WAITING, A.CONNECTING} if seat.state is S.RESERVED else {A.TALKING}
                if call.attempt.dial_mode == "preview" and seat.state is S.RESERVED:
                    fitting |= {A.INTENDED, A.DIALING, A.RINGING, A.ANSWERED, A.MACHINE}
                assert call.attempt.state in fitting, f"{seat.state.value} for a call in {call.attempt.state.value}"
            elif seat.state is not S.WRAP_UP:
                assert seat.attempt_id is None, f"agent {seat.name} is {seat.state.value} but holds a call"
        for call in floor.calls.values():
            if call.agent_id is not None and call.attempt.state in (A.WAITING, A.CONNECTING):
                holder = floor.roster.require(call.agent_id)
                assert (holder.state, holder.attempt_id) == (S.RESERVED, call.attempt.id)
            if call.attempt.state is A.CONNECTING:
                assert call.agent_id is not None, "connecting to nobody"

    @invariant()
    def a_lead_is_shown_to_one_agent_and_to_nobody_while_it_is_called(self) -> None:
        if not hasattr(self, "model"):
            return
        floor = self.model.dialer.floor
        shown = [(seat, seat.preview) for seat in floor.roster if seat.preview is not None]
        leads = [preview.lead.id for _, preview in shown]
        assert len(leads) == len(set(leads)), "one lead is shown to two agents"
        assert set(leads) <= set(self.model.lead_of), "a lead is shown that is not claimed"
        assert not set(leads) & {call.attempt.lead_id for call in floor.calls.values() if not call.is_test}
        for seat, preview in shown:
            waits = floor.deadlines.waiting(Wait.PREVIEW, seat.profile.id)
            assert waits == (preview.accepted is None), "a preview without an end, or a deadline without a preview"
            assert seat.staffed, "a lead is shown to somebody who leaves"

    @invariant()
    def nobody_waits_without_a_deadline(self) -> None:
        if not hasattr(self, "model"):
            return
        floor = self.model.dialer.floor
        for call in floor.calls.values():
            of, state = call.attempt.id, call.attempt.state
            waits = {wait for wait in CALL_WAITS if floor.deadlines.waiting(wait, of)}
            if state is A.WAITING:
                assert Wait.LIMIT in waits, "a person waits without a limit"
            elif state is A.TALKING:
                seat = floor.roster.get(call.agent_id or 0)
                talks = seat is not None and seat.state is S.ON_CALL and seat.attempt_id == of
                assert talks or waits or not self.model.link_up, "talk without an agent and without an end"
            elif state is A.ENDED:
                assert not waits, "an ended call waits for something"
            elif state is not A.INTENDED and self.model.link_up:
                assert waits, f"{state.value} without a deadline"
            assert (of in floor.waiting) == (state is A.WAITING)
        for seat in floor.roster:
            if seat.state is S.WRAP_UP:
                assert floor.deadlines.waiting(Wait.WRAP_UP, seat.profile.id)
            if seat.leg_id and not seat.leg_up and self.model.link_up and seat.restored is None:
                assert floor.deadlines.waiting(Wait.LEG, seat.profile.id), "a phone rings without a limit"

    @invariant()
    def what_is_counted_is_there(self) -> None:
        if not hasattr(self, "model"):
            return
        floor = self.model.dialer.floor
        again = Tally()
        for call in floor.calls.values():
            assert call.tally is floor.tally
            a = call.attempt
            again.count(1, a.state, a.campaign_id, a.trunk, agent_id=call.agent_id, is_test=call.is_test)
        for name in Tally.__slots__:
            assert +getattr(floor.tally, name) == getattr(again, name), f"{name} is not what a recount finds"

    @invariant()
    def the_ledger_holds_every_live_answer_and_abandon_once_and_at_once(self) -> None:
        if not hasattr(self, "model"):
            return
        for run in self.model.dialer.floor.campaigns.values():
            of = run.campaign.id
            calls = [c for c in self.model.dialer.floor.calls.values() if c.attempt.campaign_id == of and not c.is_test]
            known = [(c.live, c.abandoned, c.machines) for c in self.model.ledger_of(of).rows]
            known += [(call.attempt.live_answer, call.abandoned, call.machine) for call in calls]
            standing = run.standing(self.model.now)
            assert (standing.live, standing.abandoned, standing.machines) == tuple(
                sum(row[place] for row in known) for place in range(3)
            )
            assert set(run.counted) <= {call.attempt.id for call in calls}, "counted, but in no call and no record"

    @invariant()
    def nothing_leaks(self) -> None:
        if not hasattr(self, "model"):
            return
        floor = self.model.dialer.floor
        for wait, of in floor.deadlines._at:
            if wait in CALL_WAITS:
                assert of in floor.calls, f"{wait} for a call that is gone"
            elif wait in (Wait.WRAP_UP, Wait.LEG):
                seat = floor.roster.require(of)
                assert seat.state is S.WRAP_UP if wait is Wait.WRAP_UP else seat.leg_id, f"{wait} for nothing"
            elif wait is Wait.PREVIEW:
                assert floor.roster.require(of).preview is not None
        assert floor._outbox == []

    @invariant()
    def questions_wait_only_where_somebody_listens(self) -> None:
        if not hasattr(self, "model"):
            return
        asked = {call.request_id for call in self.model.dialer.floor.calls.values() if call.request_id is not None}
        unheard = set(self.model.requests) - asked
        assert not unheard, f"nobody will ever answer {unheard}"

    # -- what holds in the end

    def teardown(self) -> None:
        if not hasattr(self, "model"):
            return
        m = self.model
        if not m.store_ok:
            self.store_recovers()
        if not m.link_up:
            m.connect()
        m.tell(ShutdownBegan())
        for _ in range(6):
            while m.opens:
                m.commit(refuse=False)
            while m.claims:
                m.answer_claim()
            while m.hangups:
                m.carry_out_hangup()
            for channel in list(m.channels.values()):
                m.end_channel(channel.id)
            self._pass(100.0)
        assert not m.dialer.floor.calls, f"never closed: {m.dialer.floor.calls}"
        assert not m.rows, f"rows left open: {list(m.rows)}"
        assert not m.requests and m.dialer.drained
        held = {i for r in m.dialer.floor.campaigns.values() for i in (x.id for x in r.hopper)}
        assert not held, "leads kept after the end"
        assert set(m.lead_of) <= m.intended, "a claimed lead was neither called nor skipped nor given back"
        for seat in m.dialer.floor.roster:
            assert seat.state not in BUSY and seat.state is not S.WRAP_UP
        assert all(wait is Wait.DECIDE for wait, _ in m.dialer.floor.deadlines._at)


TestFloor = Floor.TestCase
TestFloor.settings = settings(
    max_examples=120, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
)


def _repeat_everything(floor: Floor) -> None:
    """All that was heard comes once more; then time passes, and it must end well."""
    for pick in range(len(floor.model.history)):
        floor.event_is_repeated(pick=pick)
        floor.a_lead_is_shown_to_one_agent_and_to_nobody_while_it_is_called()
    floor.long_time_passes()
    floor.a_lead_is_shown_to_one_agent_and_to_nobody_while_it_is_called()
    floor.teardown()


def test_leads_given_back_while_the_store_failed_are_not_shown_unless_claimed_again() -> None:
    floor = Floor()
    floor.begin(start=True, preview=None)
    floor.store_fails(lost=False)
    floor.agent_is_edited(agent_id=1, campaigns=(1,), on_hook=False)
    while floor.model.claims:
        floor.claim_is_answered()
    floor.campaign_is_edited(campaign_id=1, change={"dial_mode": DialMode.PREVIEW, "preview_time_s": 5.0})
    assert floor.model.dialer.floor.campaigns[1].hopper
    floor.life_goes_on(steps=1, hurry=False)
    assert not floor.model.dialer.floor.campaigns[1].hopper and not floor.model.lead_of, "all are given back"
    floor.store_recovers()
    _repeat_everything(floor)


def test_a_lead_that_is_shown_is_not_claimed_once_more() -> None:
    floor = Floor()
    floor.begin(start=True, preview=OnTimeout.SKIP)
    while floor.model.claims:
        floor.claim_is_answered()
    floor.time_passes(seconds=1.0)
    assert any(seat.preview for seat in floor.model.dialer.floor.roster)
    _repeat_everything(floor)


@pytest.mark.parametrize("action", AmdAction)
@pytest.mark.parametrize("amd", ["MACHINE", "NOTSURE"])
@pytest.mark.parametrize("what", ["start", "end", "failed"])
def test_machines_get_what_is_said_and_end_well(action: AmdAction, amd: str, what: str) -> None:
    floor = Floor()
    floor.begin(start=True, preview=None, action=action, doubt=AmdPolicy.MACHINE)
    verdicts: list[str] = []
    for turn in range(8):
        floor.life_goes_on(steps=1, hurry=False, amd=amd)
        verdicts += [channel.phase for channel in floor.model.channels.values()]
        floor.machine_gets_something(pick=turn, what=what)
        for kind in range(16):
            floor.hostile_event(pick=turn, leg=0, kind=kind)
    wanted = {AmdAction.VOICEMAIL: "dropping", AmdAction.TRANSFER: "moved", AmdAction.HANGUP: "over"}[action]
    assert wanted in verdicts, "the story reaches machines"
    _repeat_everything(floor)
