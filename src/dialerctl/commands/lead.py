"""Owns `dialerctl lead …`. Must not import the readers (openpyxl, phonenumbers) before an import is asked for."""

from __future__ import annotations

from typing import Any

import click

from dialerctl import output
from dialerctl.known_names import campaign_names
from dialerctl.lazy_group import Noun
from dialerctl.output import Column, show_value
from dialerctl.session import Session, output_options
from dialerd.control.protocol import MAX_LIST_ROWS

LIST = (
    Column("id", "lead", "number"),
    Column("number"),
    Column("name"),
    Column("campaign"),
    Column("list"),
    Column("state", kind="state"),
    Column("call_count", "calls", "number"),
    Column("next_attempt_at", "next attempt", "time"),
    Column("zones"),
)
CALLS = (
    Column("id", "call", "number"),
    Column("created_at", "started", "time"),
    Column("status", kind="state"),
    Column("disposition"),
    Column("agent"),
    Column("talk_duration", "talk", "duration"),
)
STATES = ("new", "claimed", "retry", "callback", "completed", "exhausted", "invalid", "dnc")


@click.group(cls=Noun)
def lead() -> None:
    """Leads: the people to call."""


@lead.command("list")
@click.option("--campaign", metavar="NAME", shell_complete=campaign_names, help="Only this campaign's leads.")
@click.option("--state", type=click.Choice(STATES), help="Only leads in this state.")
@click.option("--limit", type=click.IntRange(1, MAX_LIST_ROWS), default=100, show_default=True, help="Most rows.")
@click.option("--offset", type=click.IntRange(min=0), default=0, help="Rows to skip.")
@output_options
def list_leads(session: Session, limit: int, offset: int, **filters: str | None) -> None:
    """List leads.

    \b
    Examples:
      dialerctl lead list --campaign spring
      dialerctl lead list --state callback --limit 20 -o json
    """
    rows = session.call("lead.list", limit=limit, offset=offset or None, **filters)
    session.show_list("leads", rows, LIST, "No such leads. Next: dialerctl lead import FILE --campaign NAME")
    if len(rows) == limit and session.form == "table" and not session.target:
        session.say(f"(at most {limit} shown; more with --limit or --offset {offset + limit})")


@lead.command()
@click.argument("lead_id", metavar="LEAD")
@output_options
def show(session: Session, lead_id: str) -> None:
    """Show a lead with its calls. LEAD is its id or its number in E.164 (+49…).

    \b
    Examples:
      dialerctl lead show 17
      dialerctl lead show +4930123450 --json
    """
    values = session.call("lead.show", lead=lead_id)
    entries = [
        (key, show_value(value, "time" if key.endswith("_at") else "text"))
        for key, value in values.items()
        if key != "calls"
    ]
    text = output.pairs(entries, colour=session.colour)
    calls = values.get("calls") or []
    if calls:
        text += "\n\n" + output.table(calls, CALLS, colour=session.colour, limit=output.screen_limit(session.target))
    session.show_object(values, text)


@lead.command()
@click.argument("lead_id", metavar="LEAD")
@output_options
def explain(session: Session, lead_id: str) -> None:
    """Say why a lead is dialled or not: every rule with what it saw, the first that blocks, the next possible time.

    LEAD is its id or its number in E.164 (+49…). Exit status 1 when a rule forbids the call now.

    \b
    Examples:
      dialerctl lead explain 17
      dialerctl lead explain +4930123450 -o json
    """
    from dialerctl.explain_screen import lead_screen

    values = session.call("lead.explain", lead=lead_id)
    session.show_object(values, lead_screen(values, session.colour))
    if values.get("verdict") != "dial":
        click.get_current_context().exit(1)


@lead.command("import")
@click.argument("file", metavar="FILE")
@click.option(
    "--campaign", required=True, metavar="NAME", shell_complete=campaign_names, help="Campaign that gets the leads."
)
@click.option("--list", "list_name", metavar="NAME", help="Name of the lead list; by default the file's name.")
@click.option("--region", metavar="CC", help="Country of numbers without +, like DE.")
@click.option(
    "--map", "mapping", multiple=True, metavar="FIELD=HEADING",
    help="Which column is which, like number=Telefon; repeatable. "
    "Fields: number, name, first_name, last_name, timezone, priority, "
    "postal_code, consent_id, consent_class, consent_date.",
)  # fmt: skip
@click.option("--no-header", is_flag=True, help="The first row is a lead; columns are called 1, 2, 3 …")
@click.option("--delimiter", metavar="CHAR", help="CSV delimiter (tab: '\\t'); by default found out.")
@click.option("--encoding", metavar="NAME", help="Text encoding; by default found out.")
@click.option("--sheet", metavar="NAME", help="Sheet of a workbook; by default the first.")
@click.option("--rejected", metavar="FILE", help="Where rejected rows go; by default FILE.rejected.csv.")
@click.option("--dry-run", is_flag=True, help="Read and check everything, import nothing; needs no dialerd.")
@output_options
def import_leads(session: Session, **given: Any) -> None:
    """Import leads from a CSV or xlsx file (`-` reads CSV from standard input).

    Numbers become E.164, each lead gets its time zone from the column or all zones that its number can lie in,
    columns that are not known are kept as attributes. Rows that cannot be imported go to FILE.rejected.csv with
    row number and reason. Importing a file again adds only what is new.

    \b
    Examples:
      dialerctl lead import customers.csv --campaign spring --region DE
      dialerctl lead import customers.xlsx --campaign spring --map number=Telefon --map name=Kunde
      dialerctl lead import customers.csv --campaign spring --region DE --dry-run
    """
    from dialerctl.importing.run import ImportOptions, run_import

    run_import(session, ImportOptions(**given))
