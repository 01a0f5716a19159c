"""Owns `dialerctl version`. Must not need the daemon to say its own version."""

from __future__ import annotations

from typing import Any

import click

from dialerctl import output
from dialerctl.failure import Failure
from dialerctl.output import show_value
from dialerctl.session import Session, output_options
from dialerd.control.protocol import PROTOCOL_VERSION


def own_version() -> str:
    """The installed version of this package; 'unknown' when it runs from a bare folder."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("dialerd")
    except PackageNotFoundError:
        return "unknown"


@click.command()
@output_options
def version(session: Session) -> None:
    """Print the versions of dialerctl, dialerd and Asterisk.

    Without a running dialerd it prints its own version and exits with 3.

    \b
    Examples:
      dialerctl version
      dialerctl version --json
    """
    own: dict[str, Any] = {"dialerctl": own_version(), "dialerctl_protocol": PROTOCOL_VERSION}
    failure: Failure | None = None
    try:
        own.update(session.call("version"))
    except Failure as error:
        failure = error
    entries = [("dialerctl", f"{own['dialerctl']} (protocol {PROTOCOL_VERSION})")]
    if failure is None:
        entries.append(("dialerd", f"{show_value(own.get('version'))} (protocol {show_value(own.get('protocol'))})"))
        entries.append(("Python", show_value(own.get("python"))))
        nodes = own.get("asterisk") or {}
        entries += [(f"Asterisk {show_value(node)}", show_value(number)) for node, number in nodes.items()]
    session.show_object(own, output.pairs(entries, colour=session.colour))
    if failure is not None:
        raise failure
