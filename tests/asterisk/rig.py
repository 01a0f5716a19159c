"""A node against a fake AMI, with everything it posts. Knows nothing of single tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from dialerd.asterisk.node import AsteriskNode
from dialerd.asterisk.settings import NodeSettings
from dialerd.core.campaign import AmdParameters, MeasuredFrom
from dialerd.core.messages import Originate, PbxConnected, PbxEvent, RingAgent

from .fake_ami import FakeAmi, fake_ami, until

Kind = TypeVar("Kind")
TOKEN = "0123456789abcdef" * 2
ATTEMPT_CHANNEL = "dlr-12-0badcafe"
LEG = "agt-7-0badcafe"

ORIGINATE = Originate(
    node="pbx1",
    attempt_id=12,
    channel_id=ATTEMPT_CHANNEL,
    token=TOKEN,
    number="+390612345678",
    trunk="carrier",
    caller_id="390699999999",
    caller_name="Zoë & Söhne",
    ring_timeout_s=30.0,
    amd=AmdParameters(),
    guard_from=MeasuredFrom.GREETING_END,
    guard_s=1.9,
    message="custom/who&custom/why",
    opt_out_key="9",
    recording_file="/var/spool/rec/12.wav",
    sample_file="/var/spool/rec/amd/20260302/12.wav",
)
RING = RingAgent(node="pbx1", agent_id=7, leg_id=LEG, endpoint="PJSIP/1001", ring_timeout_s=15.0)
TRUNKS = {"carrier": "PJSIP/{number}@carrier", "local": "Local/{number}@far"}


def quick_settings(port: int, **changes: Any) -> NodeSettings:
    """Settings with time-outs that suit a test."""
    settings = NodeSettings(
        name="pbx1",
        port=port,
        secret="right",
        agi_listen_port=0,
        verdict_socket=None,
        action_timeout_s=2.0,
        first_retry_s=0.05,
        longest_retry_s=0.2,
        hangup_grace_s=0.2,
    )
    return replace(settings, **changes)


@dataclass
class Rig:
    """The node, the server and the events posted so far."""

    ami: FakeAmi
    node: AsteriskNode
    events: list[PbxEvent] = field(default_factory=list)

    def of(self, kind: type[Kind]) -> list[Kind]:
        """All events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    async def next(self, kind: type[Kind], count: int = 1) -> Kind:
        """Wait for the `count`-th event of a kind."""
        await until(lambda: len(self.of(kind)) >= count, f"{count} x {kind.__name__} in {self.events}")
        return self.of(kind)[count - 1]


@asynccontextmanager
async def rig(*, connected: bool = True, ami: FakeAmi | None = None, **changes: Any) -> AsyncIterator[Rig]:
    """A started node; `connected`: wait for PbxConnected first. `changes` go to the settings."""
    async with fake_ami() as server:
        if ami is not None:
            server.__dict__.update({k: v for k, v in ami.__dict__.items() if k not in ("port", "_server")})
        events: list[PbxEvent] = []
        node = AsteriskNode(
            quick_settings(**{"port": server.port, **changes}), TRUNKS, events.append, random=lambda: 0.5
        )
        await node.start()
        made = Rig(server, node, events)
        try:
            if connected:
                await made.next(PbxConnected)
            yield made
        finally:
            await node.stop()
