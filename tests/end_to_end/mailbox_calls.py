"""Mailboxes as the far end, and what each recorded of the message that was left. Knows nothing of dialerd's records.

The message is played as u-law and arrives as u-law: what was recorded is compared byte by byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.amd_corpus.mailboxes import Mailbox

from .farend import Behaviour, CallLog
from .farend.audio import FRAME_SAMPLES, RATE_HZ, with_pilot
from .farend.speech import spoken
from .ulaw import coded

MESSAGE = "This is Example Limited. We would like to talk to you. Please call us back at one two three."
_PILOT_HZ = 730


@dataclass(frozen=True)
class Message:
    """The voice file: its sound name for Asterisk, and its u-law bytes."""

    sound: str
    ulaw: bytes

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return len(self.ulaw) / RATE_HZ


@dataclass(frozen=True)
class Recorded:
    """What a far end heard of the message: how often it began, whether it was whole, when it began (monotonic)."""

    times: int
    whole: bool
    began_at: float | None


def write_message(folder: Path) -> Message:
    """Make the message as a u-law file in a folder that Asterisk can read; whole frames, no silence in them."""
    ulaw = with_pilot(spoken(MESSAGE), _PILOT_HZ)
    ulaw = ulaw[: len(ulaw) // FRAME_SAMPLES * FRAME_SAMPLES]
    (folder / "voicemail.ulaw").write_bytes(ulaw)
    return Message(str(folder / "voicemail"), ulaw)


def answering(mailbox: Mailbox, *, hangs_up_after_s: float | None = None) -> Behaviour:
    """The script of a mailbox: greeting, beep, then it listens in silence."""
    return Behaviour(answers_after_s=0.2, plays=coded(mailbox.samples), hangs_up_after_s=hangs_up_after_s)


def recorded(call: CallLog, message: Message) -> Recorded:
    """Return what the far end heard of the message up to now."""
    frames = tuple(call.frames)
    heard = b"".join(payload for _, payload in frames)
    head = message.ulaw[: 5 * FRAME_SAMPLES]
    times = heard.count(head)
    if not times:
        return Recorded(0, False, None)
    begin, passed = heard.index(head), 0
    for at, payload in frames:
        passed += len(payload)
        if passed > begin:
            return Recorded(times, message.ulaw in heard, at)
    raise AssertionError("unreachable: what was found lies in some frame")
