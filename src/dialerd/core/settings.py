"""Owns what the core is told at start: trunks, nodes, limits and where identity comes from. No files here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from dialerd.core.sounds import NO_SOUNDS, Sounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """A way out. `caller_ids` empty: any caller ID may be shown."""

    name: str
    node: str
    max_channels: int = 30
    calls_per_second: float = 10.0
    caller_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class DialerSettings:
    """Limits that hold for all campaigns. Times in seconds."""

    trunks: Mapping[str, Trunk]
    nodes: tuple[str, ...]
    calls_per_second: float = 20.0
    decision_interval_s: float = 0.25  # at most one decision per campaign in this time
    agent_ring_timeout_s: float = 30.0
    connect_timeout_s: float = 3.0
    ending_timeout_s: float = 60.0
    claim_timeout_s: float = 30.0
    commit_timeout_s: float = 5.0  # an intent that is not committed by then is not dialled any more
    claim_retry_s: float = 2.0
    guard_margin_s: float = 0.05  # the dialplan's own guard stays this far inside the limit
    verdict_margin_s: float = 0.25  # dialerd's own decision comes this long before the limit
    recording_folder: str = ""
    sounds: Sounds = NO_SOUNDS  # as they are at the start
    default_node: str = field(default="")


class Identity(Protocol):
    """Where ids and secrets come from: the shell passes it in so that the core stays pure."""

    def attempt_id(self) -> int:
        """A number never used for an attempt before."""

    def nonce(self) -> str:
        """8 lower-case hex digits."""

    def token(self) -> str:
        """32 lower-case hex digits that nobody can guess."""
