"""Owns `dialerctl campaign …`. Must not know how the socket works or what a column means (campaign_columns.py)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

import click

from dialerctl import output
from dialerctl.campaign_columns import CAMPAIGN_COLUMNS, SHOWN_UNITS, campaign_options, given_columns
from dialerctl.failure import Failure
from dialerctl.known_names import campaign_names
from dialerctl.lazy_group import Noun
from dialerctl.moments import Moment
from dialerctl.output import Column, show_value
from dialerctl.session import Session, output_options
from dialerd.control.protocol import ExitCode

LIST = (
    Column("name", "campaign"),
    Column("state", kind="state"),
    Column("dial_mode", "mode"),
    Column("priority", kind="number"),
    Column("trunk"),
    Column("leads_total", "leads", kind="number"),
    Column("leads_due", "due", kind="number"),
    Column("leads_waiting", "waiting", kind="number"),
    Column("leads_finished", "finished", kind="number"),
)


@click.group(cls=Noun)
def campaign() -> None:
    """Campaigns: what is dialled, how and when."""


@campaign.command("list")
@output_options
def list_campaigns(session: Session) -> None:
    """List the campaigns.

    \b
    Examples:
      dialerctl campaign list
      dialerctl campaign list -o csv --to campaigns.csv
    """
    session.show_list(
        "campaigns", session.call("campaign.list"), LIST, "No campaigns yet. Next: dialerctl campaign add NAME"
    )


@campaign.command()
@click.argument("name", shell_complete=campaign_names)
@output_options
def show(session: Session, name: str) -> None:
    """Show every setting of a campaign.

    \b
    Examples:
      dialerctl campaign show spring
      dialerctl campaign show spring --json
    """
    values = session.call("campaign.show", name=name)
    session.show_object(values, _settings(values, session.colour))


@campaign.command()
@click.argument("name")
@campaign_options
@output_options
def add(session: Session, name: str, **columns: Any) -> None:
    """Add a campaign. It is stopped until you start it.

    Settings that are not given get dialerd's defaults; see them with: dialerctl campaign show NAME

    \b
    Examples:
      dialerctl campaign add spring --dial-mode progressive --trunk main --abandon-message spring/sorry
      dialerctl campaign add polls --dial-mode power --dial-ratio 1.5 --daily-start 10:00 --daily-end 18:00
    """
    values = session.call("campaign.add", name=name, **given_columns(columns))
    session.show_done(values, f"Campaign {name} added. Next: dialerctl lead import FILE --campaign {name}")


@campaign.command()
@click.argument("name", shell_complete=campaign_names)
@campaign_options
@output_options
def edit(session: Session, name: str, **columns: Any) -> None:
    """Change settings of a campaign, also while it dials.

    \b
    Examples:
      dialerctl campaign edit spring --max-lines 20
      dialerctl campaign edit spring --amd-enabled --amd-action hangup
    """
    changes = given_columns(columns)
    if not changes:
        raise click.UsageError("name at least one setting to change, like --max-lines 20 (see --help)")
    values = session.call("campaign.edit", name=name, changes=changes)
    told = ", ".join(f"{key} = {show_value(values.get(key, value))}" for key, value in changes.items())
    session.show_done(values, f"Campaign {name}: {told}")


def _ordered(session: Session, verb: str, name: str) -> tuple[Mapping[str, Any], str]:
    """Carry out a verb that changes a campaign's state; return dialerd's answer and the sentence for it."""
    result = session.call(f"campaign.{verb}", name=name)
    for note in result.get("notes") or []:
        session.say(f"Note: {note}")
    return result, f"Campaign {name} is {show_value(result.get('state'))}."


def _order(verb: str, help_text: str) -> None:
    """Add one of the three verbs that change a campaign's state: they differ in nothing but their name."""

    @click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=campaign_names)
    @output_options
    def order(session: Session, names: tuple[str, ...]) -> None:
        session.for_each(names, lambda name: _ordered(session, verb, name))

    campaign.command(verb, help=help_text)(order)


@campaign.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=campaign_names)
@click.option("--dry-run", is_flag=True, help="Start nothing: show what would be dialled, and what forbids the start.")
@output_options
def start(session: Session, names: tuple[str, ...], dry_run: bool) -> None:
    """Start campaigns: they dial as soon as rules, leads and agents allow.

    `dialerctl status` says why a started campaign does not dial, `dialerctl campaign explain NAME` what holds its
    leads back; --dry-run shows the same before anything is dialled.

    \b
    Examples:
      dialerctl campaign start spring polls
      dialerctl campaign start spring --dry-run
    """
    if not dry_run:
        session.for_each(names, lambda name: _ordered(session, "start", name))
        return

    if len(names) != 1:
        raise click.UsageError("--dry-run looks at one campaign at a time")
    values = session.call("campaign.explain", name=names[0])
    session.show_object(values, _explained(values, session.colour))
    if values.get("state") == "active":
        raise Failure(f"campaign {names[0]} is active already", ExitCode.CONFLICT)
    if values.get("start_problems"):
        problems = "; ".join(values["start_problems"])
        raise Failure(f"campaign {names[0]} cannot start: {problems}", ExitCode.CONFLICT)


