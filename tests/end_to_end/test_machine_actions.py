"""What a machine gets by its campaign, on the real Asterisk: what the far end heard, and what the record says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from tests.amd_corpus.mailboxes import NO_BEEP, Mailbox, mailbox

from .farend import Behaviour, CallLog, FarEnd
from .farend.audio import tone
from .floor import CAMPAIGN, Floor, numbers
from .mailbox_calls import Message, Recorded, answering, recorded, write_message
from .pbx.asterisk import Asterisk
from .product import Product, wall
from .prompts import Prompts

pytestmark = pytest.mark.real_asterisk

# whoever does not say one short word and then nothing for four seconds is a machine
EVERYBODY_A_MACHINE = (
    "--amd-enabled", "--amd-after-greeting-silence", "4000", "--amd-over-limit", "--amd-max-words", "1",
    "--amd-unsure", "machine",
)  # fmt: skip
BY_SILENCE_S = (1.9, 2.7)
"""From a greeting's end to the message when silence alone tells it."""


@dataclass(frozen=True)
class Left:
    """One mailbox that was called: its call, its record, and what it recorded."""

    mailbox: Mailbox
    call: CallLog
    row: dict[str, Any]
    heard: Recorded

    @property
    def delay_s(self) -> float:
        """From the end of the greeting and its beep to the message."""
        assert self.heard.began_at is not None, self.mailbox.name
        return self.heard.began_at - self.call.sent_until(self.mailbox.over_s)

    @property
    def judged_late(self) -> bool:
        """Whether AMD came to its verdict only when the greeting was over."""
        return self.row["verdict_at"] / 1e6 > wall(self.call.sent_until(self.mailbox.over_s))


class Mailboxes:
    """A campaign that takes everybody for a machine."""

    def __init__(self, product: Product, farend: FarEnd, prompts: Prompts, *options: str) -> None:
        self.floor = Floor(product, farend)
        self.product = product
        product.campaign(
            CAMPAIGN, prompts.abandon, "--dial-mode", "power", "--dial-ratio", "10", "--dial-timeout", "4",
            "--max-lines", "40", "--calls-per-second", "20", "--retry-delay", "3600", *EVERYBODY_A_MACHINE, *options,
        )  # fmt: skip
        self.floor.log_in({"1001": 1000, "1002": 1150})
        product.ctl("campaign", "start", CAMPAIGN)

    def edit(self, *options: str) -> None:
        """Change the campaign."""
        self.product.ctl("campaign", "edit", CAMPAIGN, *options)

    def call(self, scripts: dict[str, Behaviour], timeout_s: float = 60) -> list[tuple[dict[str, Any], CallLog]]:
        """Call these numbers and return record and far end of each, in their order."""
        self.floor.dial(scripts, timeout_s)
        return [(self.floor.attempt(number), self.floor.call(number)) for number in scripts]

    def left(self, prefix: str, boxes: list[Mailbox], message: Message, timeout_s: float = 60) -> list[Left]:
        """Call mailboxes and return what each got."""
        scripts = {n: answering(box) for n, box in zip(numbers(prefix, len(boxes)), boxes, strict=True)}
        found = self.call(scripts, timeout_s)
        return [Left(box, call, row, recorded(call, message)) for box, (row, call) in zip(boxes, found, strict=True)]


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
        assert row["voicemail_cue"] == "silence"
        assert left.judged_late or BY_SILENCE_S[0] < left.delay_s < BY_SILENCE_S[1], (left.mailbox.name, left.delay_s)
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
