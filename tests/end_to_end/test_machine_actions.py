"""What a machine gets by its campaign, on the real Asterisk: what the far end heard, and what the record says."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest
from tests.amd_corpus.mailboxes import NO_BEEP, mailbox

from .conftest import running_product
from .farend import Behaviour, FarEnd
from .farend.audio import tone
from .floor import numbers
from .mailbox_calls import answering, recorded, write_message
from .mailbox_floor import Mailboxes
from .pbx.asterisk import Asterisk
from .product import Product, wall
from .prompts import Prompts

pytestmark = pytest.mark.real_asterisk

BY_SILENCE_S = (1.6, 2.7)
"""From a greeting's end to the message when silence alone tells it."""
BY_BEEP_S = (0.15, 0.5)
"""From the end of the beep to the message when the detector has heard it."""


def test_a_message_is_left_after_the_greeting(
    pbx: Asterisk, product: Product, farend: FarEnd, prompts: Prompts
) -> None:
    """Once, whole, when the greeting is over; what a mailbox cuts off, and what never ends, is recorded as such."""
    message = write_message(pbx.folder / "sounds")
    calls = Mailboxes(
        product, farend, prompts, "--amd-action", "voicemail", "--voicemail-file", message.sound,
        "--voicemail-wait", "15",
    )  # fmt: skip
    boxes = [
        mailbox("long", "1000", 0), mailbox("long", "440", 0), mailbox("short", "1400", 0),
        mailbox("pauses", "800", 0), mailbox("long", NO_BEEP, 0), mailbox("short", "double", 0),
    ]  # fmt: skip
    for left in calls.left("40", boxes, message):
        row = left.row
        assert (row["status"], row["amd_action"], row["disposition"]) == ("machine", "voicemail", "machine"), row
        assert (left.heard.times, left.heard.whole) == (1, True), left.mailbox.name
        assert row["voicemail_cue"] == left.cue, left.mailbox.name
        soon, late = BY_BEEP_S if left.cue == "beep" else BY_SILENCE_S
        assert left.judged_late or soon < left.delay_s < late, (left.mailbox.name, left.delay_s)
        assert abs(row["voicemail_started_at"] / 1e6 - wall(left.heard.began_at or 0)) < 0.2
        played_s = (row["voicemail_ended_at"] - row["voicemail_started_at"]) / 1e6
        assert played_s == pytest.approx(message.seconds, abs=0.3)
        assert row["hung_up_by"] == "dialer" and left.call.ended_by == "pbx" and row["hangup_cause"] == 16
        assert not row["live_answer"] and row["note"] == ""
        assert row["amd_parameters"] == "2500,1500,4000,5000,100,50,1,256,5000"

    cut, endless = mailbox("short", "1000", 1), numbers("41", 2)
    scripts = {
        endless[0]: answering(cut, hangs_up_after_s=cut.over_s + 2.0 + message.seconds / 2),
        endless[1]: Behaviour(plays=b"", then=tone(300)),
    }
    (cut_row, cut_call), (endless_row, endless_call) = calls.call(scripts)
    heard = recorded(cut_call, message)
    assert (heard.times, heard.whole) == (1, False)
    assert cut_row["amd_action"] == "voicemail" and cut_row["voicemail_started_at"], cut_row
    assert cut_row["voicemail_ended_at"] is None and cut_row["hung_up_by"] == "customer", cut_row
    assert endless_row["amd_action"] == "hangup" and "did not end" in endless_row["note"], endless_row
    assert endless_row["voicemail_started_at"] is None and endless_row["hung_up_by"] == "dialer"
    assert recorded(endless_call, message).times == 0 and endless_call.ended_by == "pbx"
    assert (endless_row["ended_at"] - endless_row["verdict_at"]) / 1e6 == pytest.approx(15, abs=1.0)

    calls.edit("--voicemail-file", "no-such-sound")
    ((row, call),) = calls.call({numbers("42", 1)[0]: answering(mailbox("short", "1000", 2))})
    assert row["amd_action"] == "hangup" and "could not play" in row["note"] and not row["voicemail_ended_at"], row
    assert recorded(call, message).times == 0
    shown = product.ctl("call", "show", str(row["id"]))
    assert "could not play" in shown


