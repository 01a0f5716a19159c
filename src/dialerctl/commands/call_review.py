"""Owns `dialerctl call review`: one word on one call, or the queue of machine calls to listen to. Counts nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from dialerctl.failure import Failure
from dialerctl.known_names import campaign_names
from dialerctl.moments import Moment
from dialerctl.output import Column, local_time, show_value
from dialerctl.session import Session, output_options
from dialerctl.terminal import is_terminal
from dialerd.control.protocol import MAX_LIST_ROWS

QUEUE = (
    Column("call", kind="number"),
    Column("at", "started", "time"),
    Column("campaign"),
    Column("amd_cause", "AMD said"),
    Column("file", whole=True),
)
PLAYERS = (("play", "-q"), ("aplay", "-q"), ("ffplay", "-v", "error", "-nodisp", "-autoexit"))
ANSWERS = {"p": "person", "m": "machine"}


@click.command()
@click.argument("call_id", metavar="[CALL]", required=False)
@click.option("--person", "heard", flag_value="person", help="A person was on the line.")
@click.option("--machine", "heard", flag_value="machine", help="A machine was on the line.")
@click.option("--note", metavar="TEXT", help="What else is to be said; kept with the review.")
@click.option("--campaign", metavar="NAME", shell_complete=campaign_names, help="Queue: only this campaign's calls.")
@click.option("--since", type=Moment(), metavar="WHEN", help="Queue: started at or after (today, 7d, 2026-11-30).")
@click.option("--until", type=Moment(end_of_day=True), metavar="WHEN", help="Queue: started before then.")
@click.option(
    "--limit", type=click.IntRange(1, MAX_LIST_ROWS), default=20, show_default=True, help="Queue: most calls."
)
@click.option("--play", is_flag=True, help="Queue: play each sample here and ask who it was.")
@output_options
def review(
    session: Session, call_id: str | None, heard: str | None, note: str | None, play: bool, **queue: Any
) -> None:
    """Say who was on the line of a call that AMD judged; without CALL, list the machine calls to listen to.

    The list holds calls that AMD took for machines, of which a sample was recorded (campaign setting amd_sample) and to
    which nobody has listened, in a fair random order: reviews from its top give an estimate that holds for all of them
    (dialerctl amd report). With --play, at a terminal, each is played and you are asked. The last word on a call
    counts; earlier ones stay in the audit log. Agents may review the calls they had.

    \b
    Examples:
      dialerctl call review 4711 --person --note "said hello three times"
      dialerctl call review --campaign spring --since 7d
    """
    if call_id is not None:
        _one(session, call_id, heard, note, play, queue)
        return
    if heard or note:
        raise click.UsageError("--person, --machine and --note go with a CALL: dialerctl call review 4711 --person")
    player = _player() if play else ()
    answer = session.call("amd.queue", **queue)
    if play:
        _listen(session, answer, player)
        return
    calls = answer["calls"]
    if session.form == "json":
        session.show_object(answer, "")
        return
    session.show_list("calls", calls, QUEUE, _empty(queue.get("campaign")))
    if calls and session.form == "table" and not session.target:
        if len(calls) < answer["waiting"]:
            session.say(f"({len(calls)} of {answer['waiting']} shown; more with --limit)")
        unseen = sum(1 for row in calls if not row["seen"])
        if unseen:
            session.say(
                f"({unseen} of these files are not found on dialerd's machine: listen where Asterisk keeps them)"
            )


def _one(
    session: Session, call_id: str, heard: str | None, note: str | None, play: bool, queue: Mapping[str, Any]
) -> None:
    from dialerctl.commands.call import call_number

    if play or queue.get("campaign") or queue.get("since") or queue.get("until"):
        raise click.UsageError("--play, --campaign, --since and --until are for the queue: leave CALL away")
    if heard is None:
        raise click.UsageError(f"say who was on the line of call {call_id}: --person or --machine")
    values = session.call("call.review", call=call_number(call_id), heard=heard, note=note)
    session.show_done(values, _told(values))


def _told(values: Mapping[str, Any]) -> str:
    before = values.get("before") or {}
    earlier = f"; before: {before['heard']} ({before['reviewed_by']})" if before else ""
    said = show_value(values.get("amd_cause") or values.get("amd_status") or "nothing")
    return f"Call {values['call']}: {values['heard']} (AMD said {said}){earlier}."


def _empty(campaign: str | None) -> str:
    name = campaign or "NAME"
    return (
        "No machine call waits for a review. Samples are recorded where amd_sample is above 0: "
        f"dialerctl campaign edit {name} --amd-sample PERCENT"
    )


def _player() -> Sequence[str]:
    """The first player that is installed; a usage error where nobody is there to listen and answer."""
    if not (is_terminal(sys.stdin) and is_terminal(sys.stdout)):
        raise click.UsageError("--play asks questions, and this is no terminal: list the files without it")
    for program, *options in PLAYERS:
        if shutil.which(program):
            return (program, *options)
    names = ", ".join(program for program, *_ in PLAYERS)
    raise Failure(
        f"none of {names} is installed, so nothing can be played: install sox, or list the files without --play"
    )


def _listen(session: Session, answer: Mapping[str, Any], player: Sequence[str]) -> None:
    """Play one sample after the other and send what the listener says of it."""
    calls: Sequence[Mapping[str, Any]] = answer["calls"]
    if not calls:
        session.say(_empty(None))
    counts = {"person": 0, "machine": 0}
    for number, row in enumerate(calls, 1):
        heard = _heard(row, f"{number}/{len(calls)}", player)
        if heard is None:
            break
        if heard:
            session.call("call.review", call=row["call"], heard=heard)
            counts[heard] += 1
    if calls:
        click.echo(
            f"{counts['person']} persons, {counts['machine']} machines heard; {answer['waiting']} waited before."
        )


def _heard(row: Mapping[str, Any], place: str, player: Sequence[str]) -> str | None:
    """What the listener says of one call: person, machine, nothing (skipped), or None to stop."""
    line = f"{place}  call {row['call']}  {local_time(row['at'])}  AMD said {show_value(row['amd_cause'])}"
    if not Path(row["file"]).is_file():
        click.echo(f"{line}: {row['file']} is not on this machine, skipped")
        return ""
    click.echo(line)
    while True:
        subprocess.run([*player, row["file"]], check=False, stdin=subprocess.DEVNULL)
        answer = click.prompt("person, machine, again, skip, quit", type=click.Choice(["p", "m", "a", "s", "q"]))
        if answer == "q":
            return None
        if answer != "a":
            return ANSWERS.get(answer, "")
