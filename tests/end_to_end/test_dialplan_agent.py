"""Proofs on the real Asterisk: from the answer to the agent and back. Knows the dialplan, not dialerd."""

from __future__ import annotations

import pytest

from .farend import Behaviour, FarEnd
from .farend.audio import tone
from .farend.speech import human_hello
from .pbx.agi import AgiServer, verdict
from .pbx.ami import AmiClient
from .pbx.asterisk import Asterisk
from .pbx.originate import Attempt, call_customer, log_in_agent

pytestmark = pytest.mark.real_asterisk

AGENT_HZ, CUSTOMER_HZ = 1000, 1400


def test_both_hear_each_other_and_the_agent_returns_to_its_loop(
    pbx: Asterisk, farend: FarEnd, ami: AmiClient, agi: AgiServer
) -> None:
    farend.behaves("1001", Behaviour(then=tone(AGENT_HZ)))
    farend.behaves("5550001", Behaviour(plays=human_hello(), then=tone(CUSTOMER_HZ)))
    leg = log_in_agent(ami, "1001")
    phone = farend.wait_for_call("1001")
    attempt = Attempt("5550001", agi.url)
    agi.scripts[attempt.attempt] = verdict("agent", agent_leg=leg.channel_id)
    call_customer(ami, attempt)
    customer = farend.wait_for_call("5550001")
    entered = ami.event("BridgeEnter", Uniqueid=attempt.channel_id)
    farend.wait_until(lambda: customer.tone_seconds(AGENT_HZ) > 1, 5, "the agent at the customer's ear")
    farend.wait_until(lambda: phone.tone_seconds(CUSTOMER_HZ) > 0.5, 5, "the customer at the agent's ear")
    assert customer.answered_at is not None
    print("answer to bridge", entered.at - customer.answered_at, "silence", customer.silence_after_answer_s())
    assert entered.at - customer.answered_at < 0.3
    assert customer.silence_after_answer_s() < 0.5

    before = len(ami.events("BridgeEnter", Uniqueid=leg.channel_id))
    farend.hang_up(customer)
    hangup = ami.event("Hangup", Uniqueid=attempt.channel_id)
    assert hangup["Cause"] == "16"
    ami.event_count(before + 1, "BridgeEnter", Uniqueid=leg.channel_id)
    assert phone.talking
