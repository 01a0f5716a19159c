"""Owns `dialerctl lead …`. Must not import the readers (openpyxl, phonenumbers) before an import is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from dialerctl import output
from dialerctl.asking import ask
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


def lead_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The fields of a lead as options; those not given arrive as None or empty."""
    for option in reversed(
        (
            click.option("--name", metavar="TEXT", help="Name of the person."),
            click.option(
                "--alternate", "alternates", multiple=True, metavar="NUMBER", help="Further number; repeatable."
            ),
            click.option(
                "--timezone", metavar="ZONE", help="Where the person is, like Europe/Berlin; wins over the number."
            ),
            click.option("--state", metavar="CODE", help="State or province: FL, or US-FL."),
            click.option("--postal-code", metavar="CODE", help="Postal code."),
            click.option("--priority", type=click.IntRange(1, 99), metavar="1-99", help="Higher is dialled first."),
            click.option("--rank", type=int, metavar="N", help="For the list order `rank`: higher first."),
            click.option("--person", metavar="ID", help="Leads with one value are one person (or debt) to the caps."),
            click.option("--consent-class", metavar="CLASS", help="Class of the consent: express, written …"),
            click.option("--consent-date", metavar="YYYY-MM-DD", help="When it was given."),
            click.option("--consent-id", metavar="TEXT", help="Where the proof is kept."),
            click.option(
                "--attribute", "attributes", multiple=True, metavar="NAME=VALUE", help="Extra field; repeatable."
            ),
            click.option("--region", metavar="CC", help="Country of numbers without +, like DE."),
        )
    ):
        command = option(command)
    return command


@lead.command()
@click.argument("number")
@click.option("--campaign", required=True, metavar="NAME", shell_complete=campaign_names, help="Campaign of the lead.")
@click.option("--list", "list_name", metavar="NAME", default="by-hand", show_default=True, help="Its list.")
@lead_options
@output_options
def add(session: Session, number: str, campaign: str, list_name: str, **given: Any) -> None:
    """Add one lead.

    \b
    Examples:
      dialerctl lead add +4930123450 --campaign spring --name "Ada Example"
      dialerctl lead add 030123450 --region DE --campaign spring --alternate 030123451 --attribute city=Berlin
    """
    from dialerctl.importing.by_hand import lead_fields, with_number

    row = with_number(number, lead_fields(**given), given["region"])
    values = session.call("lead.add", campaign=campaign, list=list_name, row=row)
    session.show_done(values, f"Lead {values.get('id')} added: {values.get('number')}.")


@lead.command()
@click.argument("lead_id", metavar="LEAD")
@click.option("--number", metavar="NUMBER", help="Its number.")
@lead_options
@output_options
def edit(session: Session, lead_id: str, number: str | None, **given: Any) -> None:
    """Change a lead (id or number). What a rule had put off is judged anew.

    \b
    Examples:
      dialerctl lead edit 17 --timezone Europe/Rome --priority 80
      dialerctl lead edit +4930123450 --consent-class express --consent-date 2026-11-20
    """
    from dialerctl.importing.by_hand import lead_fields, with_number

    changes = lead_fields(**given)
    if number is not None:
        changes = with_number(number, changes, given["region"])
    if not changes:
        raise click.UsageError("name at least one field to change, like --priority 80 (see --help)")
    values = session.call("lead.edit", lead=lead_id, changes=changes)
    session.show_done(
        values, f"Lead {values.get('id')} ({values.get('number')}) changed: {', '.join(sorted(changes))}."
    )


@lead.command()
@click.argument("lead_ids", nargs=-1, required=True, metavar="LEAD...")
@click.option("--yes", is_flag=True, help="Do not ask.")
@output_options
def remove(session: Session, lead_ids: tuple[str, ...], yes: bool) -> None:
    """Remove leads. A lead that was called stays, closed for good: its records must stay.

    \b
    Example:
      dialerctl lead remove 17 +4930123450 --yes
    """
    ask(yes, f"Remove {len(lead_ids)} lead{'s' if len(lead_ids) > 1 else ''}?")

    def act(name: str) -> tuple[Mapping[str, Any], str]:
        result = session.call("lead.remove", lead=name)
        return result, f"Lead {name} is {'removed' if result.get('removed') else 'closed: its calls stay on record'}."

    session.for_each(lead_ids, act)


@lead.command()
@click.option("--campaign", metavar="NAME", shell_complete=campaign_names, help="Only this campaign's leads.")
@click.option("--state", type=click.Choice(STATES), help="Only leads in this state.")
@click.option(
    "--format", "kind", type=click.Choice(["csv", "xlsx"]), help="Kind of file; by default what FILE's ending says."
)
@output_options
def export(session: Session, campaign: str | None, state: str | None, kind: str | None) -> None:
    """Write leads with their extra columns to a file: csv or xlsx. It can be imported again.

    \b
    Examples:
      dialerctl lead export --campaign spring --to leads.xlsx
      dialerctl lead export --state callback --format csv --to -
    """
    from dialerctl.reports.leads import export_leads

    export_leads(session, kind, campaign=campaign, state=state)


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
    "Fields: number, alternate (repeatable), name, first_name, last_name, timezone, state, postal_code, priority, "
    "rank, person, consent_id, consent_class, consent_date.",
)  # fmt: skip
@click.option("--no-header", is_flag=True, help="The first row is a lead; columns are called 1, 2, 3 …")
@click.option("--delimiter", metavar="CHAR", help="CSV delimiter (tab: '\\t'); by default found out.")
@click.option("--encoding", metavar="NAME", help="Text encoding; by default found out.")
@click.option("--sheet", metavar="NAME", help="Sheet of a workbook; by default the first.")
@click.option("--rejected", metavar="FILE", help="Where rejected rows go; by default FILE.rejected.csv.")
@click.option(
    "--unique", type=click.Choice(["list", "campaign", "store"]), default="campaign", show_default=True,
    help="Where a number may be a lead only once.",
)  # fmt: skip
@click.option(
    "--on-duplicate", type=click.Choice(["skip", "update", "reject"]), default="skip", show_default=True,
    help="A number that is a lead there already: leave it, give it what the file says (an empty cell erases"
    " nothing; a zone stays unless the row names zone, state or postal code), or reject the row.",
)  # fmt: skip
@click.option(
    "--all-or-nothing", is_flag=True,
    help="Import nothing when any row is rejected; the list is dialled from when everything is in.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Read and check everything, import nothing; needs no dialerd.")
@output_options
def import_leads(session: Session, **given: Any) -> None:
    """Import leads from a CSV or xlsx file (`-` reads CSV from standard input).

    Numbers become E.164, each lead gets its time zone from the column or all zones that its number can lie in,
    columns that are not known are kept as attributes. Further columns with numbers become the lead's next numbers.
    Rows that cannot be imported go to FILE.rejected.csv with row number and reason. Importing a file again adds only
    what is new: an import that broke off is finished so.

    \b
    Examples:
      dialerctl lead import customers.csv --campaign spring --region DE
      dialerctl lead import customers.xlsx --campaign spring --map number=Telefon --map name=Kunde
      dialerctl lead import customers.csv --campaign spring --region DE --dry-run
    """
    from dialerctl.importing.run import ImportOptions, run_import

    run_import(session, ImportOptions(**given))
