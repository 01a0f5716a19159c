"""Owns what Asterisk's events mean: one AMI event in, core events out. No I/O, no clock; knows nothing of the link.

Channels are known by Uniqueid alone. Of a Local channel the first half bears our id and runs the dialplan, so only its
events count; the second half (`…-b`) and everything behind it is seen through Linkedid, and only for its SIP cause.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from dialerd.asterisk.actions import AGENT_CHANNEL, ATTEMPT_CHANNEL, NUMBER
from dialerd.core.call import HungUpBy
from dialerd.core.messages import (
    CallAnswered,
    CallBridged,
    CallEnded,
    CallRinging,
    CallUnbridged,
    ChannelSeen,
    LegEnded,
    LegUp,
    MessageEnded,
    MessageStarted,
    OptOutTrace,
    PbxEvent,
)

Ami: TypeAlias = Mapping[str, str]

WANTED_EVENTS = frozenset(
    {
        "DialState", "DialEnd", "Newstate", "OriginateResponse", "BridgeEnter", "BridgeLeave", "BridgeDestroy",
        "Hangup", "UserEvent",
    }
)  # fmt: skip
"""Everything else is dropped before it is parsed."""

REMEMBERED_ENDINGS = 20_000
_SIP_CAUSE = re.compile(r"(?:\A|[^0-9])([1-6][0-9]{2})(?:[^0-9]|\Z)")
_ATTEMPT = re.compile(r"\A[1-9][0-9]{0,18}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceLeft:
    """The dialplan acts alone on this call: its durable trace must be read when the call is over."""

    attempt_id: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginateEnded:
    """The second answer to an Originate. A failed one is followed by a Hangup, unless no channel ever was."""

    action_id: str
    success: bool
    reason: str


Heard: TypeAlias = PbxEvent | TraceLeft | OriginateEnded


@dataclass(slots=True)
class _Channel:
    id: str
    customer: bool
    owner_id: int  # attempt id or agent id
    name: str = ""
    ringing: bool = False
    up: bool = False
    bridge_id: str = ""
    partner_id: str = ""  # a customer's agent leg
    sip_cause: int | None = None
    traced: bool = False


class Translator:
    """Translates events in their order. Keeps only living channels of ours, their bridges, and the last endings."""

    def __init__(self) -> None:
        """Start with no channel known."""
        self._channels: dict[str, _Channel] = {}
        self._attempts: dict[int, str] = {}
        self._bridges: dict[str, set[str]] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()
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

    # ------------------------------------------------------------ used by the node

    def translate(self, event: Ami, now: datetime) -> list[Heard]:
        """What this event means, in order; empty when it is none of our business. `now`: aware UTC."""
        reader = self._readers.get(event.get("Event", ""))
        return reader(event, now) if reader else []

    def expect(self, channel_id: str) -> None:
        """An Originate with this id is about to be sent."""
        self._known(channel_id)

    def unexpect(self, channel_id: str) -> None:
        """The Originate was refused: no such channel will come."""
        self._remove(channel_id)

    def attends(self, attempt_id: int) -> bool:
        """Whether this attempt's channel lives, as far as we know: only then is it dialerd's to attend."""
        return attempt_id in self._attempts

    def awaits(self, channel_id: str) -> bool:
        """Whether this channel of ours is expected or alive."""
        return channel_id in self._channels

    def leaves_trace(self, attempt_id: int) -> bool:
        """It has left a trace. True: its call is still up, TraceLeft comes at the end. False: it is complete."""
        channel = self._channels.get(self._attempts.get(attempt_id, ""))
        if channel is not None:
            channel.traced = True
        return channel is not None

    def has_ended(self, channel_id: str) -> bool:
        """Whether this channel's end was told already."""
        return channel_id in self._ended

    def was_seen(self, channel_id: str) -> bool:
        """Whether any event told of this channel being alive (its Hangup will come then)."""
        channel = self._channels.get(channel_id)
        return channel is not None and (channel.ringing or channel.up or bool(channel.name))

    def end(self, channel_id: str) -> list[Heard]:
        """Declare a channel gone without its Hangup; returns its ending, nothing when that was told already."""
        channel = self._known(channel_id)
        return self._ending(channel, None, None) if channel else []

    def adopt(self, channels: Iterable[ChannelSeen]) -> None:
        """Start anew from Asterisk's list: what is not in it is gone (whoever reads the list draws conclusions)."""
        before = self._channels
        self._channels, self._attempts, self._bridges = {}, {}, {}
        for seen in channels:
            channel = self._known(seen.unique_id)
            if channel is None:
                continue
            known = before.get(seen.unique_id)
            channel.name = seen.name
            channel.ringing = seen.up or bool(known and known.ringing)
            # A leg that is up but not yet in its holding bridge will announce itself when it enters.
            channel.up = seen.up if channel.customer else bool(seen.bridge_id)
            channel.traced = bool(known and known.traced)
            channel.bridge_id = seen.bridge_id
            if seen.bridge_id:
                self._bridges.setdefault(seen.bridge_id, set()).add(channel.id)
        for channel in self._channels.values():
            if channel.customer and channel.bridge_id:
                channel.partner_id = self._other(channel)

    # ------------------------------------------------------------ channels

    def _known(self, channel_id: str) -> _Channel | None:
        """The channel of ours with this id, made known if need be; None for foreign and for ended ones."""
        channel = self._channels.get(channel_id)
        if channel is not None or channel_id in self._ended:
            return channel
        customer = ATTEMPT_CHANNEL.match(channel_id)
        match = customer or AGENT_CHANNEL.match(channel_id)
        if match is None:
            return None
        channel = _Channel(channel_id, customer is not None, int(match[1]))
        self._channels[channel_id] = channel
        if channel.customer:
            self._attempts[channel.owner_id] = channel_id
        return channel

    def _remove(self, channel_id: str) -> None:
        channel = self._channels.pop(channel_id, None)
        if channel is not None and self._attempts.get(channel.owner_id) == channel_id:
            del self._attempts[channel.owner_id]

    def _answered(self, channel: _Channel) -> list[Heard]:
        if not channel.customer or channel.up:
            return []
        channel.ringing = channel.up = True
        return [CallAnswered(attempt_id=channel.owner_id)]

    def _rings(self, channel: _Channel) -> list[Heard]:
        if channel.ringing or channel.up:
            return []
        channel.ringing = True
        return [CallRinging(attempt_id=channel.owner_id)] if channel.customer else []

    def _ending(self, channel: _Channel, cause: int | None, sip: int | None) -> list[Heard]:
        heard = self._leave(channel)
        self._remove(channel.id)
        self._ended[channel.id] = None
        if len(self._ended) > REMEMBERED_ENDINGS:
            self._ended.popitem(last=False)
        if not channel.customer:
            ended = LegEnded(agent_id=channel.owner_id, leg_id=channel.id, hangup_cause=cause, sip_cause=sip)
            return [*heard, ended]
        heard.append(CallEnded(attempt_id=channel.owner_id, hangup_cause=cause, sip_cause=sip))
        if channel.traced:
            heard.append(TraceLeft(attempt_id=channel.owner_id, reason="ended"))
        return heard

    # ------------------------------------------------------------ dialling

    def _dial_state(self, event: Ami, now: datetime) -> list[Heard]:
        channel = self._known(event.get("DestUniqueid", ""))
        if channel is None:
            return []
        channel.name = event.get("DestChannel", channel.name)
        return self._rings(channel) if event.get("DialStatus") in ("RINGING", "PROGRESS") else []

    def _dial_end(self, event: Ami, now: datetime) -> list[Heard]:
        channel = self._known(event.get("DestUniqueid", ""))
        if channel is None:
            return []
        channel.name = event.get("DestChannel", channel.name)
        return self._answered(channel) if event.get("DialStatus") == "ANSWER" else []

    def _new_state(self, event: Ami, now: datetime) -> list[Heard]:
        channel = self._known(event.get("Uniqueid", ""))
        if channel is None:
            return []
        channel.name = event.get("Channel", channel.name)
        state = event.get("ChannelState")
        if state == "6":
            return self._answered(channel)
        return self._rings(channel) if state == "5" else []

    def _originate_response(self, event: Ami, now: datetime) -> list[Heard]:
        success = event.get("Response") == "Success"
        heard: list[Heard] = []
        if success and (channel := self._known(event.get("Uniqueid", ""))):
            heard = self._answered(channel)
        ended = OriginateEnded(
            action_id=event.get("ActionID", ""), success=success, reason=f"reason {event.get('Reason', '?')}"
        )
        return [*heard, ended]

    # ------------------------------------------------------------ bridges

    def _bridge_enter(self, event: Ami, now: datetime) -> list[Heard]:
        channel = self._known(event.get("Uniqueid", ""))
        bridge_id = event.get("BridgeUniqueid", "")
        if channel is None or not bridge_id or channel.bridge_id == bridge_id:
            return []
        heard = self._leave(channel)
        channel.name = event.get("Channel", channel.name)
        channel.bridge_id = bridge_id
        self._bridges.setdefault(bridge_id, set()).add(channel.id)
        if channel.customer:
            heard += self._answered(channel)
        elif not channel.up:
            channel.up = True
            heard.append(LegUp(agent_id=channel.owner_id, leg_id=channel.id, channel_name=channel.name))
        other = self._channels.get(self._other(channel))
        if other is not None:
            customer, leg = (channel, other) if channel.customer else (other, channel)
            if not customer.partner_id:
                customer.partner_id = leg.id
                heard.append(CallBridged(attempt_id=customer.owner_id, agent_id=leg.owner_id, leg_id=leg.id))
        return heard

    def _other(self, channel: _Channel) -> str:
        """The id of an agent's leg in this customer's bridge, or of a customer in this leg's; empty if none."""
        for other_id in sorted(self._bridges.get(channel.bridge_id, ())):
            if self._channels[other_id].customer is not channel.customer:
                return other_id
        return ""

    def _bridge_leave(self, event: Ami, now: datetime) -> list[Heard]:
        channel = self._channels.get(event.get("Uniqueid", ""))
        if channel is None or channel.bridge_id != event.get("BridgeUniqueid"):
            return []
        return self._leave(channel)

    def _bridge_destroy(self, event: Ami, now: datetime) -> list[Heard]:
        heard: list[Heard] = []
        for channel_id in sorted(self._bridges.get(event.get("BridgeUniqueid", ""), ())):
            heard += self._leave(self._channels[channel_id])
        return heard

    def _leave(self, channel: _Channel) -> list[Heard]:
        members = self._bridges.get(channel.bridge_id)
        if members is not None:
            members.discard(channel.id)
            if not members:
                del self._bridges[channel.bridge_id]
        channel.bridge_id = ""
        heard: list[Heard] = []
        pairs = [channel] if channel.customer else [self._channels[id_] for id_ in sorted(members or ())]
        for customer in pairs:
            leg = AGENT_CHANNEL.match(customer.partner_id)
            if leg is not None and channel.id in (customer.id, customer.partner_id):
                customer.partner_id = ""
                by = HungUpBy.CUSTOMER if channel.customer else HungUpBy.AGENT
                heard.append(CallUnbridged(attempt_id=customer.owner_id, agent_id=int(leg[1]), by=by))
        return heard

    # ------------------------------------------------------------ endings and user events

    def _hangup(self, event: Ami, now: datetime) -> list[Heard]:
        sip = sip_cause(event.get("TechCause", ""))
        channel = self._known(event.get("Uniqueid", ""))
        if channel is None:
            # The trunk's channel behind a Local channel of ours: the SIP answer is known there only.
            behind = self._channels.get(event.get("Linkedid", ""))
            if behind is not None and behind.customer and not behind.up and sip is not None:
                behind.sip_cause = sip
            return []
        cause = event.get("Cause", "")
        hangup_cause = int(cause) if cause.isascii() and cause.isdigit() and len(cause) < 4 else None
        return self._ending(channel, hangup_cause, channel.sip_cause if sip is None else sip)

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
        if name == "DialerdUnattended":
            if self.leaves_trace(attempt_id):
                return []
            return [TraceLeft(attempt_id=attempt_id, reason=event.get("Reason", ""))]
        return []


def _opt_out(event: Ami, attempt_id: int | None, now: datetime) -> list[Heard]:
    number = event.get("Number", "")
    number = number if NUMBER.match(number) else ""
    if event.get("Source") == "abandon" and attempt_id is not None:
        return [OptOutTrace(number="", at=now, source="abandon", attempt_id=attempt_id, key=f"optout-a{attempt_id}")]
    if event.get("Source") == "callback" and number:
        return [OptOutTrace(number=number, at=now, source="callback", key=f"optout-{number}")]
    return []


def sip_cause(text: str) -> int | None:
    """The SIP status in a TechCause (`SIP 486 Busy Here`), or None."""
    match = _SIP_CAUSE.search(text)
    return int(match[1]) if match else None
