"""Owns where the calls of a simulation come from: a scenario file, a campaign's settings, a day of real calls.

Must not run anything. Of dialerd it imports inside functions only what the table in offline.py allows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from dialerctl.failure import Failure
from dialerctl.moments import parse_moment
from dialerctl.session import Session
from dialerd.control.protocol import ExitCode

if TYPE_CHECKING:
    from dialerd.core.campaign import Campaign
    from dialerd.simulation.replay_facts import ReplayFacts
    from dialerd.simulation.scenario import Scenario
    from dialerd.simulation.team import Team

DEFAULT_HOURS = 8.0
DEFAULT_AGENTS = 10
MOST_AGENTS = 500
ENOUGH_LEARNED = 100  # calls behind what the pacer has learned, to be worth simulating with
FEW_CALLS = 200  # a replay of fewer is told to be one


@dataclass(frozen=True, slots=True)
class WorldAsked:
    """Where the calls come from, and what the table is told about it."""

    campaign: Campaign
    world: Scenario | ReplayFacts
    teams: tuple[Team, ...]
    hours: float
    source: str
    notes: tuple[str, ...] = ()
    facts: int | None = None  # calls behind a replay


def of_scenario(given: dict[str, Any]) -> WorldAsked:
    from pathlib import Path

    from dialerd.core.campaign import Campaign, DialMode
    from dialerd.core.errors import Invalid
    from dialerd.simulation.scenario import load_scenario

    try:
        scenario = load_scenario(Path(given["scenario"]))
    except Invalid as error:
        *others, last = (Failure(mistake, ExitCode.CONFIG) for mistake in str(error).splitlines())
        for other in others:
            other.show()
        raise last from None
    campaign = Campaign(
        id=1, name=scenario.name, dial_mode=DialMode.PREDICTIVE, max_dial_ratio=10.0, calls_per_second=100.0,
        max_lines=given["lines"] or 20_000, wrapup_time_s=120.0, avg_talk_time_s=scenario.people.talk.mean_s or 90.0,
    )  # fmt: skip
    source = f"Simulated from the scenario {scenario.name} ({given['scenario']}); no real calls are behind it."
    return WorldAsked(
        campaign, scenario, _teams(given["agents"], DEFAULT_AGENTS), given["hours"] or DEFAULT_HOURS, source
    )


def of_campaign(session: Session, given: dict[str, Any]) -> WorldAsked:
    from dataclasses import replace

    from dialerd.core.errors import Invalid
    from dialerd.simulation.shown_campaign import shown_campaign

    name = given["campaign"]
    row = session.call("campaign.show", name=name)
    try:
        campaign = shown_campaign(row)
    except Invalid as error:
        raise Failure(str(error)) from None
    if given["lines"]:
        campaign = replace(campaign, max_lines=given["lines"])
    if given["replay"]:
        return _of_day(session, given, campaign)
    from dialerd.simulation.what_if_table import learned_world

    pacing = row.get("pacing") or {}
    seen = int(pacing.get("calls_seen") or 0)
    own = {
        "answer_rate": None if given["answer_rate"] is None else given["answer_rate"] / 100,
        "talk_s": given["talk"],
        "wrap_up_s": given["wrap_up"],
    }
    scenario = learned_world(pacing if seen >= ENOUGH_LEARNED else None, campaign, own)
    size = 0
    if not given["agents"]:
        size = sum(1 for agent in session.call("agent.list") if name in (agent.get("campaigns") or ()))
    learned = f"what dialerd has learned from {seen} calls" if seen >= ENOUGH_LEARNED else "an ordinary telephone world"
    given_all = all(value is not None for value in own.values())
    if any(value is not None for value in own.values()):
        learned = "your options" if given_all else f"{learned}, changed by your options"
    machines = 0.0 if campaign.amd_enabled else scenario.outcomes.machine
    by_machine = f" (and {100 * machines:.0f} % by machines, which meet agents: AMD is off)" if machines else ""
    source = (
        f"Simulated from the settings of campaign {name} and {learned}: "
        f"{100 * scenario.outcomes.person:.0f} % of the calls answered{by_machine}, "
        f"{scenario.people.talk.mean_s:.0f} s talk, "
        f"{scenario.agents.wrap_up.mean_s:.0f} s wrap-up; no call is replayed."
    )
    notes = []
    if not given["agents"] and not 0 < size <= MOST_AGENTS:
        serve = f"{size} agents serve" if size else "No agent serves"
        notes.append(f"{serve} the campaign: {MOST_AGENTS if size else DEFAULT_AGENTS} are assumed (--agents).")
    if seen < ENOUGH_LEARNED and not given_all:
        notes.append(
            "Too little is learned yet of this campaign's calls: "
            "give --answer-rate, --talk, --wrap-up, or --replay a day."
        )
    hours = given["hours"] or DEFAULT_HOURS
    return WorldAsked(
        campaign,
        scenario,
        _teams(given["agents"], min(MOST_AGENTS, size) or DEFAULT_AGENTS),
        hours,
        source,
        tuple(notes),
    )


def _of_day(session: Session, given: dict[str, Any], campaign: Campaign) -> WorldAsked:
    from dialerd.core.errors import Invalid
    from dialerd.simulation.replay_facts import replay_facts

    name = given["campaign"]
    since, until, day = _day(given["replay"])
    answer = session.call("campaign.replay", name=name, since=since, until=until)
    try:
        facts = replay_facts(answer)
    except Invalid as error:
        raise Failure(str(error)) from None
    if not facts.calls:
        raise Failure(
            f"campaign {name} has no calls of {day} to replay; which days have: dialerctl call list --campaign {name}",
            ExitCode.NOT_FOUND,
        )
    begin_s, end_s = facts.working_span()
    facts = facts.from_second(begin_s)
    hours = min(given["hours"] or 24.0, (end_s - begin_s) / 3600)
    own = facts.team()
    teams = _teams(given["agents"], own or DEFAULT_AGENTS)
    left_out = f" ({answer['left_out']} cancelled or lost ones left out)" if answer.get("left_out") else ""
    source = (
        f"Simulated from {facts_text(facts.calls)} of campaign {name} on {day}{left_out}: each outcome, ringing, talk "
        f"and wrap-up is drawn from those of the same hour; {100 * facts.answer_rate:.1f} % were answered by a person."
    )
    notes = []
    if own is None and not given["agents"]:
        notes.append(f"Who was at work that day is not known: {DEFAULT_AGENTS} agents are assumed (--agents).")
    if facts.calls < FEW_CALLS:
        notes.append(f"{facts_text(facts.calls)} are few: take the figures as a hint.")
    return WorldAsked(campaign, facts, teams, hours, source, tuple(notes), facts.calls)


def facts_text(calls: int) -> str:
    """`1 real call`, `2,345 real calls`."""
    return f"{calls:,} real call{'' if calls == 1 else 's'}"


def _day(text: str) -> tuple[str, str, str]:
    """The day as two instants (its midnights in this machine's zone) and its date; UsageError when it is none."""
    now = datetime.now().astimezone()
    word = text.strip().lower()
    try:
        if word not in ("yesterday", "today") and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", word):
            raise ValueError(word)
        since, until = parse_moment(word, now), parse_moment(word, now, end_of_day=True)
    except (ValueError, OverflowError):
        raise click.UsageError(f"--replay: {text!r} is no day; write yesterday, today or 2026-11-26") from None
    if since > now:
        raise click.UsageError(f"--replay: {text!r} is still to come; name a day that was")
    return since.isoformat(), until.isoformat(), f"{since.astimezone():%Y-%m-%d}"


def _teams(sizes: tuple[int, ...] | None, otherwise: int | Team) -> tuple[Team, ...]:
    from dialerd.simulation.team import Team

    if sizes:
        return tuple(Team.of(size) for size in sizes)
    return (otherwise if isinstance(otherwise, Team) else Team.of(otherwise),)
