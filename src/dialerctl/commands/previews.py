"""Owns `dialerctl agent preview|accept|skip`. Must not know when a lead is shown: dialerd says so."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import click

from dialerctl.failure import Failure
from dialerctl.known_names import agent_names
from dialerctl.numbers_list import NumberRange
from dialerctl.output import pairs, show_value
from dialerctl.session import Session, output_options
from dialerd.control.protocol import ExitCode

POLL_S = 0.2
SHOWN = (
    ("number", "text"),
    ("name", "text"),
    ("campaign", "text"),
    ("list", "text"),
    ("zones", "text"),
    ("call_count", "number"),
    ("last_attempt_at", "time"),
    ("history", "text"),
    ("seconds_left", "duration"),
)


@click.command()
@click.argument("name", shell_complete=agent_names)
@click.option(
    "--wait", "wait_s", type=NumberRange(min=0), metavar="SECONDS",
    help="Wait until a lead is shown; exit 75 if none is by then.",
)  # fmt: skip
@output_options
def preview(session: Session, name: str, wait_s: float | None) -> None:
    """Show the lead that the agent is shown now: whom to call, what is known, earlier calls.

    \b
    Examples:
      dialerctl agent preview 1001
      dialerctl agent preview 1001 --wait 30 --json
    """
    deadline = time.monotonic() + (wait_s or 0)
    values = session.call("agent.preview", name=name)
    while wait_s is not None and values.get("lead_id") is None:
        if time.monotonic() >= deadline:
            raise Failure(f"no lead is shown to agent {name} after {wait_s:g} s", ExitCode.TEMPORARY)
        time.sleep(POLL_S)
        values = session.call("agent.preview", name=name)
    if values.get("notice"):
        session.say(str(values["notice"]))
    session.show_object(values, _text(session, name, values))


def _text(session: Session, name: str, values: Mapping[str, Any]) -> str:
    if values.get("lead_id") is None:
        return f"No lead is shown to agent {name} now ({show_value(values.get('state')).replace('_', ' ')})."
    entries = [("lead", show_value(values["lead_id"]))]
    entries += [(key.replace("_", " "), show_value(values.get(key), kind)) for key, kind in SHOWN if key in values]
    entries += [
        (f"skipped by {show_value(skip.get('agent'))}", show_value(skip.get("reason")))
        for skip in (values.get("skips") or [])[:3]
    ]
    entries += [(show_value(key), show_value(value)) for key, value in (values.get("attributes") or {}).items()]
    if values.get("accepted"):
        entries = [(key, "accepted, to be called" if key == "seconds left" else value) for key, value in entries]
    return pairs(entries, colour=session.colour)


@click.command()
@click.argument("name", shell_complete=agent_names)
@output_options
def accept(session: Session, name: str) -> None:
    """Call the lead that the agent is shown; whoever answers meets this agent and nobody else.

    \b
    Example:
      dialerctl agent accept 1001
    """
    values = session.call("agent.accept", name=name)
    if values.get("call") is not None:
        sentence = f"Agent {name}: call {values['call']} is on its way."
    elif values.get("state") == "reserved":
        sentence = f"Agent {name}: the call waits for the agent's phone or a free line."
    else:
        sentence = f"Agent {name}: the call is over already; now {show_value(values.get('state')).replace('_', ' ')}."
    session.show_done(values, sentence)


@click.command()
@click.argument("name", shell_complete=agent_names)
@click.option("--reason", metavar="TEXT", help="Why, for the log of skipped leads.")
@output_options
def skip(session: Session, name: str, reason: str | None) -> None:
    """Do not call the lead that the agent is shown: it comes back later, for anybody.

    When: after the retry rule for `skipped` (dialerctl retry set), else after the campaign's retry_delay.

    \b
    Examples:
      dialerctl agent skip 1001
      dialerctl agent skip 1001 --reason "spoke to her yesterday"
    """
    values = session.call("agent.skip", name=name, reason=reason)
    session.show_done(values, f"Agent {name}: lead {values.get('lead_id')} skipped.")
