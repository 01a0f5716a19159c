"""Owns `dialerctl agent …`. Must not know an agent's transition table: dialerd refuses what is not possible."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import click

from dialerctl.commands import previews
from dialerctl.failure import Failure
from dialerctl.known_names import agent_names, campaign_names, disposition_codes
from dialerctl.lazy_group import Noun
from dialerctl.moments import Moment
from dialerctl.numbers_list import NumberRange
from dialerctl.output import Column, local_time, show_value
from dialerctl.session import Session, output_options
from dialerd.control.protocol import ExitCode

LIST = (
    Column("name", "agent"),
    Column("full_name"),
    Column("state", kind="state"),
    Column("reason"),
    Column("since", kind="time"),
    Column("attempt_id", "call", "number"),
    Column("campaigns"),
    Column("leg_mode", "leg"),
    Column("endpoint"),
)
POLL_S = 0.2


@click.group(cls=Noun)
def agent() -> None:
    """Agents: who talks to the people that answer."""


for command in (previews.preview, previews.accept, previews.skip):
    agent.add_command(command)


@agent.command("list")
@output_options
def list_agents(session: Session) -> None:
    """List the agents with their live state.

    \b
    Examples:
      dialerctl agent list
      dialerctl agent list --json
    """
    session.show_list("agents", session.call("agent.list"), LIST, "No agents yet. Next: dialerctl agent add NAME")


@agent.command()
@click.argument("name")
@click.option("--full-name", metavar="TEXT", help="Name for lists and reports.")
@click.option("--endpoint", required=True, metavar="DIALSTRING", help="The agent's phone, like PJSIP/1001.")
@click.option(
    "--leg-mode", type=click.Choice(["nailed_up", "on_hook"]),
    help="One long call kept open (answers meet the agent at once), or a ring for each call.",
)  # fmt: skip
@click.option(
    "--campaign", "campaigns", multiple=True, metavar="NAME", shell_complete=campaign_names,
    help="Campaign the agent works in; repeat for several.",
)  # fmt: skip
@output_options
def add(session: Session, name: str, campaigns: tuple[str, ...], **given: str | None) -> None:
    """Add an agent.

    \b
    Examples:
      dialerctl agent add 1001 --endpoint PJSIP/1001 --campaign spring
      dialerctl agent add 1002 --endpoint PJSIP/1002 --full-name "Ada Bell" --leg-mode on_hook --campaign spring
    """
    values = session.call("agent.add", name=name, campaigns=list(campaigns) or None, **given)
    session.show_done(values, f"Agent {name} added. Next: dialerctl agent login {name}")


@agent.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=agent_names)
@click.option(
    "--wait", "wait_s", type=NumberRange(min=0), metavar="SECONDS",
    help="Wait until the phones are answered and the agents are logged in; exit 75 if they are not by then.",
)  # fmt: skip
@output_options
def login(session: Session, names: tuple[str, ...], wait_s: float | None) -> None:
    """Log agents in: their phones ring and are kept in the line.

    \b
    Examples:
      dialerctl agent login 1001
      dialerctl agent login 1001 1002 1003 --wait 30
    """
    asked: dict[str, Mapping[str, Any] | Failure] = {}
    session.client()  # no daemon: one sentence, not one for each name
    for name in dict.fromkeys(names):  # all phones ring before the first is waited for
        try:
            asked[name] = session.call("agent.login", name=name)
        except Failure as failure:
            asked[name] = failure
    deadline = time.monotonic() + (wait_s or 0)

    def act(name: str) -> tuple[Mapping[str, Any], str]:
        result = asked[name]
        if isinstance(result, Failure):
            raise result
        if wait_s is not None and not _is_in(result):
            result = _wait_for_login(session, name, deadline, wait_s)
        if result.get("state") == "ringing":
            return result, f"Agent {name}: the phone is ringing; logged in once it is answered."
        return result, f"Agent {name} is {show_value(result.get('state'))}."

    session.for_each(names, act)


def _is_in(values: Mapping[str, Any]) -> bool:
    return values.get("state") not in (None, "", "logged_out", "ringing")


def _wait_for_login(session: Session, name: str, deadline: float, wait_s: float) -> Mapping[str, Any]:
    while True:
        rows = {str(row.get("name")): row for row in session.call("agent.list")}
        if _is_in(rows.get(name, {})):
            return {"name": name, "state": rows[name]["state"]}
        if time.monotonic() >= deadline:
            raise Failure(
                f"agent {name} is not logged in after {wait_s:g} s: is the phone registered and answered? "
                "See: dialerctl agent list",
                ExitCode.TEMPORARY,
            )
        time.sleep(POLL_S)


@agent.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=agent_names)
@click.option("--force", is_flag=True, help="Also when a call is in progress: it is hung up.")
@output_options
def logout(session: Session, names: tuple[str, ...], force: bool) -> None:
    """Log agents out.

    \b
    Examples:
      dialerctl agent logout 1001
      dialerctl agent logout 1001 1002 --force
    """
    _for_each(session, names, "agent.logout", force=force or None)


@agent.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=agent_names)
@click.option("--reason", metavar="TEXT", help="Why, for lists and reports (lunch, training …).")
@output_options
def pause(session: Session, names: tuple[str, ...], reason: str | None) -> None:
    """Pause agents: they get no calls until they are unpaused.

    \b
    Examples:
      dialerctl agent pause 1001 --reason lunch
      dialerctl agent pause 1001 1002
    """
    _for_each(session, names, "agent.pause", reason=reason)


@agent.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=agent_names)
@output_options
def unpause(session: Session, names: tuple[str, ...]) -> None:
    """End the pause of agents.

    \b
    Example:
      dialerctl agent unpause 1001
    """
    _for_each(session, names, "agent.unpause")


@agent.command()
@click.argument("name", shell_complete=agent_names)
@click.option(
    "-d", "--disposition", required=True, metavar="CODE", shell_complete=disposition_codes,
    help="How the call ended (dialerctl disposition list).",
)  # fmt: skip
@click.option(
    "--callback-at", type=Moment(ahead=True), metavar="WHEN",
    help="When to call back: '2026-11-30 14:00' (this machine's zone), 14:00, 2h from now.",
)  # fmt: skip
@click.option("--own", is_flag=True, help="This agent makes the callback, nobody else (unless it is long overdue).")
@click.option("--note", metavar="TEXT", help="Kept in the call's record.")
@output_options
def dispose(
    session: Session, name: str, disposition: str, callback_at: str | None, own: bool, note: str | None
) -> None:
    """Give the agent's last call its disposition; ends the wrap-up.

    \b
    Examples:
      dialerctl agent dispose 1001 --disposition sale
      dialerctl agent dispose 1001 -d callback --callback-at "2026-11-30 14:00" --own --note "for Ada"
    """
    values = session.call(
        "agent.dispose", name=name, disposition=disposition, callback_at=callback_at, own=own or None, note=note
    )
    when = f", callback {local_time(callback_at)}" if callback_at else ""
    session.show_done(values, f"Agent {name}: {disposition}{when}; now {_state(values)}.")


def _state(values: Mapping[str, Any]) -> str:
    """The agent's state in words, as in the lists: `on call`."""
    return show_value(values.get("state")).replace("_", " ")


def _later(method: str, result: Mapping[str, Any]) -> str:
    """A pause asked for during a call or its wrap-up begins after it: say so, or it looks as if it were lost."""
    return "; the pause begins after it" if method == "agent.pause" and result.get("state") != "paused" else ""


def _for_each(session: Session, names: tuple[str, ...], method: str, **params: Any) -> None:
    def act(name: str) -> tuple[Mapping[str, Any], str]:
        result = session.call(method, name=name, **params)
        reason = f" ({show_value(result['reason'])})" if result.get("reason") else ""
        return result, f"Agent {name} is {_state(result)}{reason}{_later(method, result)}."

    session.for_each(names, act)
