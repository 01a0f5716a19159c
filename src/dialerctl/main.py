"""Owns the top of the command tree. Must not import any command at start-up: `dialerctl --help` stays light."""

from __future__ import annotations

import click

from dialerctl.lazy_group import LazyGroup
from dialerctl.numbers_list import NumberRange
from dialerctl.session import Session

NOUNS = {
    "status": ("dialerctl.commands.status", "status", "What runs, what is up, why a campaign does not dial."),
    "campaign": ("dialerctl.commands.campaign", "campaign", "Add, edit, start, pause and stop campaigns."),
    "pacing": ("dialerctl.commands.pacing", "pacing", "What pacing decided, what limited it, was the forecast right."),
    "lead": ("dialerctl.commands.lead", "lead", "Import, add, edit, explain and export leads."),
    "list": ("dialerctl.commands.list", "lead_list", "Lead lists: pause, weigh, recycle, remove."),
    "retry": ("dialerctl.commands.retry", "retry", "When a lead is tried again after each outcome."),
    "callback": ("dialerctl.commands.callback", "callback", "Appointments: list, make, cancel."),
    "dnc": ("dialerctl.commands.dnc", "dnc", "Do-not-call: add, import, check, remove."),
    "agent": ("dialerctl.commands.agent", "agent", "Add agents; log in, pause, dispose."),
    "call": ("dialerctl.commands.call", "call", "List, show, hang up, export, review calls; place a test call."),
    "amd": ("dialerctl.commands.amd", "amd", "Answering-machine detection: what it did to people and machines."),
    "audio": ("dialerctl.commands.audio", "audio", "Voice files: add, list, check, remove."),
    "disposition": ("dialerctl.commands.disposition", "disposition", "The codes a call can end with."),
    "simulate": ("dialerctl.commands.simulate", "simulate", "What if: modes, targets, team sizes, in virtual time."),
    "rules": ("dialerctl.commands.rules", "rules", "Rule sets: the law that campaigns keep, with sources."),
    "config": ("dialerctl.commands.config", "config", "Check and show dialerd's configuration."),
    "version": ("dialerctl.commands.version", "version", "Versions of dialerctl, dialerd and Asterisk."),
    "completion": ("dialerctl.commands.completion", "completion", "Tab completion for bash, zsh, fish."),
}


def _print_version(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if not value or context.resilient_parsing:
        return
    from dialerctl.commands.version import own_version

    click.echo(f"dialerctl {own_version()}")
    context.exit()


@click.group(
    cls=LazyGroup,
    lazy=NOUNS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 done, 1 failed, 2 wrong usage, 3 dialerd not running, 4 no permission, 5 no such object, "
    "6 not possible in this state, 75 try again later, 78 configuration invalid, 130 interrupted.",
)
@click.option("--socket", metavar="PATH", help="dialerd's socket (else $DIALERCTL_SOCKET, else the default).")
@click.option("--no-color", is_flag=True, help="No colour (also: NO_COLOR=1).")
@click.option(
    "--timeout", type=NumberRange(min=0.1), default=10.0, metavar="SECONDS", show_default=True,
    help="How long to wait for an answer.",
)  # fmt: skip
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version,
    help="Print dialerctl's version.",
)  # fmt: skip
@click.pass_context
def cli(context: click.Context, socket: str | None, no_color: bool, timeout: float) -> None:
    """Control dialerd, the outbound dialer for Asterisk.

    \b
    Examples:
      dialerctl status
      dialerctl campaign start spring
      dialerctl lead import customers.csv --campaign spring
    """
    context.obj = Session(socket=socket, no_color=no_color, timeout_s=timeout)


def main() -> None:
    """Entry point: run and exit with the documented status."""
    cli(prog_name="dialerctl")


if __name__ == "__main__":
    main()
