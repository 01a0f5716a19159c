"""Owns `dialerctl simulate`. Must not pace or draw calls itself: the production core does, in dialerd.simulation.

It runs in this process, never in the daemon (docs/decisions/0011-simulate-in-the-cli.md): pacing of real calls does not
wait for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from dialerctl import simulate_screen
from dialerctl.campaign_columns import DIAL_MODES
from dialerctl.failure import Failure
from dialerctl.known_names import campaign_names
from dialerctl.moments import parse_moment
from dialerctl.numbers_list import NumberList
from dialerctl.session import Session, output_options
from dialerctl.simulate_progress import progress_told
from dialerd.control.protocol import ExitCode

if TYPE_CHECKING:
    from dialerd.core.campaign import Campaign
    from dialerd.simulation.replay_facts import ReplayFacts
    from dialerd.simulation.scenario import Scenario
    from dialerd.simulation.team import Team

DEFAULT_HOURS = 8.0
DEFAULT_AGENTS = 10
MOST_AGENT_HOURS = 20_000.0  # half an hour on two processors
ENOUGH_LEARNED = 100  # calls behind what the pacer has learned, to be worth simulating with
FEW_CALLS = 200  # a replay of fewer is told to be one


@dataclass(frozen=True, slots=True)
class _World:
    """Where the calls come from, and what the table is told about it."""

    campaign: Campaign
    world: Scenario | ReplayFacts
    teams: tuple[Team, ...]
    hours: float
    source: str
    notes: tuple[str, ...] = ()
    facts: int | None = None  # calls behind a replay


@click.command()
@click.option("--scenario", metavar="FILE", help="Simulate the telephone world of this TOML file; needs no dialerd.")
@click.option(
    "--campaign", shell_complete=campaign_names, metavar="NAME", help="Simulate with this campaign's settings."
)
@click.option("--replay", metavar="DAY", help="With the campaign's own calls of that day: yesterday, 2026-11-26.")
@click.option("--mode", "modes", type=DIAL_MODES, multiple=True, help="Dial mode; may be repeated.")
@click.option(
    "--target",
    "targets",
    type=NumberList(0, 100, above_least=True),
    metavar="PERCENT,…",
    help="Abandon rates to aim at, like 1,3.",
)
@click.option(
    "--agents", "agents", type=NumberList(1, 500, whole=True), metavar="N,…", help="Sizes of the team, like 5,10,30."
)
@click.option(
    "--hours",
    type=click.FloatRange(0.05, 24),
    metavar="HOURS",
    help="Length of the day; default: 8, or the replayed day's own.",
)
@click.option(
    "--lines",
    type=click.IntRange(1, 20_000),
    metavar="LINES",
    help="Lines at most, instead of the campaign's max_lines.",
)
@click.option("--answer-rate", type=click.FloatRange(0.1, 95), metavar="PERCENT", help="Calls that a person answers.")
@click.option("--talk", type=click.FloatRange(1, 3600), metavar="SECONDS", help="Mean talk time.")
@click.option("--wrap-up", type=click.FloatRange(0, 3600), metavar="SECONDS", help="Mean wrap-up time.")
@click.option("--runs", type=click.IntRange(1, 50), default=1, show_default=True, help="Days to simulate for each row.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="The same seed gives the same result."
)
@click.option("--page", metavar="FILE", help="Write an HTML page with table and charts too.")
@click.option("--progress/--no-progress", default=None, help="Show progress on stderr; default: on a terminal.")
@output_options
def simulate(session: Session, page: str | None, progress: bool | None, **given: Any) -> None:
    """Ask what would be: whole days of the dialer itself in virtual time.

    Dial modes, targets and team sizes are compared; each is one row. Nobody is called. The calls come from a scenario
    file, from a campaign's settings, or with --replay from the calls that the campaign really made on a day.

    \b
    Examples:
      dialerctl simulate --scenario world.toml --agents 5,10
      dialerctl simulate --campaign spring --mode predictive --target 1,3
      dialerctl simulate --campaign spring --replay yesterday --page what-if.html
    """  # fmt: skip
    from dialerd.core.campaign import DialMode
    from dialerd.simulation.what_if import CoreFault
    from dialerd.simulation.what_if_table import Comparison

    _check(given)
    if page:
        _check_page(page)
    world = _of_scenario(given) if given["scenario"] else _of_campaign(session, given)
    own = world.campaign.dial_mode
    modes = tuple(DialMode(mode) for mode in dict.fromkeys(given["modes"])) or (own, DialMode.PROGRESSIVE)
    targets = tuple(percent / 100 for percent in given["targets"] or ()) or (world.campaign.target_abandon_rate,)
    comparison = Comparison(
        campaign=world.campaign, world=world.world, modes=tuple(dict.fromkeys(modes)), targets=targets,
        teams=world.teams, for_s=world.hours * 3600, seed=given["seed"], runs=given["runs"],
    )  # fmt: skip
    work = comparison.agent_hours()
    if work > MOST_AGENT_HOURS:
        raise click.UsageError(
            f"that would be {work:,.0f} agent hours to simulate, {MOST_AGENT_HOURS:,.0f} are the most: "
            "ask for fewer --agents, --hours, --runs or rows"
        )
    try:
        with progress_told(work * 3600, progress) as told:
            rows = comparison.rows(told)
    except CoreFault as fault:
        raise Failure(f"the dialer failed in the simulation: {fault}; this is a fault in dialerd") from None
    _show(session, rows, world, page)


def _show(session: Session, rows: list[dict[str, Any]], world: _World, page: str | None) -> None:
    notes = [*world.notes, *simulate_screen.notes(rows)]
    conclusion = simulate_screen.conclusion(rows)
    if page:
        from dialerctl.reports.what_if import write_page
        from dialerctl.whole_file import whole_file

        with whole_file(page) as file:
            write_page(rows, source=world.source, conclusion=conclusion, notes=notes, file=file)
        session.say(f"Page written: {page}")
    if session.form == "json":
        values = {"rows": rows, "source": world.source, "conclusion": conclusion, "notes": notes}
        session.show_object({**values, "replayed_calls": world.facts}, "")
    elif session.form == "csv":
        session.show_list("rows", rows, simulate_screen.COLUMNS, "")
    else:
        text = simulate_screen.screen(
            rows, source=world.source, conclusion=conclusion, notes=notes, colour=session.colour,
            to_file=session.target is not None,
        )  # fmt: skip
        session.show_object({}, text)


def _check(given: dict[str, Any]) -> None:
    """Raise UsageError for options that do not go together."""
    if bool(given["scenario"]) == bool(given["campaign"]):
        both = "are two different worlds: name one of them" if given["campaign"] else "or: name one of them"
        raise click.UsageError(f"--scenario FILE and --campaign NAME {both}")
    if given["replay"] and not given["campaign"]:
        raise click.UsageError("--replay needs --campaign NAME: whose calls?")
    for name in ("answer_rate", "talk", "wrap_up"):
        if given[name] is not None and (given["replay"] or given["scenario"]):
            source = "the calls of that day" if given["replay"] else "the scenario file"
            raise click.UsageError(f"--{name.replace('_', '-')} comes from {source}; it goes with --campaign alone")


def _check_page(page: str) -> None:
    from pathlib import Path

    from dialerctl.whole_file import check_target

    check_target(Path(page).absolute())


def _of_scenario(given: dict[str, Any]) -> _World:
    from pathlib import Path

    from dialerd.core.campaign import Campaign, DialMode
    from dialerd.core.errors import Invalid
    from dialerd.simulation.scenario import load_scenario

    try:
        scenario = load_scenario(Path(given["scenario"]))
    except Invalid as error:
        raise Failure(str(error), ExitCode.CONFIG) from None
    campaign = Campaign(
        id=1, name=scenario.name, dial_mode=DialMode.PREDICTIVE, max_dial_ratio=10.0, calls_per_second=100.0,
        max_lines=given["lines"] or 20_000, wrapup_time_s=120.0, avg_talk_time_s=scenario.people.talk.mean_s or 90.0,
    )  # fmt: skip
    source = f"Simulated from the scenario {scenario.name} ({given['scenario']}); no real calls are behind it."
    return _World(campaign, scenario, _teams(given["agents"], DEFAULT_AGENTS), given["hours"] or DEFAULT_HOURS, source)


def _of_campaign(session: Session, given: dict[str, Any]) -> _World:
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
    source = (
        f"Simulated from the settings of campaign {name} and {learned}: "
        f"{100 * scenario.outcomes.person:.0f} % of the calls answered, {scenario.people.talk.mean_s:.0f} s talk, "
        f"{scenario.agents.wrap_up.mean_s:.0f} s wrap-up; no call is replayed."
    )
    notes = () if seen >= ENOUGH_LEARNED or given_all else (
        "Too little is learned yet of this campaign's calls: give --answer-rate, --talk, --wrap-up, or --replay a day.",
    )  # fmt: skip
    hours = given["hours"] or DEFAULT_HOURS
    return _World(campaign, scenario, _teams(given["agents"], min(500, size) or DEFAULT_AGENTS), hours, source, notes)


def _of_day(session: Session, given: dict[str, Any], campaign: Campaign) -> _World:
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
    return _World(campaign, facts, teams, hours, source, tuple(notes), facts.calls)


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
