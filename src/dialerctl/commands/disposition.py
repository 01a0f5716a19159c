"""Owns `dialerctl disposition …`. Must not know what a disposition does to a lead (dialerd's core does)."""

from __future__ import annotations

import click

from dialerctl.lazy_group import Noun
from dialerctl.output import Column
from dialerctl.session import Session, output_options

LIST = (
    Column("code"),
    Column("label"),
    Column("is_system", "system"),
    Column("is_contact", "contact"),
    Column("is_sale", "sale"),
    Column("is_callback", "callback"),
    Column("is_dnc", "do not call"),
    Column("retry"),
)


@click.group(cls=Noun)
def disposition() -> None:
    """Dispositions: the codes a call can end with."""


@disposition.command("list")
@output_options
def list_dispositions(session: Session) -> None:
    """List the dispositions and what each means.

    Agents give those that are not the system's, and `machine`: a machine that reached an agent is no live answer.

    \b
    Examples:
      dialerctl disposition list
      dialerctl disposition list -o json
    """
    session.show_list("dispositions", session.call("disposition.list"), LIST, "No dispositions are defined.")
