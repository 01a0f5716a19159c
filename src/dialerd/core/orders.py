"""Owns the orders of operators and agents: events from control, each of which may be refused with a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from dialerd.core.agent import AgentProfile
from dialerd.core.campaign import Campaign, CampaignVerb
from dialerd.core.lead import Lead


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignSaved:
    """A campaign was added or edited in the store. Its state is not taken from here but for a new campaign."""

    campaign: Campaign


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignOrder:
    campaign_id: int
    verb: CampaignVerb


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSaved:
    profile: AgentProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLogin:
    agent_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLogout:
    agent_id: int
    force: bool = False  # hang up a call in progress too


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPause:
    agent_id: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentUnpause:
    agent_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentDispose:
    """The agent's disposition of the last call; ends wrap-up."""

    agent_id: int
    code: str
    callback_at: datetime | None = None
    callback_own: bool = False  # the agent will call in person
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentAccept:
    """The agent wants the lead that is shown called now."""

    agent_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSkip:
    """The agent does not want the lead that is shown."""

    agent_id: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HangupAttempt:
    """An operator (or the agent, by dialerctl) ends one call."""

    attempt_id: int
    by_agent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCall:
    """One call to a number through a trunk, under the same gate; plays the abandon message, meets no agent."""

    __test__ = False  # not a pytest class
    campaign_id: int
    lead: Lead


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadsAdded:
    """A campaign has got new leads: a claim that found none need not wait any longer."""

    campaign_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShutdownBegan:
    """SIGTERM: originate no more, end ringing calls, let answered people get agent or message."""


Order: TypeAlias = (
    CampaignSaved
    | CampaignOrder
    | AgentSaved
    | AgentLogin
    | AgentLogout
    | AgentPause
    | AgentUnpause
    | AgentDispose
    | AgentAccept
    | AgentSkip
    | HangupAttempt
    | TestCall
    | LeadsAdded
    | ShutdownBegan
)
