"""Proofs on the real Asterisk: the stand-alone AGI script dialerd-amd.agi with a scripted verdict socket."""

from __future__ import annotations

from typing import Any

import pytest

from . import Prompts
from .farend import Behaviour, FarEnd
from .farend.audio import tone
from .farend.speech import human_hello
from .pbx.ami import AmiClient
from .pbx.asterisk import Asterisk
from .pbx.originate import Attempt, call_customer, log_in_agent
from .pbx.verdict_socket import VerdictSocket, refusal, result

pytestmark = pytest.mark.real_asterisk

AMD = "2500:1500:800:5000:100:50:3:256:5000"


def test_the_script_passes_on_what_dialerd_says_and_nothing_else(
    pbx: Asterisk, farend: FarEnd, ami: AmiClient, prompts: Prompts
) -> None:
    script = str(pbx.folder / "agi-bin/dialerd-amd.agi")
    farend.behaves("1001", Behaviour(then=tone(1000)))
    farend.behaves("5554001", Behaviour(plays=human_hello(), then=tone(1400)))
    leg = log_in_agent(ami, "1001")
    agent = Attempt("5554001", script, amd=AMD, guard_from="verdict", message=prompts.abandon)
    machine = Attempt("5554002", script, message=prompts.abandon)
    drop = {"DLR_VOICEMAIL": prompts.inbound, "DLR_VOICEMAIL_S": "10"}
    drops = Attempt("5554007", script, message=prompts.abandon, extra=drop)
    mute = Attempt("5554003", script, message=prompts.abandon)
    wrong_token = Attempt("5554004", script, message=prompts.abandon)
    hostile = Attempt("5554005", script, message=prompts.abandon)
    garbage = Attempt("5554006", script, message=prompts.abandon)
    answers: dict[str, bytes | None] = {
        agent.attempt: result(verdict="agent", agent_leg=leg.channel_id),
        machine.attempt: result(verdict="machine"),
        drops.attempt: result(verdict="voicemail"),
        mute.attempt: None,
        wrong_token.attempt: refusal(),
        hostile.attempt: result(verdict="agent", agent_leg='x"\nSET VARIABLE DLR_VERDICT "machine'),
        garbage.attempt: b"\xff\x00 no json\n",
    }

    def answer(request: dict[str, Any]) -> bytes | None:
        return answers[str(request["params"]["attempt"])]

    with VerdictSocket(pbx.folder / "verdict", answer) as verdicts:
        for attempt in (agent, machine, drops, mute, wrong_token, hostile, garbage):
            call_customer(ami, attempt)
        assert ami.event("Hangup", Uniqueid=machine.channel_id)["Cause"] == "16"
        ami.event("UserEvent", UserEvent="DialerdMachine", Attempt=drops.attempt, Stage="start")
        for attempt, reason in ((mute, "timeout"), (wrong_token, "empty"), (hostile, "empty"), (garbage, "empty")):
            said = ami.event("UserEvent", UserEvent="DialerdUnattended", Attempt=attempt.attempt)
            assert said["Reason"] == reason, attempt.number
            ami.event("UserEvent", UserEvent="DialerdMessage", Attempt=attempt.attempt, Stage="start")
        ami.event("BridgeEnter", Uniqueid=agent.channel_id)
        customer = farend.wait_for_call("5554001")
        farend.wait_for_tone(customer, 1000)
        asked = {str(r["params"]["attempt"]): r for r in verdicts.requests}
        assert asked[agent.attempt]["params"]["token"] == agent.token
        assert asked[agent.attempt]["params"]["amd_status"] == "HUMAN"
        assert asked[agent.attempt]["params"]["amd_cause"].startswith("HUMAN-")
        assert (asked[mute.attempt]["method"], asked[mute.attempt]["params"]["amd_status"]) == ("verdict", "")
    assert 1.7 < farend.wait_for_call("5554003").silence_after_answer_s() < 2.1


def test_without_dialerd_the_call_is_unattended_and_the_console_stays_clean(
    pbx: Asterisk, farend: FarEnd, ami: AmiClient, prompts: Prompts
) -> None:
    attempt = Attempt("5554010", str(pbx.folder / "agi-bin/dialerd-amd.agi"), message=prompts.abandon)
    call_customer(ami, attempt)
    ami.event("UserEvent", UserEvent="DialerdMessage", Attempt=attempt.attempt, Stage="start")
    assert f"dialerd-amd: attempt {attempt.attempt}: no verdict" in pbx.log()
    console = (pbx.folder / "log/console").read_text(errors="replace")
    assert "Traceback" not in console and "AGI" not in console
