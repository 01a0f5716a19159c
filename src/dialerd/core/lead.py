"""Owns the lead: what the core must know of a person to call, and its states. Knows nothing of lists or files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum


class LeadState(Enum):
    """Where a lead is in its life. `claimed` and `dialing` leads belong to one running dialerd."""

    NEW = "new"
    CLAIMED = "claimed"
    RETRY = "retry"
    CALLBACK = "callback"
    COMPLETED = "completed"
    EXHAUSTED = "exhausted"
    INVALID = "invalid"
    DNC = "dnc"


DUE_STATES = frozenset({LeadState.NEW, LeadState.RETRY, LeadState.CALLBACK})
"""States from which a lead may be claimed once `next_attempt_at` has passed."""

FINAL_STATES = frozenset({LeadState.COMPLETED, LeadState.EXHAUSTED, LeadState.INVALID, LeadState.DNC})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """A lead as claimed for dialling. `zones` are IANA names; every one must allow the call."""

    id: int
    campaign_id: int
    list_id: int
    number: str
    name: str = ""
    zones: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()  # ISO 3166: US-FL where the state is known, else US; several when it may be any
    attempts: int = 0
    last_attempt_at: datetime | None = None
    consent_id: str = ""
    consent_class: str = ""
    consent_date: date | None = None
    variables: tuple[tuple[str, str], ...] = ()  # attributes that the campaign hands to the dialplan
    agent_id: int | None = None  # the agent that this person was promised a call from


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadOutcome:
    """What an ended attempt makes of its lead: new state, when it may be dialled again, whether it counts."""

    lead_id: int
    state: LeadState
    next_attempt_at: datetime | None = None
    counts_as_attempt: bool = True
    next_number: bool = False  # go on to the lead's next number
