"""Owns which channels of ours live, their bridges and the last endings. Knows no event's headers, no I/O, no clock.

Channels are known by Uniqueid alone. Of a Local channel the first half bears our id and runs the dialplan, so only it
counts; its second half (`…-b`) and the trunk's channel behind it are nobody's here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from dialerd.asterisk.actions import AGENT_CHANNEL, ATTEMPT_CHANNEL
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
    PbxEvent,
)

REMEMBERED_ENDINGS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceLeft:
    """The dialplan acted alone on this call and the call is over: its durable trace is complete and can be read.

    `ended` is the call's end, held back: the dialer closes the record with it, so it must know the trace first.
    """

    attempt_id: int
    reason: str
    ended: CallEnded | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginateEnded:
    """The second answer to an Originate. A failed one is followed by a Hangup, unless no channel ever was."""

    action_id: str
    success: bool
    reason: str


Heard: TypeAlias = PbxEvent | TraceLeft | OriginateEnded


@dataclass(slots=True)
class OurChannel:
    """A living (or expected) channel with our id."""

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


class ChannelBook:
    """Every method that changes something returns what the dialer must hear of it, each thing once."""

    def __init__(self) -> None:
        """Start with no channel known."""
        self._channels: dict[str, OurChannel] = {}
        self._attempts: dict[int, str] = {}
        self._bridges: dict[str, set[str]] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()

    # ------------------------------------------------------------ questions

    def __len__(self) -> int:
        return len(self._channels)

    def attends(self, attempt_id: int) -> bool:
        """Whether this attempt's channel lives, as far as we know: only then is it dialerd's to attend."""
        return attempt_id in self._attempts

    def awaits(self, channel_id: str) -> bool:
        """Whether this channel of ours is expected or alive."""
        return channel_id in self._channels

    def has_ended(self, channel_id: str) -> bool:
        """Whether this channel's end was told already."""
        return channel_id in self._ended

    def was_seen(self, channel_id: str) -> bool:
        """Whether any event told of this channel being alive (its Hangup will come then)."""
        channel = self._channels.get(channel_id)
        return channel is not None and (channel.ringing or channel.up or bool(channel.name))

    def living(self, channel_id: str) -> OurChannel | None:
        """The channel if it is known to live; never makes one known."""
        return self._channels.get(channel_id)

    # ------------------------------------------------------------ life

    def known(self, channel_id: str, name: str = "") -> OurChannel | None:
        """The channel of ours with this id, made known if need be; None for foreign and for ended ones."""
        channel = self._channels.get(channel_id)
        if channel is None and channel_id not in self._ended:
            customer = ATTEMPT_CHANNEL.match(channel_id)
            match = customer or AGENT_CHANNEL.match(channel_id)
            if match is None:
                return None
            channel = self._channels[channel_id] = OurChannel(channel_id, customer is not None, int(match[1]))
            if channel.customer:
                self._attempts[channel.owner_id] = channel_id
        if channel is not None and name:
            channel.name = name
        return channel

    def forget(self, channel_id: str) -> None:
        """There is no such channel (its Originate was refused)."""
        channel = self._channels.pop(channel_id, None)
        if channel is not None and self._attempts.get(channel.owner_id) == channel_id:
            del self._attempts[channel.owner_id]

    def rings(self, channel: OurChannel) -> list[Heard]:
        """The far end rings, or sends sound before the answer."""
        if channel.ringing or channel.up:
            return []
        channel.ringing = True
        return [CallRinging(attempt_id=channel.owner_id)] if channel.customer else []

    def answered(self, channel: OurChannel) -> list[Heard]:
        """Answered. A leg is told of when it stands in its bridge, not before."""
        if not channel.customer or channel.up:
            return []
        channel.ringing = channel.up = True
        return [CallAnswered(attempt_id=channel.owner_id)]

    def leaves_trace(self, attempt_id: int) -> bool:
        """It has left a trace. True: its call is still up, TraceLeft comes at the end. False: it is complete."""
        channel = self._channels.get(self._attempts.get(attempt_id, ""))
        if channel is not None:
            channel.traced = True
        return channel is not None

    def ends(self, channel_id: str, cause: int | None = None, sip: int | None = None) -> list[Heard]:
        """The channel is gone; nothing when that was told already."""
        channel = self.known(channel_id)
        if channel is None:
            return []
        heard = self.leaves_bridge(channel)
        self.forget(channel_id)
        self._ended[channel_id] = None
        if len(self._ended) > REMEMBERED_ENDINGS:
            self._ended.popitem(last=False)
        sip = channel.sip_cause if sip is None else sip
        if not channel.customer:
            leg = LegEnded(agent_id=channel.owner_id, leg_id=channel.id, hangup_cause=cause, sip_cause=sip)
            return [*heard, leg]
        ended = CallEnded(attempt_id=channel.owner_id, hangup_cause=cause, sip_cause=sip)
        if channel.traced:
            return [*heard, TraceLeft(attempt_id=channel.owner_id, reason="the call is over", ended=ended)]
        return [*heard, ended]

    # ------------------------------------------------------------ bridges

    def enters_bridge(self, channel: OurChannel, bridge_id: str) -> list[Heard]:
        """The channel is in this bridge now. A customer and a leg in the same bridge hear each other."""
        if channel.bridge_id == bridge_id:
            return []
        heard = self.leaves_bridge(channel)
        channel.bridge_id = bridge_id
        self._bridges.setdefault(bridge_id, set()).add(channel.id)
        if channel.customer:
            heard += self.answered(channel)
        elif not channel.up:
            channel.up = True
            heard.append(LegUp(agent_id=channel.owner_id, leg_id=channel.id, channel_name=channel.name))
        other = self._channels.get(self._other_side(channel))
        if other is not None:
            customer, leg = (channel, other) if channel.customer else (other, channel)
            if not customer.partner_id:
                customer.partner_id = leg.id
                heard.append(CallBridged(attempt_id=customer.owner_id, agent_id=leg.owner_id, leg_id=leg.id))
        return heard

    def _other_side(self, channel: OurChannel) -> str:
        """The id of an agent's leg in this customer's bridge, or of a customer in this leg's; empty if none."""
        for other_id in sorted(self._bridges.get(channel.bridge_id, ())):
            if self._channels[other_id].customer is not channel.customer:
                return other_id
        return ""

    def leaves_bridge(self, channel: OurChannel) -> list[Heard]:
        """The channel is in no bridge any more. Who leaves first has ended the talk."""
        members = self._bridges.get(channel.bridge_id)
        if members is not None:
            members.discard(channel.id)
            if not members:
                del self._bridges[channel.bridge_id]
        channel.bridge_id = ""
        heard: list[Heard] = []
        customers = [channel] if channel.customer else [self._channels[id_] for id_ in sorted(members or ())]
        for customer in customers:
            leg = AGENT_CHANNEL.match(customer.partner_id)
            if leg is not None and channel.id in (customer.id, customer.partner_id):
                customer.partner_id = ""
                by = HungUpBy.CUSTOMER if channel.customer else HungUpBy.AGENT
                heard.append(CallUnbridged(attempt_id=customer.owner_id, agent_id=int(leg[1]), by=by))
        return heard

    def bridge_ends(self, bridge_id: str) -> list[Heard]:
        """The bridge is gone with everybody's place in it."""
        heard: list[Heard] = []
        for channel_id in sorted(self._bridges.get(bridge_id, ())):
            heard += self.leaves_bridge(self._channels[channel_id])
        return heard

    # ------------------------------------------------------------ after a (re)connect

    def adopt(self, channels: Iterable[ChannelSeen]) -> None:
        """Start anew from Asterisk's list: what is not in it is gone (whoever reads the list draws conclusions)."""
        before = self._channels
        self._channels, self._attempts, self._bridges = {}, {}, {}
        for seen in channels:
            channel = self.known(seen.unique_id, seen.name)
            if channel is None:
                continue
            past = before.get(seen.unique_id)
            channel.ringing = seen.up or bool(past and past.ringing)
            # A leg that is up but not yet in its holding bridge will announce itself when it enters.
            channel.up = seen.up if channel.customer else bool(seen.bridge_id)
            channel.traced = bool(past and past.traced)
            channel.bridge_id = seen.bridge_id
            if seen.bridge_id:
                self._bridges.setdefault(seen.bridge_id, set()).add(channel.id)
        for channel in self._channels.values():
            if channel.customer and channel.bridge_id:
                channel.partner_id = self._other_side(channel)
