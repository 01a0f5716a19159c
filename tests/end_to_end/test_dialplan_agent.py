"""Proofs on the real Asterisk: from the answer to the agent and back. Knows the dialplan, not dialerd."""

from __future__ import annotations

import time

import pytest

from . import Prompts
from .farend import Behaviour, FarEnd
from .farend.audio import tone
from .farend.speech import human_hello
from .pbx.agi import AgiServer, AgiSession, verdict
from .pbx.ami import AmiClient
from .pbx.asterisk import Asterisk
from .pbx.originate import AgentLeg, Attempt, call_customer, log_in_agent

pytestmark = pytest.mark.real_asterisk

AGENT_HZ, CUSTOMER_HZ = 1000, 1400


def test_both_hear_each_other_and_the_call_ends_from_either_side(
    pbx: Asterisk, farend: FarEnd, ami: AmiClient, agi: AgiServer
) -> None:
    """Three calls at once: the customer hangs up, the agent presses *, the agent's phone hangs up."""
    calls: list[tuple[AgentLeg, Attempt]] = []
    for phone, number in (("1001", "5550001"), ("1002", "5550002"), ("1003", "5550003")):
        farend.behaves(phone, Behaviour(then=tone(AGENT_HZ)))
        farend.behaves(number, Behaviour(plays=human_hello(), then=tone(CUSTOMER_HZ)))
        leg = log_in_agent(ami, phone)
        attempt = Attempt(number, agi.url, record=str(pbx.folder / f"spool/{number}.wav"))
        agi.scripts[attempt.attempt] = verdict("agent", agent_leg=leg.channel_id)
        calls.append((leg, attempt))
    for leg, attempt in calls:
        call_customer(ami, attempt)
        customer, phone_call = farend.wait_for_call(attempt.number), farend.wait_for_call(leg.phone)
        entered = ami.event("BridgeEnter", Uniqueid=attempt.channel_id)
        assert customer.answered_at is not None
        # measured: 6 to 40 ms, most of it AGI and MixMonitor; the bridge itself takes 1 to 2 ms
        assert entered.at - customer.answered_at < 0.5
        assert entered["BridgeUniqueid"] == ami.events("BridgeEnter", Uniqueid=leg.channel_id)[-1]["BridgeUniqueid"]
    for leg, attempt in calls:
        customer, phone_call = farend.wait_for_call(attempt.number), farend.wait_for_call(leg.phone)
        farend.wait_for_tone(customer, AGENT_HZ, seconds=2.1)
        farend.wait_for_tone(phone_call, CUSTOMER_HZ, seconds=0.3)
        assert customer.silence_after_answer_s() < 0.5
        pbx.reload_dialplan()
        # longer than the guard: nothing has touched the conversation
        assert customer.talking and phone_call.talking

    (by_customer, first), (by_star, _), (by_phone, _) = calls
    farend.hang_up(farend.wait_for_call(first.number))
    farend.press(farend.wait_for_call(by_star.phone), "*")
    farend.hang_up(farend.wait_for_call(by_phone.phone))
    for leg, attempt in calls:
        assert ami.event("Hangup", Uniqueid=attempt.channel_id)["Cause"] == "16"
        farend.wait_for_end(farend.wait_for_call(attempt.number))
        leavers = [m["Uniqueid"] for m in ami.events("BridgeLeave", BridgeTechnology="simple_bridge")]
        ours = [one for one in leavers if one in (leg.channel_id, attempt.channel_id)]
        assert ours[0] == (attempt.channel_id if leg is by_customer else leg.channel_id)
        assert (pbx.folder / f"spool/{attempt.number}.wav").stat().st_size > 20_000
    assert ami.events("DTMFEnd", Digit="*", Uniqueid=by_star.channel_id)
    for leg in (by_customer, by_star):
        ami.event_count(2, "BridgeEnter", Uniqueid=leg.channel_id, BridgeTechnology="holding_bridge")
        assert farend.wait_for_call(leg.phone).talking
    ami.event("Hangup", Uniqueid=by_phone.channel_id)
    # once dialerd was there, nothing is left behind
    assert not any(f"/dialerd/unattended/{attempt.attempt}" in pbx.database() for _, attempt in calls)


def test_an_agent_gone_at_the_bridge_is_asked_for_again(
    pbx: Asterisk, farend: FarEnd, ami: AmiClient, agi: AgiServer
) -> None:
    farend.behaves("1001", Behaviour(then=tone(AGENT_HZ)))
    leg = log_in_agent(ami, "1001")

    def second_time(session: AgiSession) -> None:
        first = len(agi.requests(session.attempt)) == 1
        verdict("agent", agent_leg="agt-77-00000000" if first else leg.channel_id, after_s=0.2)(session)

    attempt = Attempt("5550010", agi.url)
    agi.scripts[attempt.attempt] = second_time
    call_customer(ami, attempt)
    customer = farend.wait_for_call("5550010")
    ami.event("BridgeEnter", Uniqueid=attempt.channel_id)
    farend.wait_for_tone(customer, AGENT_HZ)
    assert len(agi.requests(attempt.attempt)) == 2
    assert customer.silence_after_answer_s() < 1.0


def test_the_limit_goes_on_while_agents_are_asked_for_again(
    pbx: Asterisk, farend: FarEnd, ami: AmiClient, agi: AgiServer, prompts: Prompts
) -> None:
    """Never a living leg: three requests at most; a slow dialerd does not get a new limit for each."""
    quick = Attempt("5550011", agi.url, message=prompts.abandon)
    slow = Attempt("5550012", agi.url, message=prompts.abandon)
    agi.scripts[quick.attempt] = verdict("agent", agent_leg="agt-77-00000000")

    def slower(session: AgiSession) -> None:
        verdict("agent", agent_leg="agt-77-00000000", after_s=0.8)(session)

    agi.scripts[slow.attempt] = slower
    for attempt in (quick, slow):
        call_customer(ami, attempt)
    for attempt, reason in ((quick, "empty"), (slow, "timeout")):
        ami.event("UserEvent", UserEvent="DialerdMessage", Attempt=attempt.attempt, Stage="start")
        assert ami.event("UserEvent", UserEvent="DialerdUnattended", Attempt=attempt.attempt)["Reason"] == reason
    time.sleep(0.3)
    assert len(agi.requests(quick.attempt)) == 3
    assert farend.wait_for_call("5550011").silence_after_answer_s() < 0.5
    assert 1.7 < farend.wait_for_call("5550012").silence_after_answer_s() < 2.1
