"""Ready-made values for the core's tests: one Tuesday morning, campaigns, agents, leads, deterministic identity."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

from dialerd.core.agent import AgentProfile, LegMode
from dialerd.core.campaign import Campaign, CampaignState, DialMode
from dialerd.core.compliance_rules import CallingRules
from dialerd.core.lead import Lead
from dialerd.core.moment import Moment
from dialerd.core.rule_set import RuleSet
from dialerd.core.settings import DialerSettings, Trunk

START = Moment(datetime(2024, 5, 14, 10, 0, tzinfo=UTC), 1000.0)
NODE = "pbx1"
NO_LAW = RuleSet(name="none", version="1", title="no rules of law")


class CountingIdentity:
    """Identity without chance: 1, 2, 3 … in each form."""

    def __init__(self, first_attempt: int = 1) -> None:
        self._attempts = count(first_attempt)
        self._nonces = count(1)
        self._tokens = count(1)

    def attempt_id(self) -> int:
        """The next number."""
        return next(self._attempts)

    def nonce(self) -> str:
        """8 lower-case hex digits."""
        return f"{next(self._nonces):08x}"

    def token(self) -> str:
        """32 lower-case hex digits."""
        return f"{next(self._tokens):032x}"


def settings(**changes: Any) -> DialerSettings:
    """One node, one trunk wide enough never to be the limit."""
    values: dict[str, Any] = {
        "trunks": {"out": Trunk(name="out", node=NODE, max_channels=100, calls_per_second=100.0)},
        "nodes": (NODE,),
        "calls_per_second": 100.0,
        "default_node": NODE,
    }
    return DialerSettings(**(values | changes))


def campaign(campaign_id: int = 1, **changes: Any) -> Campaign:
    """An active progressive campaign that may start."""
    values: dict[str, Any] = {
        "id": campaign_id,
        "name": f"c{campaign_id}",
        "state": CampaignState.ACTIVE,
        "dial_mode": DialMode.PROGRESSIVE,
        "trunk": "out",
        "caller_id": "390600000",
        "abandon_message": "sorry",
        "abandon_message_version": "v7",
        "calls_per_second": 100.0,
        "max_lines": 50,
        "rules": CallingRules(law=NO_LAW),
    }
    return Campaign(**(values | changes))


def agent(agent_id: int = 1, *, campaigns: tuple[int, ...] = (1,), on_hook: bool = False) -> AgentProfile:
    """An agent named 1000 + id."""
    return AgentProfile(
        id=agent_id,
        name=str(1000 + agent_id),
        endpoint=f"PJSIP/{1000 + agent_id}",
        leg_mode=LegMode.ON_HOOK if on_hook else LegMode.NAILED_UP,
        campaign_ids=frozenset(campaigns),
    )


def lead(lead_id: int, campaign_id: int = 1, **changes: Any) -> Lead:
    """A lead in Rome with a number of its own."""
    values: dict[str, Any] = {
        "id": lead_id,
        "campaign_id": campaign_id,
        "list_id": 1,
        "number": f"39555{lead_id:06d}",
        "zones": ("Europe/Rome",),
    }
    return Lead(**(values | changes))
