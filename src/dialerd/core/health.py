"""Owns the answer to "is everything all right, and what should I do next?". Pure; reads the floor."""

from __future__ import annotations

from dialerd.core.agent import AgentState
from dialerd.core.campaign import CampaignState
from dialerd.core.dialling_flow import DiallingFlow
from dialerd.core.floor import Floor


def problems(floor: Floor) -> list[str]:
    """What is broken, one sentence each; an idle but sound system has none."""
    found = [
        f"Asterisk {link.node} is not connected: {link.reason}" for link in floor.links.values() if not link.connected
    ]
    found += [
        problem
        for problem in (
            floor.store_problem,
            *map(floor.agi_problem, floor.agi_breakers),
            *map(floor.trunk_problem, floor.breakers),
        )
        if problem
    ]
    found += [
        f"campaign {run.campaign.name}: pacing failed: {run.fault}" for run in floor.campaigns.values() if run.fault
    ]
    found += [
        f"campaign {run.campaign.name}: {problem}"
        for run in floor.campaigns.values()
        if run.campaign.state is CampaignState.ACTIVE
        for problem in floor.sounds.problems(run.campaign)
    ]
    found += [f"campaign {run.campaign.name}: {run.alarm}" for run in floor.campaigns.values() if run.alarm]
    return found


def next_step(floor: Floor, dialling: DiallingFlow) -> str:
    """The one thing an operator would do next, as a command where there is one."""
    if any(not link.connected for link in floor.links.values()):
        return "check Asterisk and the AMI user of [[asterisk]] in dialerd.toml; dialerd connects again by itself"
    if floor.store_problem:
        return "free the disk or bring the database back; dialerd goes on by itself"
    if any(map(floor.agi_problem, floor.agi_breakers)):
        return "check agi_url and agi_listen of [[asterisk]] in dialerd.toml, then dialerctl call test"
    if any(map(floor.trunk_problem, floor.breakers)):
        return "check the trunk with its carrier, then dialerctl call test; dialerd tries again by itself"
    if not floor.campaigns:
        return "dialerctl campaign add NAME --dial-mode progressive --trunk … --caller-id … --abandon-message …"
    active = [run for run in floor.campaigns.values() if run.campaign.state is CampaignState.ACTIVE]
    if not active:
        return _first_start(floor, dialling)
    if any(floor.sounds.problems(run.campaign) for run in active):
        return "dialerctl audio check, then dialerctl audio add FILE --name NAME --replace"
    if not list(floor.roster):
        return "dialerctl agent add NAME --endpoint PJSIP/… --campaign CAMPAIGN"
    if all(seat.state is AgentState.LOGGED_OUT for seat in floor.roster):
        return "dialerctl agent login NAME"
    return "nothing to do"


def _first_start(floor: Floor, dialling: DiallingFlow) -> str:
    """No campaign is active: the first by name that can be, paused ones before stopped ones."""
    campaigns = sorted((run.campaign for run in floor.campaigns.values()), key=lambda campaign: campaign.name)
    for campaign in campaigns:
        if campaign.state is CampaignState.PAUSED:
            return f"dialerctl campaign resume {campaign.name}"
    for campaign in campaigns:
        if not dialling.may_not_start(floor.run(campaign.id)):
            return f"dialerctl campaign start {campaign.name}"
    name = campaigns[0].name
    return f"give {name} what it lacks (dialerctl campaign edit {name} …), then dialerctl campaign start {name}"
