"""Owns the comparison of what dialerd believes with Asterisk's list of channels, for operators. Changes nothing.

What is done about it is in `reconcile.py`; events under way may show here for a moment.
"""

from __future__ import annotations

from collections.abc import Iterable

from dialerd.core.agent import AgentState
from dialerd.core.call import AttemptState
from dialerd.core.floor import Floor
from dialerd.core.messages import ChannelSeen
from dialerd.core.picture import Row
from dialerd.core.roster import Seat

NOT_IN_ASTERISK = frozenset({AttemptState.INTENDED, AttemptState.ENDED})
BEFORE_THE_ANSWER = frozenset({AttemptState.DIALING, AttemptState.RINGING})


def drift(floor: Floor, node: str, channels: Iterable[ChannelSeen]) -> list[Row]:
    """Every difference: `kind` call, agent or channel, `name`, `channel`, and what is so `here` and in `asterisk`."""
    seen = {channel.unique_id: channel for channel in channels}
    known: set[str] = set()
    rows: list[Row] = []
    for call in sorted(floor.calls.values(), key=lambda one: one.attempt.id):
        attempt = call.attempt
        if attempt.node == node and attempt.state is not AttemptState.INTENDED:
            known.add(attempt.channel_id)
            there = _call_differs(attempt.state, seen.get(attempt.channel_id), seen)
            if there:
                rows.append(_row("call", str(attempt.id), attempt.channel_id, attempt.state.value, there))
    for seat in floor.roster:
        if (seat.profile.node or floor.settings.default_node) == node:
            known.add(seat.leg_id)
            if _leg_missing(seat, seen):
                rows.append(_row("agent", seat.name, seat.leg_id, seat.state.value, "no leg"))
    for unique_id in sorted(seen):
        if unique_id.removesuffix("-b") not in known:
            there = "up" if seen[unique_id].up else "ringing"
            rows.append(_row("channel", seen[unique_id].name, unique_id, "unknown", there))
    return rows


def _call_differs(state: AttemptState, channel: ChannelSeen | None, seen: dict[str, ChannelSeen]) -> str:
    """What Asterisk says otherwise; empty when both agree."""
    if state in NOT_IN_ASTERISK:
        return ""
    if channel is None:
        return "no channel"
    with_agent = bool(channel.bridge_id) and any(
        other.bridge_id == channel.bridge_id and other.unique_id.startswith("agt-") for other in seen.values()
    )
    if with_agent and state not in (AttemptState.TALKING, AttemptState.CONNECTING):
        return "talks with an agent"
    if state is AttemptState.TALKING and not with_agent:
        return "talks with nobody"
    return "answered" if channel.up and state in BEFORE_THE_ANSWER else ""


def _leg_missing(seat: Seat, seen: dict[str, ChannelSeen]) -> bool:
    needs_leg = not seat.on_hook and seat.state is not AgentState.LOGGED_OUT
    return (needs_leg or seat.leg_up) and seat.leg_id not in seen


def _row(kind: str, name: str, channel: str, here: str, there: str) -> Row:
    return {"kind": kind, "name": name, "channel": channel, "here": here, "asterisk": there}
