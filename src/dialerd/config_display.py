"""Owns the settings as they may be shown: one row for each key, with its origin, secrets masked."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

from dialerd.config_schema import AGENT_USERS, TABLES, Settings, options_of

MASK = "********"


def effective(settings: Settings) -> list[dict[str, Any]]:
    """Given settings, return one row `{table, key, value, origin}` for each key, secrets masked."""
    rows: list[dict[str, Any]] = []

    def add(table: str, part: Any) -> None:
        for key, _, option in options_of(type(part)):
            value = getattr(part, key)
            if option.secret and value:
                value = MASK
            elif option.secret_inside:
                value = masked_url(value)
            shown = list(value) if isinstance(value, tuple) else value
            rows.append(
                {"table": table, "key": key, "value": shown, "origin": settings.origins.get((table, key), "default")}
            )

    for table in TABLES:
        add(table, getattr(settings, table))
    for user, agent in settings.agent_users.items():
        origin = settings.origins.get((AGENT_USERS, user), "default")
        rows.append({"table": AGENT_USERS, "key": user, "value": agent, "origin": origin})
    for node in settings.asterisk:
        add(f"asterisk.{node.name}", node)
    for trunk in settings.trunks:
        add(f"trunk.{trunk.name}", trunk)
    return rows


def masked_url(url: str) -> str:
    """A store URL that may be shown: its password replaced."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    user, _, where = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:{MASK}@{where}"))
