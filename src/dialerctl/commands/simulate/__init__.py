"""Owns `dialerctl simulate`. Must not pace or draw calls itself: the production core does, in dialerd.simulation.

It runs in this process, never in the daemon (docs/decisions/0011-simulate-in-the-cli.md): pacing of real calls does not
wait for it.
"""

from __future__ import annotations

from typing import Any

import click

from dialerctl import simulate_screen
from dialerctl.campaign_columns import DIAL_MODES
from dialerctl.commands.simulate.worlds import MOST_AGENTS, WorldAsked, of_campaign, of_scenario
from dialerctl.failure import Failure
from dialerctl.known_names import campaign_names
from dialerctl.numbers_list import NumberList, NumberRange
from dialerctl.output import screen_limit
from dialerctl.session import Session, output_options
from dialerctl.simulate_progress import ended_in_order, progress_told

MOST_AGENT_HOURS = 20_000.0  # half an hour on two processors


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
    "--agents",
    "agents",
    type=NumberList(1, MOST_AGENTS, whole=True),
    metavar="N,…",
    help="Sizes of the team, like 5,10,30.",
)  # fmt: skip
@click.option(
    "--hours",
    type=NumberRange(0.05, 24),
    metavar="HOURS",
    help="Length of the day; default: 8, or the replayed day's own.",
)
@click.option(
    "--lines",
    type=click.IntRange(1, 20_000),
    metavar="LINES",
    help="Lines at most, instead of the campaign's max_lines.",
)
@click.option("--answer-rate", type=NumberRange(0.1, 95), metavar="PERCENT", help="Calls that a person answers.")
@click.option("--talk", type=NumberRange(1, 3600), metavar="SECONDS", help="Mean talk time.")
@click.option("--wrap-up", type=NumberRange(0, 3600), metavar="SECONDS", help="Mean wrap-up time.")
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
    if page is not None:
        _check_page(page)
    world = of_scenario(given) if given["scenario"] is not None else of_campaign(session, given)
    own = world.campaign.dial_mode
    other = DialMode.PREDICTIVE if own is DialMode.PROGRESSIVE else own  # progressive with itself compares nothing
    modes = tuple(DialMode(mode) for mode in given["modes"]) or (other, DialMode.PROGRESSIVE)
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
        with ended_in_order(), progress_told(work * 3600, progress) as told:
            rows = comparison.rows(told)
    except CoreFault as fault:
        raise Failure(f"the dialer failed in the simulation: {fault}; this is a fault in dialerd") from None
    _show(session, rows, world, page)


def _show(session: Session, rows: list[dict[str, Any]], world: WorldAsked, page: str | None) -> None:
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
            to_file=session.target is not None, limit=screen_limit(session.target),
        )  # fmt: skip
        session.show_object({}, text)


def _check(given: dict[str, Any]) -> None:
    """Raise UsageError for options that do not go together, or are empty (`--replay "$DAY"` without a DAY)."""
    for name in ("scenario", "campaign", "replay"):
        if given[name] is not None and not given[name].strip():
            raise click.UsageError(f"--{name} is empty: give it a value, or leave it out")
    if given["scenario"] and given["campaign"]:
        raise click.UsageError("--scenario and --campaign are two different worlds: name one of them")
    if given["replay"] and not given["campaign"]:
        raise click.UsageError("--replay needs --campaign NAME: whose calls?")
    if not given["scenario"] and not given["campaign"]:
        raise click.UsageError("say what to simulate: --scenario FILE or --campaign NAME")
    for name in ("answer_rate", "talk", "wrap_up"):
        if given[name] is not None and (given["replay"] or given["scenario"]):
            source = "the calls of that day" if given["replay"] else "the scenario file"
            raise click.UsageError(f"--{name.replace('_', '-')} comes from {source}; it goes with --campaign alone")


def _check_page(page: str) -> None:
    from pathlib import Path

    from dialerctl.whole_file import check_target

    if not page:
        raise click.UsageError("--page is empty: name a file")
    check_target(Path(page).absolute())
