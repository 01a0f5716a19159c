"""Owns completing names (campaigns, agents, dispositions) by a short question to dialerd. Errors stay silent."""

from __future__ import annotations

from collections.abc import Callable

import click

from dialerctl.client import Client, find_socket
from dialerctl.failure import Failure

Complete = Callable[[click.Context, click.Parameter, str], list[str]]
PATIENCE_S = 0.3  # a key press must not hang on a busy daemon


def names_from(method: str, key: str = "name") -> Complete:
    """A completer that offers `key` of each object that `method` lists."""

    def complete(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
        socket = context.params.get("socket") or context.find_root().params.get("socket")
        try:
            with Client(find_socket(socket), timeout_s=PATIENCE_S) as client:
                rows = client.call(method)
        except Failure:
            return []
        names = [str(row[key]) for row in rows if isinstance(row, dict) and key in row]
        return [name for name in names if name.startswith(begun)]

    return complete


campaign_names = names_from("campaign.list")
agent_names = names_from("agent.list")
sound_names = names_from("audio.list")
disposition_codes = names_from("disposition.list", "code")
