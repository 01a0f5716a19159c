"""The transition tables: every pair is allowed or refused exactly as written; refused changes nothing."""

from __future__ import annotations

from itertools import product

import pytest

from dialerd.core.agent import AGENT_TRANSITIONS, STAFFED_STATES, AgentMove, AgentState, next_agent_state
from dialerd.core.call import ATTEMPT_TRANSITIONS, IN_FLIGHT, ON_LINE, AttemptMove, AttemptState, next_attempt_state
from dialerd.core.campaign import (
    CAMPAIGN_TRANSITIONS,
    AmdParameters,
    CampaignState,
    CampaignVerb,
    next_campaign_state,
)
from dialerd.core.errors import Conflict
from dialerd.core.roster import Seat, move

from .values import START, agent


@pytest.mark.parametrize(("state", "verb"), list(product(CampaignState, CampaignVerb)))
def test_campaign_pairs(state: CampaignState, verb: CampaignVerb) -> None:
    if (state, verb) in CAMPAIGN_TRANSITIONS:
        assert next_campaign_state("c", state, verb) is CAMPAIGN_TRANSITIONS[state, verb]
    else:
        with pytest.raises(Conflict, match=rf"campaign c is {state.value}: cannot {verb.value} it \(possible: "):
            next_campaign_state("c", state, verb)


@pytest.mark.parametrize(("state", "step"), list(product(AgentState, AgentMove)))
def test_agent_pairs(state: AgentState, step: AgentMove) -> None:
    seat = Seat(profile=agent(1), state=state, since=START, reason="before")
    later = START.plus(5)
    if (state, step) in AGENT_TRANSITIONS:
        move(seat, step, later, "after")
        assert (seat.state, seat.since, seat.reason) == (AGENT_TRANSITIONS[state, step], later, "after")
    else:
        with pytest.raises(Conflict, match=f"agent 1001 is {state.value}"):
            move(seat, step, later, "after")
        assert (seat.state, seat.since, seat.reason) == (state, START, "before")


@pytest.mark.parametrize(("state", "step"), list(product(AttemptState, AttemptMove)))
def test_attempt_pairs(state: AttemptState, step: AttemptMove) -> None:
    assert next_attempt_state(state, step) is ATTEMPT_TRANSITIONS.get((state, step))


def test_every_live_attempt_can_end_and_an_ended_one_stays_so() -> None:
    for state in AttemptState:
        expected = None if state is AttemptState.ENDED else AttemptState.ENDED
        assert next_attempt_state(state, AttemptMove.END) is expected


def test_nothing_is_sent_but_an_intent() -> None:
    assert [s for s in AttemptState if next_attempt_state(s, AttemptMove.SEND)] == [AttemptState.INTENDED]


def test_every_logged_in_agent_can_lose_the_leg() -> None:
    for state in set(AgentState) - {AgentState.LOGGED_OUT}:
        assert next_agent_state("1001", state, AgentMove.LEG_LOST) is AgentState.LOGGED_OUT


def test_groups_of_states() -> None:
    assert set(AgentState) - STAFFED_STATES == {AgentState.LOGGED_OUT, AgentState.PAUSED}
    assert IN_FLIGHT < ON_LINE
    assert AttemptState.ENDED not in ON_LINE
    reachable = {AttemptState.INTENDED, *ATTEMPT_TRANSITIONS.values()}
    assert reachable == set(AttemptState)
    can_get_agent = {s for (s, m) in ATTEMPT_TRANSITIONS if m in (AttemptMove.ASSIGN, AttemptMove.ANSWER)}
    assert can_get_agent < IN_FLIGHT


def test_amd_arguments_are_the_originals() -> None:
    assert AmdParameters().arguments() == "2500,1500,800,5000,100,50,3,256,5000"
