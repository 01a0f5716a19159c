"""Owns the commands by which leads are claimed from the store and come back uncalled. Does nothing by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimLeads:
    """Claim up to `count` due leads. Answered by LeadsClaimed.

    A lead that was promised a call from one agent comes only while that agent is among `agents`, the ready ones (or
    when its time has passed by more than the campaign's tolerance).
    """

    campaign_id: int
    count: int
    agents: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseLeads:
    """Give claimed leads back, undialled: they are due again at once."""

    lead_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipLead:
    """A claimed lead that an agent has seen and not called: due again after the retry rule for `skipped`."""

    lead_id: int
    campaign_id: int
    agent_id: int
    reason: str
    at: datetime
