"""Owns `dialerctl amd …`. Must not know how AMD decides, nor how figures are counted: dialerd does."""

from __future__ import annotations

import click

from dialerctl.known_names import campaign_names
from dialerctl.lazy_group import Noun
from dialerctl.moments import Moment
from dialerctl.output import Column
from dialerctl.session import Session, output_options
from dialerd.control.protocol import MAX_LIST_ROWS

SAMPLES = (
    Column("attempt_id", "call", "number"),
    Column("at", "started", "time"),
    Column("heard"),
    Column("told_by", "told by"),
    Column("amd_cause", "AMD said"),
    Column("parameters", whole=True),
    Column("file", whole=True),
)


@click.group(cls=Noun)
def amd() -> None:
    """Answering-machine detection: what it did to people and machines."""


@amd.command()
@click.argument("name", shell_complete=campaign_names)
@click.option("--since", type=Moment(), metavar="WHEN", help="Calls that began at or after: 7d, today, 2026-11-30.")
@click.option("--until", type=Moment(end_of_day=True), metavar="WHEN", help="Calls that began before then.")
@click.option("--limit", type=click.IntRange(1, MAX_LIST_ROWS), default=1000, show_default=True, help="Most rows.")
@click.option("--offset", type=click.IntRange(min=0), default=0, help="Rows to skip.")
@output_options
def samples(session: Session, name: str, since: str | None, until: str | None, limit: int, offset: int) -> None:
    """List the recorded samples of a campaign whose calls are known to be of a person or a machine, oldest first.

    \b
    Examples:
      dialerctl amd samples spring --since 30d
      dialerctl amd samples spring -o csv --to samples.csv
    """
    answer = session.call("amd.samples", name=name, since=since, until=until, limit=limit, offset=offset or None)
    rows = answer["samples"]
    if session.form == "json":
        session.show_object(answer, "")
    else:
        session.show_list("samples", rows, SAMPLES, "No labelled samples: dialerctl call review --campaign " + name)
    if answer["unseen"]:
        session.say(f"({answer['unseen']} more samples have files that are not found on dialerd's machine)")
    if offset + limit < answer["total"]:
        session.say(f"(at most {limit} shown; more with --offset {offset + limit})")
