"""Proofs on the real Asterisk: AMD with the campaign's nine parameters, before the verdict. Knows no dialerd."""

from __future__ import annotations

import pytest

from . import Prompts
from .farend import Behaviour, FarEnd
from .farend.audio import tone
from .farend.speech import human_hello, voicemail_greeting
from .pbx.agi import AgiServer, verdict
from .pbx.ami import AmiClient
from .pbx.asterisk import Asterisk
from .pbx.originate import Attempt, call_customer, log_in_agent

pytestmark = pytest.mark.real_asterisk

AMD = "2500:1500:800:5000:100:50:3:256:5000"
AMD_SHORT = "5000:1500:800:1200:100:50:3:256:5000"


def test_human_machine_and_notsure(
    pbx: Asterisk, farend: FarEnd, ami: AmiClient, agi: AgiServer, prompts: Prompts
) -> None:
    farend.behaves("1001", Behaviour(then=tone(1000)))
    farend.behaves("5551001", Behaviour(plays=human_hello(), then=tone(1400)))
    farend.behaves("5551002", Behaviour(plays=voicemail_greeting()))
    leg = log_in_agent(ami, "1001")
    human = Attempt("5551001", agi.url, amd=AMD, guard_from="verdict")
    machine = Attempt("5551002", agi.url, amd=AMD, guard_from="verdict")
    silent = Attempt("5551003", agi.url, amd=AMD_SHORT, guard_from="verdict")
    early = Attempt("5551002", agi.url, amd=AMD, guard_from="answer", guard_s="0.9", message=prompts.abandon)
    agi.scripts[human.attempt] = verdict("agent", agent_leg=leg.channel_id)
    for attempt in (machine, silent):
        agi.scripts[attempt.attempt] = verdict("hangup" if attempt is silent else "machine")
    for attempt in (human, machine, silent, early):
        call_customer(ami, attempt)

    ami.event("BridgeEnter", Uniqueid=human.channel_id)
    customer = farend.wait_for_call("5551001")
    farend.wait_for_tone(customer, 1000)
    assert customer.silence_after_answer_s() < 2.5
    expected = ((human, "HUMAN", "HUMAN-"), (machine, "MACHINE", "LONGGREETING-"), (silent, "NOTSURE", "TOOLONG-1200"))
    for attempt, status, cause in expected:
        ami.event("VarSet", Uniqueid=attempt.channel_id, Variable="AMDSTATUS", Value=status)
        assert ami.event("VarSet", Uniqueid=attempt.channel_id, Variable="AMDCAUSE")["Value"].startswith(cause)
        answers = b"".join(p.data for p in agi.requests(attempt.attempt)[0].recording.pieces() if p.side == "server")
        assert f"200 result=1 ({status})\n".encode() in answers
    for attempt in (machine, silent):
        assert ami.event("Hangup", Uniqueid=attempt.channel_id)["Cause"] == "16"
    # The limit from the answer holds during AMD also; AMD then says HANGUP though nobody hung up.
    ami.event("VarSet", Uniqueid=early.channel_id, Variable="AMDSTATUS", Value="HANGUP")
    assert ami.event("UserEvent", UserEvent="DialerdUnattended", Attempt=early.attempt)["Reason"] == "amd"
    early_calls = [call for call in farend.calls_to("5551002") if call.heard_tone(prompts.abandon_hz)]
    assert len(early_calls) == 1 and early_calls[0].silence_after_answer_s() < 1.2


def test_a_pbx_without_app_amd_still_reaches_the_verdict(
    pbx: Asterisk, farend: FarEnd, ami: AmiClient, agi: AgiServer
) -> None:
    pbx.cli("module unload app_amd.so")
    try:
        attempt = Attempt("5551010", agi.url, amd=AMD)
        agi.scripts[attempt.attempt] = verdict("hangup")
        call_customer(ami, attempt)
        ami.event("Hangup", Uniqueid=attempt.channel_id)
        answers = [p.data for p in agi.requests(attempt.attempt)[0].recording.pieces() if p.side == "server"]
        assert b"200 result=0\n" in answers  # AMDSTATUS unset: AMD did not run
    finally:
        pbx.cli("module load app_amd.so")
