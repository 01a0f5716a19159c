"""Owns `dialerctl status`: one screen, and its exit status. How the screen looks is in status_screen.py."""

from __future__ import annotations

import sys
import time
from typing import Any

import click

from dialerctl.failure import Failure
from dialerctl.numbers_list import NumberRange
from dialerctl.session import Session, output_options
from dialerctl.status_screen import screen
from dialerctl.terminal import is_terminal
from dialerd.control.protocol import ExitCode

CLEAR = "\x1b[H\x1b[2J"


@click.command()
@click.option(
    "--watch", "watch_s", is_flag=False, flag_value=2.0, type=NumberRange(min=0.2), metavar="[SECONDS]",
    help="Show it again every SECONDS (2 if not given); with -o json one object a line.",
)  # fmt: skip
@click.option("--times", type=click.IntRange(min=1), metavar="N", help="With --watch: stop after N pictures.")
@output_options
def status(session: Session, watch_s: float | None, times: int | None) -> None:
    """Show what runs, what is up, and per campaign why it is or is not dialling.

    The last line is the next step. Exit status 0 means healthy, 1 that something needs you, 3 not running.

    \b
    Examples:
      dialerctl status
      dialerctl status --watch
      dialerctl status --watch 5 -o json
    """
    if watch_s is None:
        values = session.call("status")
        _show(session, values)
        _exit(values)
    if session.target:
        raise click.UsageError("--watch and --to do not go together")
    _watch(session, float(watch_s or 2.0), times)


def _show(session: Session, values: dict[str, Any]) -> None:
    session.show_object(values, "" if session.form != "table" else screen(values, colour=session.colour))


def _exit(values: dict[str, Any]) -> None:
    click.get_current_context().exit(ExitCode.OK if values.get("healthy") else ExitCode.FAILED)


def _watch(session: Session, every_s: float, times: int | None) -> None:
    """Draw until Ctrl-C or `times`; a daemon that restarts meanwhile is waited for, not fled from."""
    redraw = session.form == "table" and is_terminal(sys.stdout)
    drawn = 0
    while True:
        values: dict[str, Any] | None = None
        failure: Failure | None = None
        try:
            values = session.call("status")
        except Failure as error:
            session.close()
            failure = error
            if drawn == 0:
                raise
        if redraw:
            click.echo(CLEAR, nl=False, color=True)
        elif drawn and session.form == "table":
            click.echo()
        if values is not None:
            _show(session, values)
        elif failure is not None:
            failure.show()
        drawn += 1
        if times is not None and drawn >= times:
            if failure is not None:
                click.get_current_context().exit(failure.exit_code)
            _exit(values or {})
        time.sleep(every_s)
