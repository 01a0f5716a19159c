"""Owns channels and bridges of the simulated PBX as they are at this moment. Knows nothing of sockets or call flows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

HOLDING = "base"


@dataclass(slots=True, kw_only=True, eq=False)
class Bridge:
    """A bridge: `base` is Asterisk's word for a holding bridge (an agent's waiting place), `basic` a conversation."""

    unique_id: str
    kind: str = "basic"
    name: str = "<unknown>"
    creator: str = "<unknown>"
    channels: list[Channel] = field(default_factory=list)

    @property
    def technology(self) -> str:
        """Asterisk's name for the mixing technology in use."""
        return "holding_bridge" if self.kind == HOLDING else "simple_bridge"


@dataclass(slots=True, kw_only=True, eq=False)
class Channel:
    """One leg. `ended` is done when somebody wants it gone; its result is who did."""

    unique_id: str
    name: str
    dial_string: str
    context: str
    exten: str = "s"
    priority: int = 1
    state: int = 0
    caller_number: str = ""
    caller_name: str = ""
    connected_number: str = ""
    connected_name: str = ""
    linked_id: str = ""
    application: str = ""
    application_data: str = ""
    bridge: Bridge | None = None
    created_at: float = 0.0
    cause: int = 16
    tech_cause: int = 0
    variables: dict[str, str] = field(default_factory=dict)
    ended: asyncio.Future[str] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def up(self) -> bool:
        """True from the answer on."""
        return self.state == 6

    def hang_up(self, by: str, cause: int = 16, tech_cause: int = 0) -> None:
        """End this channel, unless it is ending already. `by`: customer, agent, dialer, network, dialplan …"""
        if not self.ended.done():
            self.cause, self.tech_cause = cause, tech_cause
            self.ended.set_result(by)

    async def sleep(self, seconds: float) -> None:
        """Wait real seconds; raise HungUp when the channel ends before."""
        if not self.ended.done():
            await asyncio.wait({self.ended}, timeout=max(0.0, seconds))
        if self.ended.done():
            raise HungUp(self.ended.result())


class HungUp(Exception):
    """The channel whose script runs is gone; the argument is who ended it."""
