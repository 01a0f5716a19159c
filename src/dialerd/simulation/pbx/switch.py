"""Owns the simulated Asterisk's state: channels, bridges, AstDB, running calls. Every change is published as events.

Knows nothing of AMI sessions or of what the dialplan does with a call.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from dialerd.simulation.agents import AgentModel
from dialerd.simulation.pbx import events
from dialerd.simulation.pbx.channels import Bridge, Channel
from dialerd.simulation.pbx.events import Headers
from dialerd.simulation.pbx.pace import Pace
from dialerd.simulation.scenario import Scenario
from dialerd.simulation.truth import TruthLog
from dialerd.simulation.world import FateSource


@dataclass(kw_only=True)
class Switch:
    """The state all parts of the simulated PBX share; `publish` hands an event to every AMI session."""

    scenario: Scenario
    world: FateSource
    agents: AgentModel
    pace: Pace
    truth: TruthLog
    publish: Callable[[Headers], None]
    started_at: float = 0.0
    channels: dict[str, Channel] = field(default_factory=dict)
    database: dict[str, str] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    attempts_by_number: dict[str, int] = field(default_factory=dict)
    unknown_endpoints: frozenset[str] = frozenset()
    unknown_extensions: frozenset[str] = frozenset()  # not in the operator's context dialerd-transfer
    transfer_s: float = float("inf")  # real seconds that a transferred call lasts, if nobody ends it before
    rings_by_agent: dict[int, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)  # defects of the simulation itself: tests demand that it is empty
    calls_processed: int = 0
    counter: itertools.count[int] = field(default_factory=itertools.count)

    def now(self) -> float:
        """Monotonic seconds, the clock of every timer here."""
        return asyncio.get_running_loop().time()

    def simulated_now(self) -> float:
        """Simulated seconds since the start: what the scenario's shifts count."""
        return (self.now() - self.started_at) * self.pace.speed

    def epoch(self) -> int:
        """Whole seconds, as the dialplan's ${EPOCH}."""
        return int(self.pace.wall())

    def new_id(self) -> str:
        """A unique id as Asterisk makes them."""
        return f"{self.epoch()}.{next(self.counter)}"

    def add_channel(self, channel: Channel) -> None:
        """Take a new channel in and announce it. Raise ValueError when its unique id is taken."""
        if channel.unique_id in self.channels:
            raise ValueError(f"unique id {channel.unique_id} exists")
        channel.linked_id = channel.linked_id or channel.unique_id
        channel.created_at = self.now()
        self.channels[channel.unique_id] = channel
        self.calls_processed += 1
        self.publish(events.event("Newchannel", events.snapshot(channel)))

    def set_state(self, channel: Channel, state: int) -> None:
        """Change a channel's state (0 down, 5 ringing, 6 up)."""
        channel.state = state
        self.publish(events.event("Newstate", events.snapshot(channel)))

    def remove_channel(self, channel: Channel) -> None:
        """The channel is gone: out of its bridge, Hangup event."""
        self.leave_bridge(channel)
        if self.channels.pop(channel.unique_id, None) is not None:
            self.publish(events.hangup(channel, channel.cause, channel.tech_cause))

    def set_variable(self, channel: Channel, name: str, value: str) -> None:
        """Set a channel variable and say so (VarSet)."""
        channel.variables[name] = value
        self.publish(events.event("VarSet", events.snapshot(channel), [("Variable", name), ("Value", value)]))

    def user_event(self, channel: Channel, name: str, headers: Headers) -> None:
        """What the dialplan's UserEvent() sends."""
        self.publish(events.event("UserEvent", events.snapshot(channel), [("UserEvent", name)], headers))

    def enter_bridge(self, channel: Channel, bridge: Bridge) -> None:
        """Move a channel into a bridge, out of the one it may be in."""
        self.leave_bridge(channel)
        channel.bridge = bridge
        bridge.channels.append(channel)
        self.publish(events.bridge("BridgeEnter", bridge, channel))

    def leave_bridge(self, channel: Channel) -> None:
        """Take a channel out of its bridge, if it is in one."""
        bridge = channel.bridge
        if bridge is None:
            return
        channel.bridge = None
        bridge.channels.remove(channel)
        self.publish(events.bridge("BridgeLeave", bridge, channel))

    def find_channel(self, id_or_name: str) -> Channel | None:
        """The channel with this unique id or name."""
        found = self.channels.get(id_or_name)
        if found is not None:
            return found
        return next((c for c in self.channels.values() if c.name == id_or_name), None)

    def run(self, script: Coroutine[Any, Any, None]) -> None:
        """Let a call's script run by itself; an exception in it is noted in `failures`, the others go on."""
        task = asyncio.get_running_loop().create_task(script)
        self.tasks.add(task)
        task.add_done_callback(self._script_done)

    def _script_done(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and len(self.failures) < 100:
            self.failures.append(f"{type(error).__name__}: {error}")

    async def stop(self) -> None:
        """End every running call without ceremony."""
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
