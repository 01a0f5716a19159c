"""Owns `dialerctl dnc …`. Must not import number parsing or files before they are needed."""

from __future__ import annotations

from typing import Any

import click

from dialerctl.asking import ask
from dialerctl.known_names import campaign_names
from dialerctl.lazy_group import Noun
from dialerctl.output import Column
from dialerctl.session import Session, output_options
from dialerd.control.protocol import MAX_LIST_ROWS, ExitCode

ENTRIES = (
    Column("number"),
    Column("campaign", "for campaign"),
    Column("source"),
    Column("call", kind="number"),
    Column("added_at", "since", "time"),
)
LISTS = (
    Column("list"),
    Column("data_date", "data of"),
    Column("age_days", "days old", "number"),
    Column("entries", kind="number"),
    Column("imported_at", "imported", "time"),
    Column("problem"),
)
CHECKED = (Column("number"), Column("listed"), Column("on"))
region_option = click.option("--region", metavar="CC", help="Country of numbers without +, like DE.")
campaign_option = click.option(
    "--campaign", metavar="NAME", shell_complete=campaign_names, help="For this campaign only; by default for all."
)


@click.group(cls=Noun)
def dnc() -> None:
    """Do-not-call: our own list, prefixes, and imported national lists."""


@dnc.command()
@click.argument("numbers", nargs=-1, metavar="NUMBER...")
@click.option("--prefix", "prefixes", multiple=True, metavar="+DIGITS", help="All numbers that begin so; repeatable.")
@campaign_option
@region_option
@click.option("--source", default="operator", show_default=True, metavar="TEXT", help="Who asked for it.")
@output_options
def add(
    session: Session, numbers: tuple[str, ...], prefixes: tuple[str, ...], region: str | None, **given: Any
) -> None:
    """Put numbers on our do-not-call list, at once and everywhere; due leads with them end.

    \b
    Examples:
      dialerctl dnc add +4930123450 --source "letter of 2026-11-20"
      dialerctl dnc add --prefix +4932 --campaign spring
    """
    if not numbers and not prefixes:
        raise click.UsageError("name at least one NUMBER or --prefix")
    values = session.call("dnc.add", numbers=_e164(numbers, region), prefixes=list(prefixes), **given)
    session.show_done(values, f"Do-not-call: {values.get('added')} added, {values.get('known')} known before.")


@dnc.command("import")
@click.argument("file", metavar="FILE")
@click.option("--list", "list_name", metavar="NAME", help="A national list like us-national; by default our own list.")
@click.option("--date", "data_date", metavar="YYYY-MM-DD", help="Date of the data (with --list).")
@region_option
@click.option("--dry-run", is_flag=True, help="Read and count, import nothing; needs no dialerd.")
@output_options
def import_list(session: Session, file: str, **given: Any) -> None:
    """Import a do-not-call list: one number a line, or CSV with a column headed `number` (or area code and number).

    Numbers are read as those of leads: without + they need --region. A national list counts once it is complete, and
    replaces the one imported before under the same name. Lines without a number are counted and told. `-` reads
    standard input.

    \b
    Examples:
      dialerctl dnc import 2026-11-20_areas.txt --list us-national --date 2026-11-20 --region US
      dialerctl dnc import optouts.csv --region DE
    """
    from dialerctl.importing.dnc_file import import_dnc

    import_dnc(session, file, **given)


@dnc.command()
@click.argument("numbers", nargs=-1, required=True, metavar="NUMBER...")
@region_option
@output_options
def check(session: Session, numbers: tuple[str, ...], region: str | None) -> None:
    """Say on which lists numbers are. Exit status 1 when one of them is on any.

    Whether an imported list binds a campaign is its rule set's word: dialerctl lead explain.

    \b
    Examples:
      dialerctl dnc check +4930123450
      dialerctl dnc check 030123450 --region DE -o json
    """
    rows = session.call("dnc.check", numbers=_e164(numbers, region))
    shown = rows if session.form == "json" else [{**row, "on": "; ".join(row["on"])} for row in rows]
    session.show_list("numbers", shown, CHECKED, "")
    if any(row["listed"] for row in rows):
        click.get_current_context().exit(ExitCode.FAILED)


@dnc.command("list")
@campaign_option
@click.option("--limit", type=click.IntRange(1, MAX_LIST_ROWS), default=100, show_default=True, help="Most rows.")
@click.option("--offset", type=click.IntRange(min=0), default=0, help="Rows to skip.")
@output_options
def list_entries(session: Session, campaign: str | None, limit: int, offset: int) -> None:
    """List our own entries, newest first.

    \b
    Examples:
      dialerctl dnc list
      dialerctl dnc list --campaign spring --limit 20 -o csv
    """
    rows = session.call("dnc.list", campaign=campaign, limit=limit, offset=offset or None)
    session.show_list("entries", rows, ENTRIES, "No entries.")


@dnc.command()
@output_options
def lists(session: Session) -> None:
    """List the imported lists with their age, and those that a campaign's rule set wants and lacks.

    Exit status 1 when one is missing or too old.

    \b
    Example:
      dialerctl dnc lists
    """
    rows = session.call("dnc.lists")
    session.show_list("lists", rows, LISTS, "No lists are imported, and no campaign needs one.")
    if any(row.get("problem") for row in rows):
        click.get_current_context().exit(ExitCode.FAILED)


@dnc.command()
@click.argument("numbers", nargs=-1, metavar="NUMBER...")
@click.option("--prefix", "prefixes", multiple=True, metavar="+DIGITS", help="A prefix; repeatable.")
@click.option("--list", "list_name", metavar="NAME", help="A whole imported list.")
@campaign_option
@region_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@output_options
def remove(
    session: Session, numbers: tuple[str, ...], prefixes: tuple[str, ...], list_name: str | None,
    campaign: str | None, region: str | None, yes: bool,
) -> None:  # fmt: skip
    """Take numbers or prefixes off our list, or remove an imported list. Leads that have ended stay ended.

    \b
    Examples:
      dialerctl dnc remove +4930123450 --yes
      dialerctl dnc remove --list us-national --yes
    """
    if not numbers and not prefixes and not list_name:
        raise click.UsageError("name at least one NUMBER, --prefix or --list")
    what = f"list {list_name}" if list_name else ", ".join((*numbers, *prefixes))
    ask(yes, f"May {what} be called again?")
    if list_name:
        values = session.call("dnc.remove_list", list=list_name)
        session.show_done(values, f"List {list_name} is removed.")
    if numbers or prefixes:
        wanted = [*_e164(numbers, region), *(f"{prefix}…" for prefix in prefixes)]
        values = session.call("dnc.remove", numbers=wanted, campaign=campaign)
        session.show_done(values, f"Do-not-call: {values.get('removed')} entries removed.")


def _e164(numbers: tuple[str, ...], region: str | None) -> list[str]:
    """Numbers as they are stored; a usage error names the one that is none."""
    from dialerctl.importing.numbers import NumberError, e164, parse

    found = []
    for number in numbers:
        try:
            found.append(e164(parse(number, region)))
        except NumberError as error:
            raise click.UsageError(str(error)) from None
    return found
