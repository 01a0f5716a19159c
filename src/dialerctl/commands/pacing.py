"""Owns `dialerctl pacing …`. Must not know how a decision is made, nor how the screen looks (pacing_screen.py)."""

from __future__ import annotations

import sys

import click

from dialerctl.known_names import campaign_names
from dialerctl.lazy_group import Noun
from dialerctl.moments import Moment, Span
from dialerctl.output import Column, screen_limit
from dialerctl.session import Session, output_options
from dialerctl.terminal import knows_blocks

SCREEN_POINTS = 60
MOST_POINTS = 500


@click.group(cls=Noun)
def pacing() -> None:
    """Pacing: what was decided, what limited it, and whether the forecast was right."""


@pacing.command()
@click.argument("name", shell_complete=campaign_names)
@click.option("--last", type=Span(), help="How far back: 15m, 2h, 1d.  [default: 15m]")
@click.option("--since", type=Moment(), help="From when instead: today, 14:00, '2026-11-30 14:00'.")
@click.option("--until", type=Moment(end_of_day=True), help="Until when; by default now.")
@click.option(
    "--points", type=click.IntRange(1, MOST_POINTS), metavar="N",
    help=f"Most parts of the period; {SCREEN_POINTS} on the screen, {MOST_POINTS} for json and csv if not given.",
)  # fmt: skip
@output_options
def show(
    session: Session, name: str, last: float | None, since: str | None, until: str | None, points: int | None
) -> None:
    """Show how a campaign was paced: lines, dial ratio, occupancy, what limited it, forecast and what happened.

    Decisions are kept for 35 days in slots of ten seconds.

    \b
    Examples:
      dialerctl pacing show spring
      dialerctl pacing show spring --last 2h
      dialerctl pacing show spring --since 09:00 --until 12:00 --json
    """
    if last is not None and (since or until):
        raise click.UsageError("--last goes without --since and --until")
    from dialerctl.pacing_screen import COLUMNS, plotted, screen

    on_screen = screen_limit(session.target) if session.form == "table" else 0
    columns = min(COLUMNS, on_screen or COLUMNS)
    wanted = points or (SCREEN_POINTS if session.form == "table" else MOST_POINTS)
    wanted = min(wanted, plotted(columns)) if on_screen else wanted
    values = session.call("pacing.show", name=name, last=last, since=since, until=until, points=wanted)
    if session.form == "csv":
        session.show_list("points", values.get("points") or [], (Column("at"),), "")
        return
    text = ""
    if session.form == "table":
        text = screen(values, blocks=session.target is not None or knows_blocks(sys.stdout), columns=columns)
    session.show_object(values, text)
