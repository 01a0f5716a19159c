"""Owns the words about AMD and what a machine gets: orders that go with a call, events that come back. Does nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from dialerd.core.campaign import AmdAction

MACHINE_VERDICTS: Mapping[AmdAction, str] = MappingProxyType(
    {AmdAction.HANGUP: "machine", AmdAction.VOICEMAIL: "voicemail", AmdAction.TRANSFER: "transfer"}
)
"""What the dialplan is told, by what a machine gets."""

VOICEMAIL_CUES = frozenset({"beep", "silence"})
"""What can end a mailbox's greeting."""
GREETING_TOO_LONG = "no voicemail drop: the greeting did not end within voicemail_wait"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitGreetingEnd:
    """Command: this call's sound will come to the detector, which tells when the greeting is over."""

    attempt_id: int
    token: str
    longest_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GreetingEnded:
    """The detector's word: one of VOICEMAIL_CUES and the message is played; or `fax`, `sit`, `timeout`, `gone`."""

    attempt_id: int
    cue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailStarted:
    """The greeting of a machine is over and the file plays; `cue` says what ended it, as far as the dialplan knows."""

    attempt_id: int
    cue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailEnded:
    """The file was played to its end."""

    attempt_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineActionFailed:
    """What a machine should have got did not come about; `why` is for the record."""

    attempt_id: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AmdCutOff:
    """The limit was over before AMD had decided: no verdict is asked, the dialplan plays the message by itself."""

    attempt_id: int


MachineEvent: TypeAlias = AmdCutOff | GreetingEnded | VoicemailStarted | VoicemailEnded | MachineActionFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineOrders:
    """What the dialplan must know to carry out a verdict for a machine. Which one it is comes with the verdict."""

    voicemail_file: str = ""  # what is left; empty: nothing
    voicemail_wait_s: float = 0.0  # longest wait for the end of the greeting
    extension: str = ""  # where a machine is transferred to
    min_call_s: float = 0.0  # from the answer to the hang-up at least
