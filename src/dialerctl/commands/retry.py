"""Owns `dialerctl retry …`. Must not know what a rule does to a lead (dialerd's core does)."""

from __future__ import annotations

from typing import Any

import click

from dialerctl.known_names import campaign_names, names_from
from dialerctl.lazy_group import Noun
from dialerctl.numbers_list import NumberRange
from dialerctl.output import Column
from dialerctl.session import Session, output_options

LIST = (
    Column("campaign"),
    Column("outcome"),
    Column("delay", kind="duration"),
    Column("growth", kind="number"),
    Column("max_delay", "longest", "duration"),
    Column("max_attempts", "at most", "number"),
    Column("next_number", "next number"),
    Column("stop"),
)
outcomes = names_from("disposition.list", "code")


@click.group(cls=Noun)
def retry() -> None:
    """Retry rules: when a lead is tried again after each outcome. Without a rule: the campaign's retry_delay."""


@retry.command("list")
@click.argument("campaign", required=False, shell_complete=campaign_names)
@output_options
def list_rules(session: Session, campaign: str | None) -> None:
    """List the retry rules of a campaign, or of all.

    \b
    Examples:
      dialerctl retry list spring
      dialerctl retry list -o json
    """
    rows = session.call("retry.list", campaign=campaign)
    session.show_list("rules", rows, LIST, "No retry rules: every outcome waits the campaign's retry_delay.")


@retry.command("set")
@click.argument("campaign", shell_complete=campaign_names)
@click.argument("outcome", shell_complete=outcomes)
@click.option("--delay", type=click.IntRange(min=0), metavar="SECONDS", help="Wait before the next attempt.")
@click.option("--growth", type=NumberRange(min=1), metavar="FACTOR", help="Each further wait is this much longer.")
@click.option("--max-delay", type=click.IntRange(min=0), metavar="SECONDS", help="Longest wait.")
@click.option(
    "--max-attempts", type=click.IntRange(min=0), metavar="N",
    help="Most attempts at one number with this outcome; then the next number, or the end. 0: no such limit.",
)  # fmt: skip
@click.option("--next-number/--same-number", default=None, help="Go on to the lead's next number.")
@click.option("--stop/--no-stop", default=None, help="Never try the lead again.")
@output_options
def set_rule(session: Session, campaign: str, outcome: str, **settings: Any) -> None:
    """Set what follows an outcome: a disposition's code, a status (busy, no_answer, machine, abandoned …) or skipped.

    \b
    Examples:
      dialerctl retry set spring busy --delay 300 --growth 2 --max-delay 3600 --max-attempts 4
      dialerctl retry set spring no_answer --delay 7200 --next-number
      dialerctl retry set spring not_interested --stop
    """
    given = {name: value for name, value in settings.items() if value is not None}
    if not given:
        raise click.UsageError("name at least one setting, like --delay 300 (see --help)")
    values = session.call("retry.set", campaign=campaign, outcome=outcome, settings=given)
    what = "the lead ends" if values.get("stop") else f"the next attempt after {values.get('delay')} s"
    session.show_done(values, f"Campaign {campaign}: after {outcome} {what}.")


@retry.command()
@click.argument("campaign", shell_complete=campaign_names)
@click.argument("outcome", shell_complete=outcomes)
@output_options
def remove(session: Session, campaign: str, outcome: str) -> None:
    """Remove the rule for an outcome: it follows the campaign's retry_delay again.

    \b
    Example:
      dialerctl retry remove spring busy
    """
    values = session.call("retry.remove", campaign=campaign, outcome=outcome)
    session.show_done(values, f"Campaign {campaign}: no rule for {outcome} any more.")
