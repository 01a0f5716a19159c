"""Proofs on the real Asterisk: the context dialerd-machine by itself, with nobody to hear, and with hostile values."""

from __future__ import annotations

import pytest
from tests.amd_corpus.mailboxes import Mailbox, mailbox

from . import Prompts
from .farend import FarEnd
from .mailbox_calls import answering, recorded, write_message
from .pbx.agi import AgiServer, verdict
from .pbx.ami import AmiClient
from .pbx.asterisk import Asterisk
from .pbx.originate import Attempt, call_customer

pytestmark = pytest.mark.real_asterisk

BOX: Mailbox = mailbox("short", "1000", 3)


def told(ami: AmiClient, attempt: Attempt) -> list[tuple[str, str]]:
    """What the dialplan said of a machine's call that is over: stages and details."""
    ami.event("Hangup", Uniqueid=attempt.channel_id, timeout_s=25)
    events = ami.events("UserEvent", UserEvent="DialerdMachine", Attempt=attempt.attempt)
    return [(event["Stage"], event["Detail"]) for event in events]


@pytest.mark.parametrize("why", ["nobody listens", "no module"])
def test_silence_is_the_end_when_the_detector_is_not_reached(
    pbx: Asterisk, farend: FarEnd, ami: AmiClient, agi: AgiServer, why: str
) -> None:
    message = write_message(pbx.folder / "sounds")
    farend.behaves("5557001", answering(BOX))
    ears = {"DLR_VOICEMAIL": message.sound, "DLR_VOICEMAIL_S": "20", "DLR_EARS": "127.0.0.1:1"}
    attempt = Attempt("5557001", agi.url, extra=ears)
    agi.scripts[attempt.attempt] = verdict("voicemail")
    if why == "no module":
        assert "Unloaded" in pbx.cli("module unload app_audiosocket.so")
    try:
        call_customer(ami, attempt)
        assert told(ami, attempt) == [("start", "silence"), ("end", "")]
    finally:
        if why == "no module":
            pbx.cli("module load app_audiosocket.so")
    call = farend.wait_for_call("5557001")
    heard = recorded(call, message)
    assert (heard.times, heard.whole) == (1, True) and heard.began_at is not None
    assert 1.9 < heard.began_at - call.sent_until(BOX.over_s) < 2.7


def test_hostile_values_do_nothing(
    pbx: Asterisk, farend: FarEnd, ami: AmiClient, agi: AgiServer, prompts: Prompts
) -> None:
    """Whatever somebody manages to put into a variable, nothing runs: the filters leave names and numbers."""
    evil = pbx.folder / "evil"
    farend.behaves("5557010", answering(BOX))
    tries = {
        "voicemail": {
            "DLR_VOICEMAIL": f"${{SHELL(touch {evil})}}",
            "DLR_VOICEMAIL_S": "x",
            "DLR_EARS": "a)&b;${EPOCH}",
        },
        "transfer": {"DLR_MACHINE_TO": f"700${{SHELL(touch {evil})}}"},
        "machine": {"DLR_MACHINE_MS": "${SHELL(touch evil)}250"},
    }
    for says, extra in tries.items():
        attempt = Attempt("5557010", agi.url, extra=extra)
        agi.scripts[attempt.attempt] = verdict(says)
        call_customer(ami, attempt)
        stages = told(ami, attempt)
        assert stages in ([], [("failed", "extension")], [("start", "silence"), ("failed", "playback")]), (says, stages)
    assert not evil.exists()
