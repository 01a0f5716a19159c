"""Owns what Asterisk's events mean: one AMI event in, core events out. No I/O, no clock; knows nothing of the link."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeAlias

from dialerd.asterisk.actions import NUMBER
from dialerd.asterisk.channel_book import ChannelBook, Heard, OriginateEnded, TraceLeft
from dialerd.core.machine_messages import (
    GREETING_TOO_LONG,
    VOICEMAIL_CUES,
    AmdCutOff,
    MachineActionFailed,
    VoicemailEnded,
    VoicemailStarted,
)
from dialerd.core.messages import MessageEnded, MessageStarted, OptOutTrace
from dialerd.core.traces import AMD_TOO_SLOW

Ami: TypeAlias = Mapping[str, str]

WANTED_EVENTS = frozenset(
    {
        "DialState", "DialEnd", "Newstate", "OriginateResponse", "BridgeEnter", "BridgeLeave", "BridgeDestroy",
        "Hangup", "UserEvent",
    }
)  # fmt: skip
"""Everything else is dropped before it is parsed."""

_SIP_CAUSE = re.compile(r"(?:\A|[^0-9])([1-6][0-9]{2})(?:[^0-9]|\Z)")
_ATTEMPT = re.compile(r"\A[1-9][0-9]{0,18}\Z")
_RINGING, _UP = "5", "6"  # ChannelState


class Translator:
    """Translates events in their order; all it remembers is in the book."""

    def __init__(self, book: ChannelBook) -> None:
        """`book` keeps the channels; others may read and correct it between two events."""
        self.book = book
        self._readers: dict[str, Callable[[Ami, datetime], list[Heard]]] = {
            "DialState": self._dial_state,
            "DialEnd": self._dial_end,
            "Newstate": self._new_state,
            "OriginateResponse": self._originate_response,
            "BridgeEnter": self._bridge_enter,
            "BridgeLeave": self._bridge_leave,
            "BridgeDestroy": self._bridge_destroy,
            "Hangup": self._hangup,
            "UserEvent": self._user_event,
        }

    def translate(self, event: Ami, now: datetime) -> list[Heard]:
        """What this event means, in order; empty when it is none of our business. `now`: aware UTC."""
        reader = self._readers.get(event.get("Event", ""))
        return reader(event, now) if reader else []

    # ------------------------------------------------------------ dialling

    def _dial_state(self, event: Ami, now: datetime) -> list[Heard]:
        channel = self.book.known(event.get("DestUniqueid", ""), event.get("DestChannel", ""))
        if channel is None or event.get("DialStatus") not in ("RINGING", "PROGRESS"):
            return []
        return self.book.rings(channel)

    def _dial_end(self, event: Ami, now: datetime) -> list[Heard]:
        channel = self.book.known(event.get("DestUniqueid", ""), event.get("DestChannel", ""))
        return self.book.answered(channel) if channel and event.get("DialStatus") == "ANSWER" else []

    def _new_state(self, event: Ami, now: datetime) -> list[Heard]:
        channel = self.book.known(event.get("Uniqueid", ""), event.get("Channel", ""))
        if channel is None:
            return []
        if event.get("ChannelState") == _UP:
            return self.book.answered(channel)
        return self.book.rings(channel) if event.get("ChannelState") == _RINGING else []

    def _originate_response(self, event: Ami, now: datetime) -> list[Heard]:
        success = event.get("Response") == "Success"
        channel = self.book.known(event.get("Uniqueid", "")) if success else None
        heard = self.book.answered(channel) if channel else []
        reason = f"reason {event.get('Reason', '?')}"
        return [*heard, OriginateEnded(action_id=event.get("ActionID", ""), success=success, reason=reason)]

    # ------------------------------------------------------------ bridges

    def _bridge_enter(self, event: Ami, now: datetime) -> list[Heard]:
        bridge_id = event.get("BridgeUniqueid", "")
        channel = self.book.known(event.get("Uniqueid", ""), event.get("Channel", ""))
        return self.book.enters_bridge(channel, bridge_id) if channel and bridge_id else []

    def _bridge_leave(self, event: Ami, now: datetime) -> list[Heard]:
        channel = self.book.living(event.get("Uniqueid", ""))
        if channel is None or channel.bridge_id != event.get("BridgeUniqueid"):
            return []
        return self.book.leaves_bridge(channel)

    def _bridge_destroy(self, event: Ami, now: datetime) -> list[Heard]:
        return self.book.bridge_ends(event.get("BridgeUniqueid", ""))

    # ------------------------------------------------------------ endings

    def _hangup(self, event: Ami, now: datetime) -> list[Heard]:
        sip = sip_cause(event.get("TechCause", ""))
        channel = self.book.known(event.get("Uniqueid", ""))
        if channel is None:
            # The trunk's channel behind a Local channel of ours: the SIP answer is known there only.
            behind = self.book.living(event.get("Linkedid", ""))
            if behind is not None and behind.customer and not behind.up and sip is not None:
                behind.sip_cause = sip
            return []
        cause = event.get("Cause", "")
        hangup_cause = int(cause) if cause.isascii() and cause.isdigit() and len(cause) < 4 else None
        return self.book.ends(channel.id, hangup_cause, sip)

    # ------------------------------------------------------------ what the dialplan tells

    def _user_event(self, event: Ami, now: datetime) -> list[Heard]:
        name = event.get("UserEvent", "")
        text = event.get("Attempt", "")
        attempt_id = int(text) if _ATTEMPT.match(text) else None
        if name == "DialerdOptOut":
            return _opt_out(event, attempt_id, now)
        if attempt_id is None:
            return []
        if name == "DialerdMessage":
            if event.get("Stage") == "start":
                return [MessageStarted(attempt_id=attempt_id)]
            return [MessageEnded(attempt_id=attempt_id)] if event.get("Stage") == "end" else []
        if name == "DialerdMachine":
            return _machine(event, attempt_id)
        if name == "DialerdUnattended":
            return self._unattended(attempt_id, event.get("Reason", ""))
        return []

    def _unattended(self, attempt_id: int, reason: str) -> list[Heard]:
        """The trace of a call that is up is read at its end; that AMD was too slow must be known before the message."""
        told: list[Heard] = [AmdCutOff(attempt_id=attempt_id)] if reason == AMD_TOO_SLOW else []
        if not self.book.leaves_trace(attempt_id):
            told.append(TraceLeft(attempt_id=attempt_id, reason=reason))
        return told


_FAILED = {
    "greeting": GREETING_TOO_LONG,
    "playback": "no voicemail drop: Asterisk could not play the voicemail_file",
    "extension": "no transfer: the extension is not in the dialplan's context dialerd-transfer",
}
"""What the dialplan calls it, and what the record says."""


def _machine(event: Ami, attempt_id: int) -> list[Heard]:
    stage, detail = event.get("Stage", ""), event.get("Detail", "")
    if stage == "start":
        return [VoicemailStarted(attempt_id=attempt_id, cue=detail if detail in VOICEMAIL_CUES else "")]
    if stage == "end":
        return [VoicemailEnded(attempt_id=attempt_id)]
    if stage == "failed":
        return [MachineActionFailed(attempt_id=attempt_id, why=_FAILED.get(detail, "the dialplan could not do it"))]
    return []


def _opt_out(event: Ami, attempt_id: int | None, now: datetime) -> list[Heard]:
    number = event.get("Number", "")
    if event.get("Source") == "abandon" and attempt_id is not None:
        return [OptOutTrace(number="", at=now, source="abandon", attempt_id=attempt_id, key=f"optout-a{attempt_id}")]
    if event.get("Source") == "callback" and NUMBER.match(number):
        return [OptOutTrace(number=number, at=now, source="callback", key=f"optout-{number}")]
    return []


def sip_cause(text: str) -> int | None:
    """The SIP status in a TechCause (`486`), or None."""
    match = _SIP_CAUSE.search(text)
    return int(match[1]) if match else None