@campaign.command()
@click.argument("name", shell_complete=campaign_names)
@output_options
def explain(session: Session, name: str) -> None:
    """Say what a campaign waits for: leads by blocking rule, how many may be dialled now and in the next hours.

    \b
    Examples:
      dialerctl campaign explain spring
      dialerctl campaign explain spring -o json
    """
    values = session.call("campaign.explain", name=name)
    session.show_object(values, _explained(values, session.colour))


@campaign.command()
@click.argument("name", shell_complete=campaign_names)
@click.option("--calls", is_flag=True, help="The live answers one by one; they add up to the figures.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Most calls to list; by default all.")
@click.option(
    "--since", type=Moment(), metavar="WHEN",
    help="Count from then on, whatever the legal window: 2026-11-30, today, yesterday, 2h.",
)  # fmt: skip
@click.option(
    "--until", type=Moment(end_of_day=True), metavar="WHEN",
    help="The window as it stood then; a date includes its day.",
)  # fmt: skip
@output_options
def ledger(session: Session, name: str, calls: bool, limit: int | None, since: str | None, until: str | None) -> None:
    """Show the abandon ledger: the legal window, live answers, abandons, AMD losses, what is still allowed.

    With --calls every live answer is listed: who waited how long, for which agent, or whether the message came in time.
    -o csv gives the calls then, -o json both.

    \b
    Examples:
      dialerctl campaign ledger spring
      dialerctl campaign ledger spring --calls --since yesterday --until yesterday
      dialerctl campaign ledger spring --calls -o csv --to audit.csv
    """
    from dialerctl.ledger_screen import CALLS, calls_of, ledger_of, ledger_text

    if limit is not None and not calls:
        raise click.UsageError("--limit goes with --calls")
    span, wide = {"since": since, "until": until}, output.screen_limit(session.target)
    values = ledger_of(session, name, span)
    if not calls:
        session.show_object(values, ledger_text(values, session.colour, limit=wide))
        return
    rows = list(islice(calls_of(session, name, span, values), limit))
    if session.form == "csv":
        session.show_list("calls", rows, CALLS, "No live answers.")
        return
    text = ledger_text(values, session.colour, limit=wide)
    if rows:
        table = output.table(rows, CALLS, colour=session.colour, limit=wide)
        text = f"{text}\n\n{table}"
    session.show_object({**values, "calls": rows}, text)
    if len(rows) < values["live_answers"]:
        session.say(f"({len(rows)} of {values['live_answers']} live answers shown)")


def _explained(values: Mapping[str, Any], colour: bool) -> str:
    from dialerctl.explain_screen import campaign_screen

    return campaign_screen(values, colour)


_order(
    "pause",
    """Pause campaigns: no new calls, calls in progress go on.

    \b
    Example:
      dialerctl campaign pause spring
    """,
)
_order(
    "resume",
    """Resume paused campaigns.

    \b
    Example:
      dialerctl campaign resume spring
    """,
)
_order(
    "stop",
    """Stop campaigns: no new calls, calls in progress end by themselves.

    \b
    Examples:
      dialerctl campaign stop spring
      dialerctl campaign stop spring polls
    """,
)


def _settings(values: Mapping[str, Any], colour: bool) -> str:
    """Every value of a campaign: what is not a known column first, then the columns by group, with units."""
    known = {column.name for column in CAMPAIGN_COLUMNS} | {"abandon_window_used", "abandon_window_from"}
    rest = [(key, show_value(value, "time" if key.endswith("_at") else "text")) for key, value in values.items()]
    blocks = [output.pairs([entry for entry in rest if entry[0] not in known], colour=colour)]
    for group in dict.fromkeys(column.group for column in CAMPAIGN_COLUMNS):
        entries = []
        for column in CAMPAIGN_COLUMNS:
            if column.group == group and column.name in values:
                text, unit = show_value(values[column.name]), SHOWN_UNITS.get(column.unit, "")
                if column.name == "abandon_window" and values.get("abandon_window_from") != "campaign":
                    text += f" ({values.get('abandon_window_used')}, by {values.get('abandon_window_from')})"
                entries.append(("  " + column.name, f"{text} {unit}" if unit and text != "-" else text))
        if entries:
            heading = click.style(group, bold=True) if colour else group
            blocks.append(heading + "\n" + output.pairs(entries, colour=colour))
    return "\n\n".join(block for block in blocks if block)
