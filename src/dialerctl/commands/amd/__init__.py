"""Owns `dialerctl amd …`. Must not know how AMD decides, nor how figures are counted: dialerd does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from dialerctl.commands.amd.tune_command import presets, tune
from dialerctl.failure import Failure
from dialerctl.known_names import campaign_names
from dialerctl.lazy_group import Noun
from dialerctl.moments import Moment
from dialerctl.output import Column, screen_limit
from dialerctl.session import Session, output_options
from dialerd.control.protocol import MAX_LIST_ROWS, ExitCode

SAID = ("human", "machine", "unsure", "hangup", "none")
GOT = ("machine", "agent", "nobody")
HEARD = ("person", "machine", "unknown")
REPORT_TIMEOUT_S = 60.0
SAMPLES = (
    Column("attempt_id", "call", "number"),
    Column("at", "started", "time"),
    Column("heard"),
    Column("told_by", "told by"),
    Column("amd_cause", "AMD said"),
    Column("parameters", whole=True),
    Column("file", whole=True),
)


def _period(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --since and --until."""
    for option in (
        click.option("--until", type=Moment(end_of_day=True), metavar="WHEN", help="Calls that began before then."),
        click.option(
            "--since", type=Moment(), metavar="WHEN", help="Calls that began at or after: 7d, today, 2026-11-30."
        ),
    ):
        command = option(command)
    return command


@click.group(cls=Noun)
def amd() -> None:
    """Answering-machine detection: what it did to people and machines."""


@amd.command()
@click.argument("name", shell_complete=campaign_names)
@_period
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
        session.say(f"(not shown, as dialerd does not find their files: {answer['unseen']})")
    if offset + limit < answer["total"]:
        session.say(f"(at most {limit} shown; more with --offset {offset + limit})")


@amd.command()
@click.argument("name", shell_complete=campaign_names)
@_period
@click.option(
    "--by", type=click.Choice(["parameters", "trunk", "hour"]), help="The same figures for each of them, too."
)
@click.option("--calls", is_flag=True, help="List the calls behind the figures instead.")
@click.option("--said", type=click.Choice(SAID), help="With --calls: what AMD said.")
@click.option("--got", type=click.Choice(GOT), help="With --calls: how the call was treated.")
@click.option("--heard", type=click.Choice(HEARD), help="With --calls: who was on the line.")
@click.option("--key", metavar="KEY", help="With --calls and --by: of this part only.")
@click.option("--limit", type=click.IntRange(1, MAX_LIST_ROWS), help="With --calls: most rows.  [default: 100]")
@click.option("--offset", type=click.IntRange(min=0), help="With --calls: rows to skip.")
@click.option("--apply-estimate", is_flag=True, help="Set the campaign's amd_false_positive_rate to what was heard.")
@output_options
def report(
    session: Session,
    name: str,
    since: str | None,
    until: str | None,
    by: str | None,
    calls: bool,
    apply_estimate: bool,
    **cell: Any,
) -> None:
    """Show what answering-machine detection did: people lost, machines that reached agents, how long it took.

    Who was on the line is known from agents' dispositions and from reviews (dialerctl call review); what was heard on a
    fair sample of the machine calls is weighed up to all of them. Each share has its 95 % interval. Only finished calls
    count.

    \b
    Examples:
      dialerctl amd report spring --since 30d
      dialerctl amd report spring --by trunk
      dialerctl amd report spring --calls --said machine --heard person
    """
    from dialerctl.amd_screen import CALLS, flat, report_text

    asked = {"name": name, "since": since, "until": until, "by": by}
    if not calls and any(value is not None for value in cell.values()):
        raise click.UsageError("--said, --got, --heard, --key, --limit and --offset go with --calls")
    if cell["key"] is not None and by is None:
        raise click.UsageError("--key goes with --by")
    if calls and apply_estimate:
        raise click.UsageError("--apply-estimate goes without --calls")
    if calls:
        answer = _patiently(session, "amd.calls", {**asked, **cell})
        if session.form == "json":
            session.show_object(answer, "")
            return
        session.show_list("calls", answer["calls"], CALLS, "No such calls.")
        if session.form == "table" and len(answer["calls"]) < answer["total"]:
            session.say(f"({len(answer['calls'])} of {answer['total']} shown; more with --limit and --offset)")
        return
    values = _patiently(session, "amd.report", asked)
    if apply_estimate:
        _apply(session, values)
    elif session.form == "csv":
        session.show_list("rows", flat(values), (Column("said"),), "No judged calls.")
    else:
        session.show_object(values, report_text(values, session.colour, limit=screen_limit(session.target)))


def _apply(session: Session, values: Mapping[str, Any]) -> None:
    found, name = values["estimate"], values["campaign"]
    if not found["enough"]:
        raise Failure(
            f"too little was heard for an estimate: {found['heard']} of {found['of']} machine calls, "
            f"{found['wanted']} are wanted (dialerctl call review --campaign {name})",
            ExitCode.CONFLICT,
        )
    rate = found["amd_false_positive_rate"]
    session.call("campaign.edit", name=name, changes={"amd_false_positive_rate": rate})
    session.show_done(
        {"campaign": name, **found, "before": values["amd_false_positive_rate"]},
        f"Campaign {name}: amd_false_positive_rate is {rate:g} (before: {values['amd_false_positive_rate']:g}), from "
        f"{found['heard']} of {found['of']} machine calls heard.",
    )


def _patiently(session: Session, method: str, params: Mapping[str, Any]) -> Any:
    """Months of calls take a while to count."""
    wanted = {key: value for key, value in params.items() if value is not None}
    return session.client().call(method, wanted, timeout_s=max(REPORT_TIMEOUT_S, session.timeout_s))


amd.add_command(tune)
amd.add_command(presets)
