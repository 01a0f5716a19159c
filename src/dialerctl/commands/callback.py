"""Owns `dialerctl callback …`. Must not know how a lead is chosen (dialerd's store does)."""

from __future__ import annotations

import click

from dialerctl.known_names import agent_names, campaign_names
from dialerctl.lazy_group import Noun
from dialerctl.moments import Moment
from dialerctl.output import Column, local_time
from dialerctl.session import Session, output_options
from dialerd.control.protocol import MAX_LIST_ROWS

LIST = (
    Column("id", "callback", "number"),
    Column("due_at", "due", "time"),
    Column("overdue"),
    Column("agent"),
    Column("number"),
    Column("name"),
    Column("campaign"),
    Column("state", kind="state"),
    Column("note"),
)
STATES = ("pending", "done", "cancelled", "all")


@click.group(cls=Noun)
def callback() -> None:
    """Callbacks: people who are to be called at a time of their own, by anyone or by one agent."""


@callback.command("list")
@click.option("--campaign", metavar="NAME", shell_complete=campaign_names, help="Only this campaign's.")
@click.option("--agent", metavar="NAME", shell_complete=agent_names, help="Only those this agent has promised.")
@click.option("--state", type=click.Choice(STATES), default="pending", show_default=True, help="Which ones.")
@click.option("--limit", type=click.IntRange(1, MAX_LIST_ROWS), default=100, show_default=True, help="Most rows.")
@click.option("--offset", type=click.IntRange(min=0), default=0, help="Rows to skip.")
@output_options
def list_callbacks(
    session: Session, campaign: str | None, agent: str | None, state: str, limit: int, offset: int
) -> None:
    """List callbacks by time; those whose time has passed are marked.

    \b
    Examples:
      dialerctl callback list --campaign spring
      dialerctl callback list --agent 1001 --state all -o json
    """
    wanted = "" if state == "all" else state
    rows = session.call(
        "callback.list", campaign=campaign, agent=agent, state=wanted, limit=limit, offset=offset or None
    )
    session.show_list("callbacks", rows, LIST, "No such callbacks.")


@callback.command()
@click.argument("lead", metavar="LEAD")
@click.argument("when", type=Moment(ahead=True), metavar="WHEN")
@click.option("--agent", metavar="NAME", shell_complete=agent_names, help="Only this agent; by default anyone.")
@click.option("--note", metavar="TEXT", help="What the person wants.")
@output_options
def add(session: Session, lead: str, when: str, agent: str | None, note: str | None) -> None:
    """Call a lead (id or number) back at a time: '2026-11-30 14:00', 14:00, or 2h from now.

    It takes the place of a callback that is pending. Calling hours and all other rules hold for it, too.

    \b
    Examples:
      dialerctl callback add 17 "2026-11-30 14:00"
      dialerctl callback add +4930123450 2h --agent 1001 --note "ask for Ada"
    """
    values = session.call("callback.add", lead=lead, due_at=when, agent=agent, note=note)
    whose = f" by {agent}" if agent else ""
    session.show_done(values, f"Callback {values.get('id')}: lead {lead}{whose}, {local_time(values.get('due_at'))}.")


@callback.command()
@click.argument("callback_id", type=click.IntRange(min=1), metavar="CALLBACK")
@output_options
def cancel(session: Session, callback_id: int) -> None:
    """Cancel a callback: its lead is tried again like any other, after the campaign's retry_delay.

    \b
    Example:
      dialerctl callback cancel 12
    """
    values = session.call("callback.cancel", callback=callback_id)
    session.show_done(values, f"Callback {callback_id} is cancelled.")
