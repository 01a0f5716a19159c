"""Owns `dialerctl call …`. Must not import reports or phonenumbers before a command that needs them is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from dialerctl import output
from dialerctl.commands.call_review import review
from dialerctl.known_names import agent_names, campaign_names
from dialerctl.lazy_group import Noun
from dialerctl.machine_words import in_order
from dialerctl.moments import Moment
from dialerctl.output import Column, show_value
from dialerctl.session import Session, output_options
from dialerd.control.protocol import MAX_LIST_ROWS

LIST = (
    Column("id", "call", "number"),
    Column("created_at", "started", "time"),
    Column("campaign"),
    Column("number"),
    Column("agent"),
    Column("status|state", "status", "state"),  # a call in progress has no status yet
    Column("disposition"),
    Column("ring_duration", "ring", "duration"),
    Column("wait_duration", "wait", "duration"),
    Column("talk_duration", "talk", "duration"),
    Column("amd_result", "amd"),
)
LIVE = (
    Column("id", "call", "number"),
    Column("campaign"),
    Column("number"),
    Column("state", kind="state"),
    Column("seconds", "for", "duration"),
    Column("agent"),
    Column("amd_action", "gets"),
)
DRIFT = (
    Column("kind"),
    Column("name"),
    Column("channel"),
    Column("here", "dialerd says", "state"),
    Column("asterisk", "Asterisk says"),
)
STATUSES = (
    "answered", "abandoned", "customer_hangup", "machine", "no_answer", "busy", "congestion", "invalid_number",
    "rejected", "failed", "cancelled", "lost",
)  # fmt: skip


@click.group(cls=Noun)
def call() -> None:
    """Calls: in progress and past."""


call.add_command(review)


def call_filters(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --campaign, --agent, --status, --since and --until."""
    for option in (
        click.option(
            "--until", type=Moment(end_of_day=True), metavar="WHEN",
            help="Started before then; a date includes its day.",
        ),
        click.option(
            "--since", type=Moment(), metavar="WHEN",
            help="Started at or after: 2026-11-30, '2026-11-30 14:00', today, yesterday, 2h.",
        ),
        click.option("--status", type=click.Choice(STATUSES), help="How the call ended."),
        click.option("--agent", metavar="NAME", shell_complete=agent_names, help="Only this agent's calls."),
        click.option("--campaign", metavar="NAME", shell_complete=campaign_names, help="Only this campaign's calls."),
    ):  # fmt: skip
        command = option(command)
    return command


@call.command("list")
@click.option("--live", is_flag=True, help="Calls in progress.")
@call_filters
@click.option("--limit", type=click.IntRange(1, MAX_LIST_ROWS), default=100, show_default=True, help="Most rows.")
@click.option("--offset", type=click.IntRange(min=0), default=0, help="Rows to skip.")
@output_options
def list_calls(session: Session, live: bool, limit: int, offset: int, **filters: str | None) -> None:
    """List calls, newest first.

    \b
    Examples:
      dialerctl call list --live
      dialerctl call list --campaign spring --since today --status abandoned
      dialerctl call list --agent 1001 --limit 20 -o json
    """
    rows = session.call("call.list", live=live or None, limit=limit, offset=offset or None, **filters)
    session.show_list("calls", rows, LIVE if live else LIST, "No calls in progress." if live else "No such calls.")
    if not live and len(rows) == limit and session.form == "table" and not session.target:
        session.say(f"(at most {limit} shown; more with --limit or --offset {offset + limit})")


@call.command()
@click.argument("call_id", metavar="CALL")
@output_options
def show(session: Session, call_id: str) -> None:
    """Show everything known of one call.

    \b
    Examples:
      dialerctl call show 4711
      dialerctl call show 4711 --json
    """
    values = session.call("call.show", call=call_number(call_id))
    shown = in_order(values)
    entries = [(key, show_value(value, "time" if key.endswith("_at") else "text")) for key, value in shown.items()]
    session.show_object(values, output.pairs(entries, colour=session.colour))


