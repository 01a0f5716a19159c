"""Owns what Asterisk shows and kept when the AMI link comes up: channels and durable traces, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSeen:
    """One channel of ours in Asterisk's list after a (re)connect."""

    unique_id: str
    name: str
    up: bool
    context: str = ""
    application: str = ""
    bridge_id: str = ""
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnattendedTrace:
    """A call that the dialplan handled alone, from its durable trace."""

    attempt_id: int
    token: str
    answered_at: datetime | None
    message_started_at: datetime | None
    message_ended_at: datetime | None
    reason: str
    key: str  # the AstDB key to forget once this is committed


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOutTrace:
    """A number whose owner pressed the opt-out key while nobody was connected to Asterisk, or just now."""

    number: str
    at: datetime
    source: str  # abandon | callback
    attempt_id: int | None = None
    key: str = ""  # the AstDB key to forget once this is committed; empty: nothing to forget
