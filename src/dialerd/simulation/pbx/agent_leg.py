"""Owns an agent's leg: the phone, the holding bridge, a conversation. Knows nothing of verdicts or dispositions."""

from __future__ import annotations

import asyncio

from dialerd.simulation.pbx import events
from dialerd.simulation.pbx.channels import HOLDING, Bridge, Channel, HungUp
from dialerd.simulation.pbx.dialing import FarEnd, OriginateOrder, dial
from dialerd.simulation.pbx.switch import Switch

PHONE_RINGS_AFTER_S = 0.003
BACK_AFTER_S = 0.02  # Wait(0.02) in the loop of dialerd-agent
BRIDGE_S = 0.0015  # measured: both in one bridge 1–2 ms after Bridge()


async def run_agent_leg(switch: Switch, channel: Channel, order: OriginateOrder) -> None:
    """Ring an agent's phone and keep the answered leg in its holding bridge until somebody hangs up."""
    digits = "".join(c for c in channel.variables.get("DLR_AGENT", "") if c.isdecimal())
    agent_id = int(digits or 0)
    ring_number = switch.rings_by_agent[agent_id] = switch.rings_by_agent.get(agent_id, 0) + 1
    phone = switch.agents.phone(agent_id, ring_number)
    if phone.busy:
        far_end = FarEnd(ring_after_s=None, answer_after_s=None, refused_after_s=PHONE_RINGS_AFTER_S)
    else:
        far_end = FarEnd(ring_after_s=PHONE_RINGS_AFTER_S, answer_after_s=phone.answer_after_s, refused_after_s=None)
    try:
        if not await dial(switch, channel, order, far_end):
            return
        hold(switch, channel)
        await channel.ended
    except HungUp:
        pass
    finally:
        switch.remove_channel(channel)


def hold(switch: Switch, leg: Channel) -> None:
    """BridgeWait(): into the holding bridge of its own."""
    name = f"dialerd-agent-{leg.variables.get('DLR_AGENT', '')}"
    leg.application, leg.application_data = "BridgeWait", f"{name},participant,e(s)"
    bridge = Bridge(unique_id=switch.new_id(), kind=HOLDING, name=name, creator="BridgeWait")
    switch.enter_bridge(leg, bridge)


async def talk_with(switch: Switch, customer: Channel, leg: Channel, talk_s: float, customer_ends: bool) -> None:
    """Bridge(leg,h): both in one bridge until either side ends it; the leg then returns to its holding bridge.

    Returns when the bridge is over (the customer's channel may live on); raises HungUp when the customer is gone.
    """
    bridge = Bridge(unique_id=switch.new_id())
    switch.leave_bridge(leg)
    switch.enter_bridge(leg, bridge)
    customer.linked_id = leg.linked_id
    await asyncio.sleep(BRIDGE_S)
    switch.enter_bridge(customer, bridge)
    try:
        await asyncio.wait(
            {customer.ended, leg.ended}, timeout=switch.pace.real(talk_s), return_when=asyncio.FIRST_COMPLETED
        )
        if leg.ended.done():
            customer.hang_up("leg_lost")
        elif not customer.ended.done() and customer_ends:
            customer.hang_up("customer")
        elif not customer.ended.done():
            _press(switch, leg, "*")
            customer.hang_up("agent")
        await customer.sleep(0)
    finally:
        # Whoever ended it leaves first: dialerd reads from the order which side that was.
        leg_first = leg.ended.done() or (customer.ended.done() and customer.ended.result() == "agent")
        for channel in (leg, customer) if leg_first else (customer, leg):
            switch.leave_bridge(channel)
        if not leg.ended.done():
            asyncio.get_running_loop().call_later(BACK_AFTER_S, _back, switch, leg)


def _back(switch: Switch, leg: Channel) -> None:
    if not leg.ended.done() and leg.bridge is None:
        hold(switch, leg)


def _press(switch: Switch, channel: Channel, digit: str) -> None:
    durations: tuple[tuple[str, events.Headers], ...] = (("DTMFBegin", []), ("DTMFEnd", [("DurationMs", "120")]))
    for name, extra in durations:
        headers = [("Digit", digit), *extra, ("Direction", "Received")]
        switch.publish(events.event(name, events.snapshot(channel), headers))