@call.command()
@click.argument("call_ids", nargs=-1, required=True, metavar="CALL...")
@output_options
def hangup(session: Session, call_ids: tuple[str, ...]) -> None:
    """Hang up calls in progress.

    \b
    Examples:
      dialerctl call hangup 4711
      dialerctl call hangup 4711 4712
    """

    def act(name: str) -> tuple[Mapping[str, Any], str]:
        result = session.call("call.hangup", call=call_number(name))
        return result, f"Call {name}: {show_value(result.get('state')).replace('_', ' ')}."

    session.for_each([str(call_number(call_id)) for call_id in call_ids], act)


@call.command()
@click.option("--dry-run", is_flag=True, help="Show the differences and change nothing.")
@output_options
def reconcile(session: Session, dry_run: bool) -> None:
    """Compare calls and agents' legs with Asterisk's channels, and put right what differs.

    dialerd does it by itself after every (re)connect. To put differences right it reconnects; nothing is dialled
    meanwhile.

    \b
    Examples:
      dialerctl call reconcile --dry-run
      dialerctl call reconcile
    """
    rows = session.call("call.reconcile", dry_run=dry_run or None)
    session.show_list("drift", rows, DRIFT, "No differences: dialerd and Asterisk agree.")


@call.command()
@click.option(
    "--format", "kind", type=click.Choice(["csv", "xlsx", "html"]),
    help="Kind of file; by default what FILE's ending says.",
)  # fmt: skip
@call_filters
@click.option("--rows", type=click.IntRange(min=1), metavar="N", help="Most calls to export; by default all.")
@output_options
def export(session: Session, kind: str | None, rows: int | None, **filters: str | None) -> None:
    """Write calls to a file: csv for programs, xlsx with a summary for people, html as a page to send.

    \b
    Examples:
      dialerctl call export --format xlsx --to calls.xlsx --campaign spring --since yesterday --until yesterday
      dialerctl call export --to calls.html --since 7d
      dialerctl call export --format csv --status abandoned > abandoned.csv
    """
    from dialerctl.reports.export import export_calls, kind_of

    kind = kind_of(kind, session.target)
    counts = export_calls(session, kind, filters, most=rows)
    if session.target is None:
        return  # the calls themselves went to stdout
    file, session.target = session.target, None
    session.show_done({"file": file, "format": kind, **counts}, f"{counts['calls']} calls → {file}")


@call.command()
@click.argument("number")
@click.option(
    "--campaign", required=True, metavar="NAME", shell_complete=campaign_names,
    help="Campaign whose trunk, caller ID and rules are used.",
)  # fmt: skip
@click.option("--timezone", metavar="ZONE", help="Where the called person is, like Europe/Berlin; else by the number.")
@click.option("--region", metavar="CC", help="Country of a number without +, like DE.")
@output_options
def test(session: Session, number: str, campaign: str, timezone: str | None, region: str | None) -> None:
    """Place one test call under the same rules as any other; it plays the abandon message and meets no agent.

    \b
    Examples:
      dialerctl call test +4930123450 --campaign spring
      dialerctl call test 030123450 --region DE --timezone Europe/Berlin --campaign spring
    """
    from dialerctl.importing.numbers import NumberError, parse
    from dialerctl.importing.places import place_of

    try:
        parsed = parse(number, region)
    except NumberError as error:
        raise click.BadParameter(str(error), param_hint="NUMBER") from None
    place = place_of(parsed)
    normal = place.number
    if timezone is None:
        zones = place.zones
        if len(zones) != 1:
            many = f"{len(zones)} time zones are possible for it" if zones else "its time zone is not known"
            raise click.UsageError(f"{normal}: {many}; say which with --timezone ZONE")
        timezone = zones[0]
    result = session.call("call.test", campaign=campaign, number=normal, timezone=timezone, regions=list(place.regions))
    told = show_value(result.get("call"))
    session.show_done(result, f"Calling {normal} as call {told}. Watch it with: dialerctl call show {told}")


def call_number(text: str) -> int:
    """Given what stands for a call on the command line, return its number; a usage error otherwise."""
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise click.BadParameter(f"{text!r} is no call number; see: dialerctl call list", param_hint="CALL")
    return int(text)
