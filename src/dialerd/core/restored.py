"""Owns what a restart brings back, as values. Knows nothing of where they were kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dialerd.core.agent import AgentProfile, AgentState
from dialerd.core.call import Attempt
from dialerd.core.campaign import Campaign
from dialerd.core.pacing.ledger import LedgerHistory
from dialerd.core.remembered import Remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredAgent:
    """An agent and the last state written for it."""

    profile: AgentProfile
    state: AgentState = AgentState.LOGGED_OUT
    reason: str = ""
    leg_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """Everything the dialer starts from. By campaign: `ledger` what its window holds, `remembered` its last calls."""

    campaigns: tuple[Campaign, ...] = ()
    agents: tuple[RestoredAgent, ...] = ()
    open_attempts: tuple[Attempt, ...] = ()
    unfinished_attempts: tuple[Attempt, ...] = ()
    ledger: Mapping[int, LedgerHistory] = field(default_factory=dict)
    remembered: Mapping[int, Remembered] = field(default_factory=dict)
    promises: Mapping[int, int] = field(default_factory=dict)  # open attempt → the agent who promised it or wants it
