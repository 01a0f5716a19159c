"""Proofs on the real Asterisk: dialerd is away, mute or mad, and the dialplan alone keeps the promise."""

from __future__ import annotations

import time

import pytest

from . import Prompts
from .farend import Behaviour, FarEnd
from .farend.speech import human_hello
from .pbx.agi import AgiServer, AgiSession
from .pbx.ami import AmiClient
from .pbx.asterisk import Asterisk
from .pbx.originate import Attempt, call_customer

pytestmark = pytest.mark.real_asterisk

NOBODY = "agi://127.0.0.1:1/verdict"
AMD = "2500:1500:800:5000:100:50:3:256:5000"


def _mute(session: AgiSession) -> None:
    session.wait_for_end(10)


def _garbage(session: AgiSession) -> None:
    session.send(b'\x00\xffHELLO nonsense\nSET\n\n\nfoo "\nVERBOSE "' + b"x" * 3000 + b'"\n')
    session.wait_for_end(10)


def _dropped(session: AgiSession) -> None:
    session.send(b"GET VARIAB")


def _nonsense_verdict(session: AgiSession) -> None:
    session.set_variable("DLR_VERDICT", "agent,evil${EXTEN}")


def test_the_message_is_heard_within_the_limit_and_the_trace_is_there(
    pbx: Asterisk, farend: FarEnd, ami: AmiClient, agi: AgiServer, prompts: Prompts
) -> None:
    farend.behaves("5553002", Behaviour(plays=human_hello()))
    from_verdict = {"amd": AMD, "guard_from": "verdict", "guard_s": "0.8"}
    wait_from_verdict = Attempt("5553002", agi.url, message=prompts.abandon, **from_verdict)  # type: ignore[arg-type]
    cases = {
        "refused": (Attempt("5553001", NOBODY, message=prompts.abandon), None, 0.0, 0.5),
        "mute": (Attempt("5553003", agi.url, message=prompts.abandon), _mute, 1.7, 2.05),
        "mute after AMD": (wait_from_verdict, _mute, 0.8 + 1.4, 0.8 + 2.3),
        "garbage": (Attempt("5553004", agi.url, message=prompts.abandon), _garbage, 1.7, 2.05),
        "dropped": (Attempt("5553005", agi.url, message=prompts.abandon), _dropped, 0.0, 0.5),
        "nonsense": (Attempt("5553006", agi.url, message=prompts.abandon), _nonsense_verdict, 0.0, 0.5),
        "no script": (Attempt("5553007", "/no/such/script.agi", message=prompts.abandon), None, 0.0, 0.5),
    }
    reasons = {"mute": "timeout", "mute after AMD": "timeout", "garbage": "timeout", "refused": "refused"}
    began = int(time.time())
    for attempt, script, _, _ in cases.values():
        if script:
            agi.scripts[attempt.attempt] = script
        call_customer(ami, attempt)
    for name, (attempt, _, soonest_s, latest_s) in cases.items():
        ami.event("UserEvent", UserEvent="DialerdMessage", Attempt=attempt.attempt, Stage="end", timeout_s=12)
        call = farend.wait_for_call(attempt.number)
        assert soonest_s <= call.silence_after_answer_s() <= latest_s, name
        assert len(call.heard_tone(prompts.abandon_hz)) == 1, name
        said = ami.event("UserEvent", UserEvent="DialerdUnattended", Attempt=attempt.attempt)
        assert said["Token"] == attempt.token
        farend.hang_up(call)
    traces = {m["Key"]: m["Val"] for m in ami.listing("DBGetTree", [("Family", "dialerd")])}
    for name, (attempt, _, _, _) in cases.items():
        value = traces[f"/dialerd/unattended/{attempt.attempt}"]
        token, answered, start, end, reason = value.split("|")
        assert token == attempt.token
        assert began <= int(answered) <= int(start) < int(end) <= time.time()
        assert reason == reasons.get(name, "refused" if name == "no script" else "empty"), name
    for attempt, _, _, _ in cases.values():
        assert forget(ami, f"unattended-{attempt.attempt}") == "Success"
    left = {m["Key"] for m in ami.listing("DBGetTree", [("Family", "dialerd")])}
    assert not left & {f"/dialerd/unattended/{attempt.attempt}" for attempt, _, _, _ in cases.values()}


