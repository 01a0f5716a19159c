"""Proofs on the real Asterisk: what the shipped AMI user may do and see. Knows nothing of dialerd's client."""

from __future__ import annotations

from pathlib import Path

import pytest

from .farend import RING_FOREVER, Behaviour, FarEnd
from .farend.audio import tone
from .pbx.agi import AgiServer, verdict
from .pbx.ami import AmiClient
from .pbx.asterisk import Asterisk
from .pbx.originate import Attempt, call_customer, log_in_agent

pytestmark = pytest.mark.real_asterisk


def test_what_dialerd_needs_is_allowed(pbx: Asterisk, farend: FarEnd, ami: AmiClient, agi: AgiServer) -> None:
    farend.behaves("1001", Behaviour(then=tone(1000)))
    farend.behaves("5555001", RING_FOREVER)
    leg = log_in_agent(ami, "1001")
    on_leg = ("Channel", leg.channel_id)
    allowed = {
        "Ping": [],
        "CoreStatus": [],
        "Getvar": [on_leg, ("Variable", "DLR_AGENT")],
        "Setvar": [on_leg, ("Variable", "DLR_NOTE"), ("Value", "1")],
        "PlayDTMF": [on_leg, ("Digit", "4"), ("Receive", "true")],
        "Redirect": [on_leg, ("Context", "dialerd-agent"), ("Exten", "s"), ("Priority", "1")],
    }
    for action, headers in allowed.items():
        assert ami.action(action, headers)["Response"] == "Success", action
    ringing = Attempt("5555001", agi.url)
    call_customer(ami, ringing)
    ami.event("DialState", DestUniqueid=ringing.channel_id, DialStatus="RINGING")
    listed = {m["Uniqueid"] for m in ami.listing("CoreShowChannels")}
    assert listed == {leg.channel_id, ringing.channel_id}
    assert ami.listing("Status", [on_leg])[0]["Uniqueid"] == leg.channel_id
    ami.listing("DBGetTree", [("Family", "dialerd")])
    assert ami.action("Hangup", [("Channel", ringing.channel_id), ("Cause", "16")])["Response"] == "Success"
    assert ami.event("Hangup", Uniqueid=ringing.channel_id)["Cause"] == "16"


def test_everything_that_could_harm_the_pbx_is_refused(pbx: Asterisk, ami: AmiClient) -> None:
    marker = Path(pbx.folder / "spool/harm")
    harm = f"touch {marker}"
    local = ("Channel", "Local/s@dialerd-forget")
    refused: list[tuple[str, list[tuple[str, str]]]] = [
        ("Command", [("Command", "core show version")]),
        ("ModuleLoad", [("LoadType", "reload"), ("Module", "pbx_config")]),
        ("Reload", []),
        ("DBPut", [("Family", "dialerd"), ("Key", "x"), ("Val", "1")]),
        ("DBDel", [("Family", "dialerd"), ("Key", "x")]),
        ("DBDelTree", [("Family", "dialerd")]),
        ("GetConfig", [("Filename", "manager.conf")]),
        ("UpdateConfig", [("SrcFilename", "manager.conf"), ("DstFilename", "manager.conf")]),
        ("DialplanExtensionAdd", [("Context", "x"), ("Extension", "1"), ("Priority", "1"), ("Application", "NoOp")]),
        ("MixMonitor", [local, ("File", "/tmp/x.wav"), ("Command", harm)]),
        ("Filter", [("Operation", "Add"), ("Filter", "Event: X")]),
        ("Originate", [local, ("Application", "System"), ("Data", harm)]),
        ("Originate", [local, ("Application", "TrySystem"), ("Data", harm)]),
        ("Originate", [local, ("Application", "Exec"), ("Data", f"System({harm})")]),
        ("Originate", [local, ("Application", "AGI"), ("Data", "/bin/sh")]),
        ("Originate", [local, ("Application", "MixMonitor"), ("Data", f"/tmp/x,,{harm}")]),
        ("Originate", [local, ("Application", "Set"), ("Data", f"X=${{SHELL({harm})}}")]),
        ("Getvar", [("Variable", f"SHELL({harm})")]),
        ("Setvar", [("Variable", f"SHELL({harm})"), ("Value", "1")]),
    ]
    for action, headers in refused:
        answer = ami.action(action, headers)
        assert answer["Response"] == "Error", (action, headers, answer)
    assert not marker.exists()


def test_only_dialerds_own_events_arrive(pbx: Asterisk, farend: FarEnd, ami: AmiClient, agi: AgiServer) -> None:
    farend.behaves("1001", Behaviour(then=tone(1000)))
    leg = log_in_agent(ami, "1001")
    attempt = Attempt("5555010", agi.url, amd="5000:1500:800:300:100:50:3:256:5000", guard_from="verdict")
    agi.scripts[attempt.attempt] = verdict("agent", agent_leg=leg.channel_id)
    pbx.cli("channel originate PJSIP/5555011@trunk application Wait 1")  # the PBX's other traffic
    call_customer(ami, attempt)
    ami.event("BridgeEnter", Uniqueid=attempt.channel_id)
    farend.press(farend.wait_for_call("5555010"), "3")
    farend.press(farend.wait_for_call("1001"), "7")
    pressed = ami.event("DTMFEnd", Uniqueid=leg.channel_id)
    assert (pressed["Digit"], pressed["Direction"]) == ("7", "Received")
    farend.wait_until(lambda: bool(farend.wait_for_call("1001").digits), 3, "the customer's key at the agent's phone")
    farend.hang_up(farend.wait_for_call("5555010"))
    ami.event_count(2, "BridgeEnter", Uniqueid=leg.channel_id, BridgeTechnology="holding_bridge")
    farend.wait_for_end(farend.wait_for_call("5555011"))
    seen = ami.events()
    assert {m["Event"] for m in seen} == {
        "FullyBooted", "DialState", "DialEnd", "OriginateResponse", "BridgeEnter", "BridgeLeave", "VarSet", "DTMFEnd",
        "Hangup",
    }  # fmt: skip
    assert {m["Variable"] for m in seen if m["Event"] == "VarSet"} == {"AMDSTATUS", "AMDCAUSE"}
    assert {m["Digit"] for m in seen if m["Event"] == "DTMFEnd"} == {"7"}
    ours = {leg.channel_id, attempt.channel_id, ""}
    assert {m["Uniqueid"] for m in seen} | {m["DestUniqueid"] for m in seen} <= ours
    assert sum(len(p.data) for p in ami.recording.pieces() if p.side == "server") < 12_000
