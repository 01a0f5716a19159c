"""A small call centre for virtual runs: campaign, agents, leads and the production dialer."""

from __future__ import annotations

from typing import Any

from dialerd.core.agent import AgentProfile, LegMode
from dialerd.core.campaign import Campaign, DialMode
from dialerd.core.compliance_rules import CallingRules
from dialerd.core.dialer import Dialer
from dialerd.core.lead import Lead
from dialerd.core.rule_set import RuleSet
from dialerd.core.settings import DialerSettings, Trunk
from dialerd.simulation.virtual import SeededIdentity

NODE = "virtual"


def campaign(id: int = 1, **settings: Any) -> Campaign:
    """A campaign that may dial as fast as it likes, by day."""
    chosen: dict[str, Any] = {
        "name": f"campaign{id}",
        "dial_mode": DialMode.PROGRESSIVE,
        "trunk": "carrier",
        "caller_id": "390612345678",
        "abandon_message": "custom/sorry",
        "max_lines": 1000,
        "calls_per_second": 50.0,
        "wrapup_time_s": 120.0,
        "rules": CallingRules(law=RuleSet(name="none", version="1", title="no rules of law")),
        **settings,
    }
    return Campaign(id=id, **chosen)


def agents(count: int, *campaign_ids: int, leg_mode: LegMode = LegMode.NAILED_UP) -> list[AgentProfile]:
    """`count` agents, all in these campaigns (campaign 1 when none is named)."""
    return [
        AgentProfile(
            id=n,
            name=str(1000 + n),
            endpoint=f"PJSIP/{1000 + n}",
            leg_mode=leg_mode,
            campaign_ids=frozenset(campaign_ids or (1,)),
        )
        for n in range(1, count + 1)
    ]


def leads(count: int, campaign_id: int = 1, first: int = 1) -> list[Lead]:
    """`count` leads in Rome."""
    return [
        Lead(id=n, campaign_id=campaign_id, list_id=1, number=f"39055{n:07d}", zones=("Europe/Rome",))
        for n in range(first, first + count)
    ]


def dialer(seed: int = 1) -> Dialer:
    """The production core with one trunk on one node."""
    trunk = Trunk(name="carrier", node=NODE, max_channels=2000, calls_per_second=200.0)
    settings = DialerSettings(trunks={"carrier": trunk}, nodes=(NODE,), default_node=NODE, calls_per_second=200.0)
    return Dialer(settings, SeededIdentity(seed))
