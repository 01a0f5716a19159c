"""Owns the first half of every originated leg: Originate to answer or refusal, its events in Asterisk's order.

Knows nothing of what happens after the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dialerd.simulation.pbx import events
from dialerd.simulation.pbx.channels import Channel, HungUp
from dialerd.simulation.pbx.switch import Switch

# Reason of OriginateResponse: the control frame that ended the dialling (include/asterisk/frame.h).
REASON_FAILED, REASON_RING_TIMEOUT, REASON_ANSWERED = 0, 3, 4
DIAL_STATUS = {17: "BUSY", 34: "CONGESTION"}  # every other failure is NOANSWER, a call we cancel too


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginateOrder:
    """One Originate as it was asked for. `timeout_s` in simulated seconds."""

    dial_string: str
    channel_id: str
    context: str
    exten: str
    timeout_s: float
    caller_number: str
    caller_name: str
    variables: dict[str, str]
    action_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FarEnd:
    """How the far end answers, in simulated seconds from dialling; None: never."""

    ring_after_s: float | None
    answer_after_s: float | None
    refused_after_s: float | None
    hangup_cause: int = 17
    sip_cause: int = 486


def open_channel(switch: Switch, order: OriginateOrder) -> Channel:
    """Given an order, return its new channel, announced. Raise ValueError when its id is taken."""
    unique_id = order.channel_id or switch.new_id()
    technology, _, rest = order.dial_string.partition("/")
    endpoint = rest.rpartition("@")[2] if technology == "PJSIP" else rest
    channel = Channel(
        unique_id=unique_id,
        name=f"{technology}/{endpoint}-{next(switch.counter):08x}",
        dial_string=order.dial_string,
        context="from-phones" if order.context == "dialerd-agent" else "from-trunk",  # until it is answered
        exten=order.exten,
        caller_number=order.caller_number,
        caller_name=order.caller_name,
        connected_number=order.caller_number,
        connected_name=order.caller_name,
        variables=dict(order.variables),
    )
    channel.application, channel.application_data = "AppDial2", "(Outgoing Line)"
    switch.add_channel(channel)
    return channel


async def dial(
    switch: Switch,
    channel: Channel,
    order: OriginateOrder,
    far_end: FarEnd,
    on_ringing: Callable[[], None] = lambda: None,
) -> bool:
    """Dial; return True when answered. Otherwise the channel is gone, its events are out, and False is returned."""
    switch.publish(events.dial("DialBegin", channel, dial_string=order.dial_string.partition("/")[2]))
    started = switch.now()

    async def reach(after_s: float) -> None:
        await channel.sleep(switch.pace.real(after_s) - (switch.now() - started))

    limit = order.timeout_s
    try:
        if far_end.ring_after_s is not None and far_end.ring_after_s < limit:
            await reach(far_end.ring_after_s)
            on_ringing()
            switch.set_state(channel, 5)
            switch.publish(events.dial("DialState", channel, status="RINGING"))
        if far_end.answer_after_s is not None and far_end.answer_after_s < limit:
            await reach(far_end.answer_after_s)
            _answered(switch, channel, order)
            return True
        if far_end.refused_after_s is not None and far_end.refused_after_s < limit:
            await reach(far_end.refused_after_s)
            channel.hang_up("network", far_end.hangup_cause, far_end.sip_cause)
        else:
            await reach(limit)
            channel.hang_up("timeout", 19, 480)
        await channel.sleep(0)
    except HungUp as ending:
        timed_out = ending.args[0] == "timeout"
        reason = REASON_RING_TIMEOUT if timed_out else REASON_FAILED
        if not timed_out:
            status = DIAL_STATUS.get(channel.cause, "NOANSWER")
            switch.publish(events.dial("DialEnd", channel, status=status))
        response = events.originate_response(order.action_id, channel, success=False, reason=reason)
        switch.publish([(k, order.context if k == "Context" else v) for k, v in response])
        switch.remove_channel(channel)
    return False


def refuse(switch: Switch, order: OriginateOrder) -> None:
    """No such endpoint: a failed OriginateResponse, and no channel ever."""
    channel = Channel(
        unique_id=order.channel_id or "<unknown>",
        name="",
        dial_string=order.dial_string,
        context=order.context,
        caller_number=order.caller_number,
        caller_name=order.caller_name,
    )
    switch.publish(events.originate_response(order.action_id, channel, success=False, reason=REASON_FAILED))


def _answered(switch: Switch, channel: Channel, order: OriginateOrder) -> None:
    switch.set_state(channel, 6)
    switch.publish(events.dial("DialEnd", channel, status="ANSWER"))
    channel.context = order.context
    switch.publish(events.originate_response(order.action_id, channel, success=True, reason=REASON_ANSWERED))
