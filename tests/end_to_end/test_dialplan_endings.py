"""Proofs on the real Asterisk: how a call that never reached a person shows in AMI, by SIP code."""

from __future__ import annotations

import pytest

from . import Prompts
from .farend import RING_FOREVER, Behaviour, FarEnd
from .farend.behaviour import rejecting
from .pbx.agi import AgiServer
from .pbx.ami import AmiClient
from .pbx.asterisk import Asterisk
from .pbx.originate import Attempt, call_customer

pytestmark = pytest.mark.real_asterisk

# SIP code → (Cause, Cause-txt, DialStatus)
ENDINGS = {
    486: ("17", "User busy", "BUSY"),
    600: ("17", "User busy", "BUSY"),
    503: ("34", "Circuit/channel congestion", "CONGESTION"),
    404: ("1", "Unallocated (unassigned) number", "NOANSWER"),
    484: ("28", "Invalid number format", "NOANSWER"),
    603: ("21", "Call Rejected", "NOANSWER"),
    480: ("19", "User alerting, no answer", "NOANSWER"),
    488: ("58", "Bearer capability not available", "NOANSWER"),
}


def test_the_hangup_event_says_why(pbx: Asterisk, farend: FarEnd, ami: AmiClient, agi: AgiServer) -> None:
    attempts: dict[int, Attempt] = {}
    for code in ENDINGS:
        farend.behaves(f"5556{code}", rejecting(code))
        attempts[code] = Attempt(f"5556{code}", agi.url)
        call_customer(ami, attempts[code])
    for code, (cause, text, status) in ENDINGS.items():
        hangup = ami.event("Hangup", Uniqueid=attempts[code].channel_id)
        assert (hangup["Cause"], hangup["Cause-txt"], hangup["TechCause"]) == (cause, text, str(code))
        assert ami.event("DialEnd", DestUniqueid=attempts[code].channel_id)["DialStatus"] == status
        response = ami.event("OriginateResponse", Uniqueid=attempts[code].channel_id)
        assert (response["Response"], response["Reason"]) == ("Failure", "0")
    assert not agi.sessions


def test_no_answer_no_trunk_and_a_hangup_while_it_rings(
    pbx: Asterisk, farend: FarEnd, ami: AmiClient, agi: AgiServer
) -> None:
    farend.behaves("5556001", RING_FOREVER)
    farend.behaves("5556002", RING_FOREVER)
    no_answer = Attempt("5556001", agi.url, timeout_ms=1000)
    ended = Attempt("5556002", agi.url)
    no_trunk = Attempt("5556003", agi.url, channel="PJSIP/5556003@nosuch")
    for attempt in (no_answer, ended, no_trunk):
        call_customer(ami, attempt)
    ami.event("DialState", DestUniqueid=ended.channel_id, DialStatus="RINGING")
    ami.action("Hangup", [("Channel", ended.channel_id), ("Cause", "16")])

    hangup = ami.event("Hangup", Uniqueid=no_answer.channel_id)
    assert (hangup["Cause"], hangup["TechCause"]) == ("19", "480")
    assert ami.event("OriginateResponse", Uniqueid=no_answer.channel_id)["Reason"] == "3"
    assert not ami.events("DialEnd", DestUniqueid=no_answer.channel_id)
    farend.wait_for_end(farend.wait_for_call("5556001"))
    assert farend.wait_for_call("5556001").cancelled

    hangup = ami.event("Hangup", Uniqueid=ended.channel_id)
    assert (hangup["Cause"], hangup["TechCause"]) == ("16", "")
    farend.wait_for_end(farend.wait_for_call("5556002"))
    assert farend.wait_for_call("5556002").cancelled

    response = ami.event("OriginateResponse", Uniqueid=no_trunk.channel_id)
    assert (response["Response"], response["Reason"]) == ("Failure", "0")
    assert not ami.events("Hangup", Uniqueid=no_trunk.channel_id)


def test_no_variable_can_smuggle_anything_into_the_dialplan(
    pbx: Asterisk, farend: FarEnd, ami: AmiClient, agi: AgiServer, prompts: Prompts
) -> None:
    """What dialerd would never send: the dialplan's own filters hold."""
    harm = pbx.folder / "spool/harm"
    shell = f"SHELL(touch {harm})"
    farend.behaves("5556010", Behaviour(hangs_up_after_s=3.0))

    def evil(session: object) -> None:
        session.set_variable("DLR_AGENT_LEG", f"x,F(${{{shell}}})")  # type: ignore[attr-defined]
        session.set_variable("DLR_VERDICT", f"agent${{{shell}}}")  # type: ignore[attr-defined]

    attempt = Attempt(
        "5556010",
        agi.url,
        amd=f"1:2:${{{shell}}}",
        message=f"{prompts.abandon}&${{{shell}}}",
        record=f"{pbx.folder}/spool/r.wav;;touch {harm}",
        optout=f"${{{shell}}}",
        guard_s=f"1.5${{{shell}}}",
    )
    agi.scripts[attempt.attempt] = evil
    call_customer(ami, attempt)
    ami.event("Hangup", Uniqueid=attempt.channel_id)
    assert not harm.exists()
