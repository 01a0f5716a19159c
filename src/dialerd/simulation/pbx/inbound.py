"""Owns the context dialerd-inbound: somebody calls the displayed number back. Knows nothing of dialled calls."""

from __future__ import annotations

from dialerd.simulation.pbx.channels import Channel, HungUp
from dialerd.simulation.pbx.switch import Switch

LISTENS_S = 2.0
THANK_YOU_S = 1.0


async def run_inbound(switch: Switch, number: str, opts_out: bool) -> None:
    """A call from `number`: it hears who called, presses the opt-out key or not, and is hung up."""
    unique_id = switch.new_id()
    channel = Channel(
        unique_id=unique_id,
        name=f"PJSIP/trunk-{next(switch.counter):08x}",
        dial_string="",
        context="dialerd-inbound",
        state=4,
        caller_number=number,
    )
    switch.add_channel(channel)
    try:
        switch.set_state(channel, 6)
        switch.user_event(channel, "DialerdInbound", [("Number", number)])
        await channel.sleep(switch.pace.real(LISTENS_S))
        if opts_out:
            channel.context = "dialerd-optout"
            switch.database[f"/dialerd/optout/{number}"] = f"{switch.epoch()}|callback|"
            headers = [("Number", number), ("Attempt", ""), ("Source", "callback")]
            switch.user_event(channel, "DialerdOptOut", headers)
            await channel.sleep(switch.pace.real(THANK_YOU_S))
        channel.hang_up("dialplan")
    except HungUp:
        pass
    finally:
        switch.remove_channel(channel)
