"""Owns one what-if: a campaign, a team and a world in, what a virtual day of the production core shows out.

Knows no command line and no process pool (what_if_runs.py); decides nothing about pacing: the core does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from dialerd.core.agent import AgentProfile, LegMode
from dialerd.core.calling_windows import ALWAYS
from dialerd.core.campaign import Campaign, CampaignVerb
from dialerd.core.compliance_rules import CallingRules
from dialerd.core.dialer import Dialer
from dialerd.core.messages import CampaignOrder, CampaignSaved, PbxConnected
from dialerd.core.moment import Moment
from dialerd.core.rule_set import RuleSet
from dialerd.core.settings import DialerSettings, Trunk
from dialerd.simulation.agents import AgentModel
from dialerd.simulation.endless_store import EndlessStore
from dialerd.simulation.measures import Measures, measured
from dialerd.simulation.replay_facts import ReplayFacts
from dialerd.simulation.replay_world import ReplayAgents, ReplayWorld
from dialerd.simulation.results import RunResult
from dialerd.simulation.scenario import Scenario
from dialerd.simulation.team import PlannedStaff, Team
from dialerd.simulation.virtual import SeededIdentity, VirtualShell
from dialerd.simulation.world import FateSource, World

NODE = "virtual"
TRUNK = "virtual"
START = datetime(2026, 3, 3, 9, tzinfo=UTC)  # nine in the morning, wherever the campaign is
SLICE_S = 60.0
Progress = Callable[[float], None]
"""Told the virtual seconds that have passed since it was told last; what it raises ends the run."""


class CoreFault(Exception):
    """The core gave up or did what it must never do: a fault of dialerd, not of the question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question. `campaign` carries mode, target and limits; its calling hours and attempt caps do not count."""

    campaign: Campaign
    team: Team
    world: Scenario | ReplayFacts
    for_s: float
    seed: int
    ring_timeout_s: float = 30.0  # of the day that is replayed


def run_case(case: Case, progress: Progress | None = None) -> Measures:
    """Let the case's day pass and measure it; raise CoreFault when the core did what it must not."""
    result = run_day(case, progress)
    return measured(result, case.campaign)


def run_day(case: Case, progress: Progress | None = None) -> RunResult:
    """Let the case's day pass; everything it left behind, or CoreFault."""
    morning = START.replace(tzinfo=case.campaign.zone).astimezone(UTC)  # else its day would end in the middle
    start = Moment(case.world.since if isinstance(case.world, ReplayFacts) else morning, 1000.0)
    campaign = replace(
        case.campaign,
        id=1,
        trunk=TRUNK,
        caller_id=case.campaign.caller_id or "1",
        abandon_message=case.campaign.abandon_message or "dialerd/abandon",
        rules=CallingRules(week=ALWAYS, law=RuleSet(name="none", version="1", title="no rules of law")),
    )
    core = _core(campaign, case.seed)
    world, model, sounds = _world(case)
    shell = VirtualShell(
        core,
        EndlessStore([campaign]),
        world,
        model,
        start=start,
        message_s=sounds.message_s,
        voicemail_s=sounds.voicemail_s,
    )
    shell.staff = PlannedStaff(case.team, _profiles(case.team.most), model, shell.agenda, shell.post)
    shell.post(PbxConnected(node=NODE, version="virtual", channels=()))
    shell.post(CampaignSaved(campaign=campaign))
    shell.post(CampaignOrder(campaign_id=campaign.id, verb=CampaignVerb.START))
    shell.staff.begin()
    result = shell.run(0.0)
    while (left := case.for_s - result.duration_s) > 1e-6:
        step = min(SLICE_S, left)
        result = shell.run(step)
        if progress is not None:
            progress(step)
    fault = core.floor.campaigns[campaign.id].fault
    refused = [order for order in result.refused_orders if order.startswith("CampaignOrder")]
    if fault or result.violations or refused:
        raise CoreFault(str(fault or (*result.violations, *refused)[0]))
    return result


def _core(campaign: Campaign, seed: int) -> Dialer:
    """The production dialer with one trunk that is never the limit: the campaign's own limits are asked about."""
    trunk = Trunk(name=TRUNK, node=NODE, max_channels=100_000, calls_per_second=1000.0)
    settings = DialerSettings(trunks={TRUNK: trunk}, nodes=(NODE,), default_node=NODE, calls_per_second=1000.0)
    return Dialer(settings, SeededIdentity(seed))


def _world(case: Case) -> tuple[FateSource, AgentModel, Scenario]:
    """Who is called, who works, and the scenario with the lengths of what is played to people and machines."""
    if isinstance(case.world, ReplayFacts):
        ordinary = Scenario()
        agents = ReplayAgents(case.world, ordinary, case.seed)
        return ReplayWorld(case.world, case.seed, case.ring_timeout_s), agents, ordinary
    return World(case.world, case.seed), AgentModel(case.world, case.seed), case.world


def _profiles(count: int) -> list[AgentProfile]:
    return [
        AgentProfile(id=n, name=str(n), endpoint=f"PJSIP/{n}", leg_mode=LegMode.NAILED_UP, campaign_ids=frozenset({1}))
        for n in range(1, count + 1)
    ]
