"""Owns the context dialerd-forget: `Local/<key>@dialerd-forget` removes one durable trace. Knows nothing else."""

from __future__ import annotations

import re

from dialerd.simulation.pbx import events
from dialerd.simulation.pbx.channels import Channel
from dialerd.simulation.pbx.dialing import REASON_ANSWERED, REASON_FAILED, OriginateOrder
from dialerd.simulation.pbx.switch import Switch

_KEY = re.compile(r"Local/(unattended|optout)-([0-9a+]+)@dialerd-forget(?:/n)?")


def forget_key(dial_string: str) -> str | None:
    """The AstDB key that this dial string removes; None when the dialplan would refuse it."""
    found = _KEY.fullmatch(dial_string)
    return None if found is None else f"/dialerd/{found[1]}/{found[2]}"


async def run_forget(switch: Switch, order: OriginateOrder, key: str | None) -> None:
    """Remove the key and answer; the two halves of the Local channel live for a moment only."""
    unique_id = order.channel_id or switch.new_id()
    channel = Channel(
        unique_id=unique_id,
        name=f"{order.dial_string}-{next(switch.counter):08x};1",
        dial_string=order.dial_string,
        context=order.context,
    )
    switch.add_channel(channel)
    if key is not None:
        switch.database.pop(key, None)
        switch.set_state(channel, 6)
    reason = REASON_ANSWERED if key is not None else REASON_FAILED
    switch.publish(events.originate_response(order.action_id, channel, success=key is not None, reason=reason))
    switch.remove_channel(channel)
