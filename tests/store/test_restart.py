"""Tests of dialerd.store.restart: what the next dialerd finds; and that repeating commands changes nothing."""

from __future__ import annotations

import tempfile
from typing import Any

from hypothesis import given, settings, strategies as st
from tests.store.world import World

from dialerd.core.agent import AgentState
from dialerd.core.call import AttemptState, Status
from dialerd.core.messages import AddDoNotCall, OpenAttempts, ReleaseLeads, SaveAgentState, SaveAttempt, StoreCommand


def reopened(world: World) -> World:
    """A new run on the same store."""
    world.close()
    again = World(world.url)
    again.open()
    return again


def test_claims_are_given_back_at_the_start_but_for_leads_with_an_unfinished_attempt(url: str) -> None:
    world = World(url)
    world.open()
    campaign_id = world.campaign_with_leads(4)
    leads = world.claim(campaign_id, 3).leads
    attempts, _ = world.open_attempts(leads[:2])
    ended = attempts[1].snapshot()
    ended.state, ended.ended_at, ended.status = AttemptState.ENDED, world.now, Status.ANSWERED
    world.submit(SaveAttempt(attempt=ended))
    world = reopened(world)
    try:
        states = [row["state"] for row in world.rows("SELECT state FROM lead ORDER BY id")]
        assert states == ["claimed", "claimed", "new", "new"]
        state = world.store.load_restart_state()
        assert [attempt.id for attempt in state.open_attempts] == [attempts[0].id]
        assert [attempt.id for attempt in state.unfinished_attempts] == [attempts[1].id]
        assert state.next_attempt_id == attempts[1].id + 1
        world.submit(*(world.end(attempt, Status.LOST, approximate=True) for attempt in (attempts[0], ended)))
        assert [row["state"] for row in world.rows("SELECT state FROM lead ORDER BY id")] == ["retry"] * 2 + ["new"] * 2
    finally:
        world.close()


def test_agents_come_back_with_profile_state_and_leg(url: str) -> None:
    world = World(url)
    world.open()
    campaign_id = world.campaign()
    agent_id = world.add("agent", name="1001", endpoint="PJSIP/1001", leg_mode="on_hook", created_at=0)
    world.add("agent", name="1002", endpoint="PJSIP/1002", active=False, created_at=0)
    world.add("agent_campaign", agent_id=agent_id, campaign_id=campaign_id)
    world.submit(
        SaveAgentState(
            agent_id=agent_id, state=AgentState.PAUSED, reason="lunch", at=world.now, leg_id="agt-1-0badcafe"
        )
    )
    world = reopened(world)
    try:
        (agent,) = world.store.load_restart_state().restored().agents
        assert (agent.profile.name, agent.profile.campaign_ids) == ("1001", {campaign_id})
        assert (agent.state, agent.reason, agent.leg_id) == (AgentState.PAUSED, "lunch", "agt-1-0badcafe")
    finally:
        world.close()


def test_an_empty_store_begins_with_attempt_one(world: World) -> None:
    state = world.store.load_restart_state()
    assert state.next_attempt_id == 1 and state.campaigns == () and state.open_attempts == ()
    assert {"sale", "lost"} <= {disposition.code for disposition in state.dispositions}


TABLES = ("lead", "call_log", "abandon_ledger", "callback", "do_not_call", "blocked_attempt")
step = st.tuples(
    st.sampled_from(["open", "ring", "close", "close", "opt_out", "release"]),
    st.integers(0, 5),
    st.sampled_from([Status.ANSWERED, Status.BUSY, Status.CANCELLED, Status.ABANDONED]),
    st.sampled_from(["", "sale", "callback", "dnc"]),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(step, max_size=15))
def test_a_sequence_of_commands_has_the_same_effect_when_it_is_repeated(steps: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(f"sqlite:///{folder}/store.sqlite3")
        world.open()
        try:
            campaign_id = world.campaign_with_leads(6)
            leads = world.claim(campaign_id, 6).leads
            attempts = [world.attempt(lead) for lead in leads]
            commands: list[StoreCommand] = []
            for what, index, status, disposition in steps:
                attempt = attempts[index]
                if what == "open":
                    commands.append(OpenAttempts(attempts=(attempt,), leads=(leads[index],)))
                elif what == "ring":
                    ringing = attempt.snapshot()
                    ringing.state, ringing.dialed_at = AttemptState.RINGING, world.now
                    commands.append(SaveAttempt(attempt=ringing))
                elif what == "close":
                    given_code = disposition if status is Status.ANSWERED else ""
                    commands.append(world.end(attempt, status, given_code, live_answer=status is not Status.BUSY))
                elif what == "opt_out":
                    commands.append(AddDoNotCall(number=attempt.number, source="abandon", at=world.now))
                else:
                    commands.append(ReleaseLeads(lead_ids=(attempt.lead_id,)))
            for command in commands:
                # each repeated at once, as a transaction is whose answer was lost
                world.submit(command)
                before = {table: world.rows(f"SELECT * FROM {table} ORDER BY 1") for table in TABLES}
                world.submit(command)
                assert {table: world.rows(f"SELECT * FROM {table} ORDER BY 1") for table in TABLES} == before
        finally:
            world.close()