def test_without_the_detector_two_seconds_of_silence_are_the_end(
    pbx: Asterisk, farend: FarEnd, prompts: Prompts
) -> None:
    message = write_message(pbx.folder / "sounds")
    options = ("--amd-action", "voicemail", "--voicemail-file", message.sound)
    with running_product(pbx, ears=False) as product:
        calls = Mailboxes(product, farend, prompts, *options)
        boxes = [mailbox("long", "1000", 3), mailbox("long", NO_BEEP, 3)]
        for left in calls.left("43", boxes, message):
            assert (left.heard.times, left.heard.whole) == (1, True), left.mailbox.name
            assert left.row["voicemail_cue"] == "silence"
            assert left.judged_late or 1.9 < left.delay_s < 2.7, (left.mailbox.name, left.delay_s)


def test_the_detector_dies_and_comes_back(pbx: Asterisk, product: Product, farend: FarEnd, prompts: Prompts) -> None:
    """A greeting whose stream breaks ends as a hang-up; the next one is heard again, or told by silence."""
    message = write_message(pbx.folder / "sounds")
    calls = Mailboxes(product, farend, prompts, "--amd-action", "voicemail", "--voicemail-file", message.sound)
    assert product.process is not None
    ears = subprocess.run(
        ["pgrep", "-P", str(product.process.pid), "-f", "dialerd.detector"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert len(ears) == 1
    os.kill(int(ears[0]), signal.SIGKILL)
    for prefix in ("44", "45"):
        (left,) = calls.left(prefix, [mailbox("long", "1000", 4)], message)
        assert (left.heard.times, left.heard.whole) == (1, True), left.row
        assert left.row["voicemail_cue"] in ("silence", "beep")
        time.sleep(2)
    assert left.row["voicemail_cue"] == "beep", "it is back"


def test_a_machine_is_transferred_or_hung_up_on(
    pbx: Asterisk, product: Product, farend: FarEnd, prompts: Prompts
) -> None:
    """The extension is reached and heard, one that is not there ends the call; a short call is held."""
    calls = Mailboxes(product, farend, prompts, "--amd-action", "transfer", "--amd-transfer-extension", "700")
    long = answering(mailbox("long", "1000", 0))
    ((row, call),) = calls.call({numbers("50", 1)[0]: long})
    assert (row["status"], row["amd_action"], row["note"]) == ("machine", "transfer", ""), row
    assert call.tone_seconds(prompts.inbound_hz) > 2, "the extension played to the machine"
    assert call.ended_by == "pbx" and abs(row["ended_at"] / 1e6 - wall(call.ended_at or 0)) < 0.5
    assert row["hung_up_by"] == "" and not row["live_answer"]

    calls.edit("--amd-transfer-extension", "701")
    ((row, call),) = calls.call({numbers("51", 1)[0]: long})
    assert (row["status"], row["amd_action"]) == ("machine", "hangup") and "no transfer" in row["note"], row
    assert not call.heard_sound() and call.ended_by == "pbx"

    calls.edit("--amd-action", "hangup", "--amd-min-call", "6.5")
    held, leaves = numbers("52", 2)
    scripts = {held: long, leaves: answering(mailbox("long", "1000", 1), hangs_up_after_s=4.0)}
    (row, call), (left_row, left_call) = calls.call(scripts)
    assert (row["amd_action"], row["hung_up_by"], row["hangup_cause"]) == ("hangup", "dialer", 16), row
    assert (call.ended_at or 0) - (call.answered_at or 0) == pytest.approx(6.5, abs=0.4)
    assert not call.heard_sound(), "held in silence"
    assert abs(row["ended_at"] / 1e6 - wall(call.ended_at or 0)) < 0.5
    assert left_row["hung_up_by"] == "customer" and left_call.ended_by == "farend", left_row

    calls.edit("--amd-min-call", "0")
    ((row, call),) = calls.call({numbers("53", 1)[0]: long})
    assert (row["ended_at"] - row["verdict_at"]) / 1e6 < 0.5, "at once"


def test_dialerd_goes_away_while_machines_are_on_the_line(
    pbx: Asterisk, product: Product, farend: FarEnd, prompts: Prompts
) -> None:
    """The dialplan goes on with what it was told; a record claims no more than somebody has seen."""
    message = write_message(pbx.folder / "sounds")
    calls = Mailboxes(
        product, farend, prompts, "--amd-action", "voicemail", "--voicemail-file", message.sound,
    )  # fmt: skip
    box = mailbox("long", "1000", 0)
    (unseen,), (seen,), (moved,) = numbers("60", 1), numbers("61", 1), numbers("62", 1)
    calls.floor.begin({unseen: answering(box)})
    product.wait(lambda: started(product, unseen), 30, "the message plays")
    product.kill()
    farend.wait_for_end(calls.floor.call(unseen), timeout_s=20)
    product.start()
    product.wait(lambda: product.closed(unseen), 15, "the record is finished")
    row = calls.floor.attempt(unseen)
    assert recorded(calls.floor.call(unseen), message).whole, "the dialplan played it to its end"
    assert (row["status"], row["amd_action"], row["approximate"]) == ("machine", "voicemail", 1), row
    assert row["voicemail_started_at"] and row["voicemail_ended_at"] is None and row["note"], row

    calls.floor.begin({seen: answering(box)})
    product.wait(lambda: started(product, seen), 30, "the message plays")
    product.kill()
    product.start()
    calls.floor.finish({seen: answering(box)}, 20)
    row = calls.floor.attempt(seen)
    assert recorded(calls.floor.call(seen), message).whole
    assert (row["status"], row["amd_action"], row["approximate"]) == ("machine", "voicemail", 0), row
    assert row["voicemail_ended_at"] and row["hung_up_by"] == "dialer", "back in time to see its end"

    pbx.write_test_dialplan(f"{pbx.configuration.extra_dialplan}exten => 702,1,Wait(30)\n")
    calls.edit("--amd-action", "transfer", "--amd-transfer-extension", "702")
    calls.floor.begin({moved: answering(box)})
    # in the store, not only in dialerd's memory: what is not committed yet, a kill may lose
    product.wait(lambda: "transfer" in [row["amd_action"] for row in product.attempts(moved)], 30, "the transfer")
    product.kill()
    product.start()
    product.wait(lambda: gets(product, moved) == "transfer", 10, "it is found on the line")
    time.sleep(1)
    call = calls.floor.call(moved)
    assert call.talking, "nobody has hung up"
    farend.hang_up(call)
    calls.floor.finish({moved: answering(box)}, 15)
    row = calls.floor.attempt(moved)
    assert (row["status"], row["amd_action"], row["approximate"]) == ("machine", "transfer", 0), row
    assert abs(row["ended_at"] / 1e6 - wall(call.ended_at or 0)) < 1.0


def test_a_message_that_waits_for_the_beep_is_left_although_dialerd_dies_meanwhile(
    pbx: Asterisk, product: Product, farend: FarEnd, prompts: Prompts
) -> None:
    message = write_message(pbx.folder / "sounds")
    calls = Mailboxes(product, farend, prompts, "--amd-action", "voicemail", "--voicemail-file", message.sound)
    box = mailbox("long", "1000", 5)
    (waits,) = numbers("63", 1)
    calls.floor.begin({waits: answering(box)})
    product.wait(lambda: gets(product, waits) == "voicemail", 30, "the verdict")
    product.kill()
    call = calls.floor.call(waits)
    assert len(call.sent_at) * 0.02 < box.over_s - 0.5, "the greeting goes on"
    product.start()
    calls.floor.finish({waits: answering(box)}, 30)
    heard = recorded(call, message)
    assert (heard.times, heard.whole) == (1, True)
    row = calls.floor.attempt(waits)
    assert (row["status"], row["amd_action"]) == ("machine", "voicemail"), row
    assert heard.began_at is not None and BY_BEEP_S[0] < heard.began_at - call.sent_until(box.over_s) < BY_BEEP_S[1]


def started(product: Product, number: str) -> bool:
    """The store has the beginning of the message."""
    return any(row["voicemail_started_at"] for row in product.attempts(number))


def gets(product: Product, number: str) -> str:
    """What `call list --live` says that a machine is getting; empty when it is not there."""
    live = product.json("call", "list", "--live")["calls"]
    return str(next((row["amd_action"] for row in live if row["number"] == number), ""))
