"""Owns what a method's handler is given: the daemon's parts and the peer. Knows no single method."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from dialerd.config_schema import Settings
from dialerd.control.peer import Peer, Role
from dialerd.control.ports import Floor, Records
from dialerd.control.ports_audio import SoundShelf
from dialerd.core.errors import Forbidden


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What methods work on. `now` returns an aware UTC datetime; `pause` waits that many seconds (asyncio.sleep)."""

    records: Records
    floor: Floor
    sounds: SoundShelf
    settings: Settings
    version: str
    started_at: datetime
    now: Callable[[], datetime]
    pause: Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One request's surroundings."""

    services: Services
    peer: Peer

    @property
    def records(self) -> Records:
        """The stored things."""
        return self.services.records

    @property
    def floor(self) -> Floor:
        """The running dialer."""
        return self.services.floor

    def require_self_or_supervisor(self, agent: str) -> None:
        """Raise Forbidden when the peer is merely an agent and `agent` is somebody else."""
        if self.peer.roles & {Role.ADMIN, Role.SUPERVISOR} or (agent and agent == self.peer.agent_name):
            return
        own = self.peer.agent_name
        whose = f"agent {own} only" if own else "no agent: name one for you in [agent_users] of dialerd.toml"
        raise Forbidden(f"user {self.peer.user} has role {self.peer.role} and may act on {whose}")


Binder: TypeAlias = Callable[[Mapping[str, Any]], Any]
"""Checks named parameters and returns the handler's `params`; raises ParamsInvalid with one sentence."""

Handler: TypeAlias = Callable[[Context, Any], Awaitable[Any]]


class ParamsInvalid(ValueError):
    """The parameters of a request are wrong; the text names each field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One method of the protocol. `roles` empty: anybody who can connect. `changes` True: audited."""

    name: str
    roles: frozenset[Role]
    bind: Binder
    handler: Handler
    changes: bool = False