def test_who_hangs_up_leaves_a_trace_unless_dialerd_had_seen_the_call(
    pbx: Asterisk, farend: FarEnd, ami: AmiClient, agi: AgiServer, prompts: Prompts
) -> None:
    """In the wait, in AMD, in the message, and with a dialerd that knows."""

    def attended(session: AgiSession) -> None:
        session.set_variable("DLR_ATTENDED", "1")
        session.wait_for_end(5)

    farend.behaves("5553020", Behaviour(hangs_up_after_s=0.7))
    waiting = Attempt("5553020", agi.url, message=prompts.abandon)
    in_amd = Attempt("5553020", NOBODY, amd=AMD, guard_from="verdict", message=prompts.abandon)
    in_message = Attempt("5553020", NOBODY, message=prompts.abandon)
    known = Attempt("5553020", agi.url, message=prompts.abandon)
    agi.scripts[waiting.attempt] = _mute
    agi.scripts[known.attempt] = attended
    for attempt in (waiting, in_amd, in_message, known):
        call_customer(ami, attempt)
    for attempt in (waiting, in_amd, in_message, known):
        ami.event("Hangup", Uniqueid=attempt.channel_id)
    traces = pbx.database("dialerd/unattended")
    for attempt in (waiting, in_amd):
        token, answered, start, end, reason = traces[f"/dialerd/unattended/{attempt.attempt}"].split("|")
        assert (token, start, end, reason) == (attempt.token, "", "", "hangup") and int(answered) > 0
        ami.event("UserEvent", UserEvent="DialerdUnattended", Attempt=attempt.attempt, Reason="hangup")
    _, _, start, end, reason = traces[f"/dialerd/unattended/{in_message.attempt}"].split("|")
    assert int(start) > 0 and (end, reason) == ("", "refused")
    assert f"/dialerd/unattended/{known.attempt}" not in traces


def test_the_trace_survives_a_crash_in_the_message(
    pbx: Asterisk, farend: FarEnd, ami: AmiClient, prompts: Prompts
) -> None:
    attempt = Attempt("5553030", NOBODY, message=prompts.abandon)
    call_customer(ami, attempt)
    ami.event("UserEvent", UserEvent="DialerdMessage", Attempt=attempt.attempt, Stage="start")
    time.sleep(1.2)  # AstDB's own thread commits within a second
    pbx.kill()
    farend.hang_up_all()
    pbx.start()
    _, _, start, end, reason = pbx.database()[f"/dialerd/unattended/{attempt.attempt}"].split("|")
    assert int(start) > 0 and (end, reason) == ("", "refused")


def test_forget_removes_nothing_but_traces(pbx: Asterisk, ami: AmiClient) -> None:
    pbx.cli("database put dialerd/unattended 7777 x")
    pbx.cli("database put other key x")
    for bad in ("bogus-7777", "unattended-", "unattended-..", "x", "unattendedx-7777"):
        assert forget(ami, bad) == "Failure", bad
    assert forget(ami, "unattended-99999999") == "Success"  # already gone
    assert "/dialerd/unattended/7777" in pbx.database() and pbx.database("other")
    assert forget(ami, "unattended-7777") == "Success"
    assert "/dialerd/unattended/7777" not in pbx.database()


def forget(ami: AmiClient, key: str) -> str:
    """Remove a trace the way dialerd does and return OriginateResponse's Response."""
    action_id = ami.send(
        "Originate",
        [
            ("Channel", f"Local/{key}@dialerd-forget"),
            ("Context", "dialerd-forget"),
            ("Exten", "s"),
            ("Priority", "1"),
            ("Timeout", "5000"),
            ("Async", "true"),
        ],
    )
    return ami.event("OriginateResponse", ActionID=action_id)["Response"]
