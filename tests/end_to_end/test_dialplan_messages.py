"""Proofs on the real Asterisk: the abandon message, opting out, and who calls the displayed number back."""

from __future__ import annotations

import pytest

from . import Prompts
from .conftest import DISPLAYED_NUMBER
from .farend import Behaviour, CallLog, FarEnd
from .pbx.agi import AgiServer, verdict
from .pbx.ami import AmiClient
from .pbx.asterisk import Asterisk
from .pbx.originate import Attempt, call_customer

pytestmark = pytest.mark.real_asterisk


def test_the_abandon_message_is_heard_and_reported(
    pbx: Asterisk, farend: FarEnd, ami: AmiClient, agi: AgiServer, prompts: Prompts
) -> None:
    """To the end; with the opt-out key in it, after it, with another key; hung up in it; no key; no such sound."""
    farend.behaves("5552002", Behaviour(digits=((0.6, "5"), (1.2, "9"))))
    farend.behaves("5552003", Behaviour(digits=((prompts.abandon_s + 1.0, "9"),)))
    farend.behaves("5552004", Behaviour(digits=((0.6, "9"),)))
    farend.behaves("5552005", Behaviour(hangs_up_after_s=1.0))
    listens = Attempt("5552001", agi.url, message=prompts.abandon)
    in_it = Attempt("5552002", agi.url, message=prompts.abandon)
    after_it = Attempt("5552003", agi.url, message=prompts.abandon)
    no_key = Attempt("5552004", agi.url, message=prompts.abandon, optout="")
    leaves = Attempt("5552005", agi.url, message=prompts.abandon)
    missing = Attempt("5552006", agi.url, message="no-such-sound")
    for attempt in (listens, in_it, after_it, no_key, leaves, missing):
        agi.scripts[attempt.attempt] = verdict("abandon")
        call_customer(ami, attempt)
    for attempt in (listens, in_it, after_it, no_key, leaves, missing):
        ami.event("Hangup", Uniqueid=attempt.channel_id, timeout_s=12)
        ami.event("UserEvent", UserEvent="DialerdMessage", Attempt=attempt.attempt, Stage="start")

    def ended(attempt: Attempt) -> bool:
        return bool(ami.events("UserEvent", UserEvent="DialerdMessage", Attempt=attempt.attempt, Stage="end"))

    def opted_out(attempt: Attempt) -> bool:
        found = ami.events("UserEvent", UserEvent="DialerdOptOut", Attempt=attempt.attempt, Source="abandon", Number="")
        return bool(found) and pbx.database()[f"/dialerd/optout/a{attempt.attempt}"].endswith(f"|{attempt.attempt}")

    assert [ended(a) for a in (listens, in_it, after_it, no_key, leaves, missing)] == [
        True, False, True, True, False, False,
    ]  # fmt: skip
    assert [opted_out(a) for a in (in_it, after_it)] == [True, True]
    assert not any(f"/dialerd/optout/a{a.attempt}" in pbx.database() for a in (listens, no_key, leaves, missing))
    for attempt in (listens, after_it, no_key):
        (heard,) = farend.wait_for_call(attempt.number).heard_tone(prompts.abandon_hz)
        assert heard.seconds == pytest.approx(prompts.abandon_s, abs=0.2)
    # the 5 did not stop it, the 9 did
    (heard,) = farend.wait_for_call(in_it.number).heard_tone(prompts.abandon_hz)
    assert farend.wait_for_call(in_it.number).since_answer(heard).end == pytest.approx(1.4, abs=0.25)
    assert not any(f"/dialerd/unattended/{a.attempt}" in pbx.database() for a in (listens, in_it, missing))


def test_after_the_message_a_person_is_transferred(
    pbx: Asterisk, farend: FarEnd, ami: AmiClient, agi: AgiServer, prompts: Prompts
) -> None:
    """By the verdict and by the dialplan alone; not after the opt-out key, not to an extension that is not there."""
    farend.behaves("5552012", Behaviour(digits=((prompts.abandon_s + 1.0, "9"),)))
    goes_on = Attempt("5552011", agi.url, message=prompts.abandon, extra={"DLR_TRANSFER": "700"})
    opts_out = Attempt("5552012", agi.url, message=prompts.abandon, extra={"DLR_TRANSFER": "700"})
    nowhere = Attempt("5552013", agi.url, message=prompts.abandon, extra={"DLR_TRANSFER": "701"})
    hostile = Attempt("5552014", agi.url, message=prompts.abandon, extra={"DLR_TRANSFER": "${EPOCH}"})
    alone = Attempt("5552015", agi.url, message=prompts.abandon, extra={"DLR_TRANSFER": "700"})
    attempts = (goes_on, opts_out, nowhere, hostile, alone)
    for attempt in attempts:
        agi.scripts[attempt.attempt] = verdict("refused" if attempt is alone else "abandon")
        call_customer(ami, attempt)
    for attempt in attempts:
        ami.event("Hangup", Uniqueid=attempt.channel_id, timeout_s=25)
    calls = [farend.wait_for_call(attempt.number) for attempt in attempts]
    assert [bool(call.heard_tone(prompts.abandon_hz)) for call in calls] == [True] * 5
    # a voice has something of every tone, for a moment
    assert [call.tone_seconds(prompts.inbound_hz) > 2 for call in calls] == [True, False, False, False, True]


def test_who_calls_the_displayed_number_hears_who_called_and_can_opt_out(
    pbx: Asterisk, farend: FarEnd, ami: AmiClient, prompts: Prompts
) -> None:
    def dial(caller: str, **wanted: object) -> CallLog:
        behaviour = Behaviour(**wanted)  # type: ignore[arg-type]
        return farend.dial(pbx.ports.sip, caller=caller, number=DISPLAYED_NUMBER, behaviour=behaviour)

    presses = dial("+393331112222", digits=((1.5, "9"),))
    listens = dial("393334445555", hangs_up_after_s=2.0)
    nobody = dial("anonymous", digits=((1.5, "9"),))
    hostile = dial("12%2C%24%7BSHELL%28touch%20x%29%7D%22%7C34", digits=((1.5, "9"),))
    for caller in ("+393331112222", "393334445555", "", "1234"):
        ami.event("UserEvent", UserEvent="DialerdInbound", Number=caller)
    optout = ami.event("UserEvent", UserEvent="DialerdOptOut", Source="callback", Number="+393331112222")
    assert optout["Attempt"] == ""
    for call in (presses, nobody, hostile):
        farend.wait_for_end(call, timeout_s=10)
        assert call.ended_by == "pbx"
    for call in (presses, listens, nobody):
        assert call.heard_tone(prompts.inbound_hz) and call.silence_after_answer_s() < 1.0
    traces = pbx.database("dialerd/optout")
    assert traces["/dialerd/optout/+393331112222"].endswith("|callback|")
    # from a hostile caller at most digits remain; from an anonymous one nothing
    assert all(set(key.rpartition("/")[2]) <= set("0123456789+a") for key in traces)
    assert "/dialerd/optout/393334445555" not in traces and "/dialerd/optout/" not in traces
