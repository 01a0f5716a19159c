"""Owns `dialerctl list …`. Must not know how leads are chosen from lists (dialerd's store does)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from dialerctl import output
from dialerctl.asking import ask
from dialerctl.known_names import campaign_names
from dialerctl.lazy_group import Noun
from dialerctl.output import Column, show_value
from dialerctl.session import Session, output_options

LIST = (
    Column("list"),
    Column("campaign"),
    Column("active"),
    Column("weight", kind="number"),
    Column("leads", kind="number"),
    Column("due", kind="number"),
    Column("waiting", kind="number"),
    Column("claimed", kind="number"),
    Column("finished", kind="number"),
    Column("created_at", "since", "time"),
)
FINAL = ("completed", "exhausted", "invalid", "dnc")
of_campaign = click.option(
    "--campaign", required=True, metavar="NAME", shell_complete=campaign_names, help="The campaign of the list."
)


@click.group("list", cls=Noun)
def lead_list() -> None:
    """Lead lists of campaigns."""


@lead_list.command("list")
@click.option("--campaign", metavar="NAME", shell_complete=campaign_names, help="Only this campaign's lists.")
@output_options
def list_lists(session: Session, campaign: str | None) -> None:
    """List lead lists with their counts.

    \b
    Examples:
      dialerctl list list
      dialerctl list list --campaign spring -o json
    """
    rows = session.call("list.list", campaign=campaign)
    session.show_list("lists", rows, LIST, "No lists. Next: dialerctl lead import FILE --campaign NAME")


@lead_list.command()
@click.argument("name")
@of_campaign
@output_options
def show(session: Session, name: str, campaign: str) -> None:
    """Show a list: its leads by state, its calls by disposition.

    \b
    Example:
      dialerctl list show customers --campaign spring
    """
    values = session.call("list.show", campaign=campaign, list=name)
    entries = [
        (key, show_value(value, "time" if key.endswith("_at") else "text"))
        for key, value in values.items()
        if not isinstance(value, dict)
    ]
    for key in ("states", "dispositions"):
        entries += [(f"{key[:-1]} {name}", str(count)) for name, count in sorted((values.get(key) or {}).items())]
    session.show_object(values, output.pairs(entries, colour=session.colour))


def _switch(verb: str, active: bool, help_text: str) -> None:
    @click.argument("name")
    @of_campaign
    @output_options
    def switch(session: Session, name: str, campaign: str) -> None:
        values = session.call("list.edit", campaign=campaign, list=name, changes={"active": active})
        session.show_done(values, f"List {name} of campaign {campaign} is {'dialled from' if active else 'paused'}.")

    lead_list.command(verb, help=help_text)(switch)


_switch(
    "pause",
    False,
    """Pause a list: nothing is dialled from it any more; calls in progress go on.

    \b
    Example:
      dialerctl list pause customers --campaign spring
    """,
)
_switch(
    "resume",
    True,
    """Dial from a paused list again.

    \b
    Example:
      dialerctl list resume customers --campaign spring
    """,
)


@lead_list.command()
@click.argument("name")
@of_campaign
@click.option("--weight", type=click.IntRange(1, 1000), metavar="1-1000", help="Share of the calls among the lists.")
@click.option("--rename", metavar="NAME", help="New name.")
@output_options
def edit(session: Session, name: str, campaign: str, weight: int | None, rename: str | None) -> None:
    """Change a list's weight or name. Lists with weights 3 and 1 get three calls and one in turn.

    \b
    Example:
      dialerctl list edit customers --campaign spring --weight 3
    """
    changes = {key: value for key, value in (("weight", weight), ("name", rename)) if value is not None}
    if not changes:
        raise click.UsageError("name at least one setting to change: --weight or --rename")
    values = session.call("list.edit", campaign=campaign, list=name, changes=changes)
    told = ", ".join(f"{key} = {value}" for key, value in changes.items())
    session.show_done(values, f"List {name} of campaign {campaign}: {told}")


def _confirmed(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--yes", is_flag=True, help="Do not ask.")(command)


@lead_list.command()
@click.argument("name")
@of_campaign
@click.option(
    "--state", "states", multiple=True, type=click.Choice(FINAL), default=("exhausted",), show_default=True,
    help="Which finished leads; repeatable.",
)  # fmt: skip
@click.option("--disposition", "dispositions", multiple=True, metavar="CODE", help="… whose last call ended so.")
@_confirmed
@output_options
def recycle(
    session: Session, name: str, campaign: str, states: tuple[str, ...], dispositions: tuple[str, ...], yes: bool
) -> None:
    """Make finished leads due again, their attempts counted from zero. Records of calls stay, and so do all rules.

    \b
    Examples:
      dialerctl list recycle customers --campaign spring --yes
      dialerctl list recycle customers --campaign spring --state completed --disposition machine --yes
    """
    ask(yes, f"Make leads of list {name} ({', '.join(states)}) due again?")
    values = session.call(
        "list.recycle", campaign=campaign, list=name, states=list(states), dispositions=list(dispositions)
    )
    session.show_done(values, f"List {name} of campaign {campaign}: {values.get('recycled')} leads are due again.")


@lead_list.command()
@click.argument("name")
@of_campaign
@_confirmed
@output_options
def remove(session: Session, name: str, campaign: str, yes: bool) -> None:
    """Remove a list none of whose leads was ever called. Others can only be paused: their records must stay.

    \b
    Example:
      dialerctl list remove customers --campaign spring --yes
    """
    ask(yes, f"Remove list {name} of campaign {campaign} with its leads?")
    values = session.call("list.remove", campaign=campaign, list=name)
    session.show_done(values, f"List {name} of campaign {campaign} is removed.")
