"""Owns the methods on the daemon as a whole: hello, status, version, config.show."""

from __future__ import annotations

import platform
from typing import Any

import msgspec

from dialerd.config_display import effective
from dialerd.control.context import Context
from dialerd.control.dispatch import ProtocolMismatch
from dialerd.control.ports import Row
from dialerd.control.protocol import PROTOCOL_VERSION
from dialerd.core.errors import DialerError


class HelloParams(msgspec.Struct, frozen=True):
    """`protocol`: what the client speaks."""

    protocol: int


async def hello(context: Context, params: HelloParams) -> Row:
    """hello: refuse a client of another protocol before anything else."""
    if params.protocol != PROTOCOL_VERSION:
        older = "dialerctl" if params.protocol < PROTOCOL_VERSION else "dialerd"
        raise ProtocolMismatch(
            f"dialerd {context.services.version} speaks protocol {PROTOCOL_VERSION}, this client {params.protocol}: "
            f"upgrade {older} (both come in one package)"
        )
    return {"protocol": PROTOCOL_VERSION, "version": context.services.version, "role": context.peer.role}


async def status(context: Context, _: Any) -> Row:
    """status: the dialer's picture, with what only the store knows. It answers while the store is down, too."""
    services = context.services
    picture = dict(services.floor.status())
    now = services.now()
    picture.setdefault("version", services.version)
    picture.setdefault("protocol", PROTOCOL_VERSION)
    picture.setdefault("started_at", services.started_at)
    picture.setdefault("uptime_s", round((now - services.started_at).total_seconds(), 1))
    try:
        counts = {str(row["name"]): row for row in await services.records.campaigns()}
    except DialerError:
        counts = {}
    picture["campaigns"] = [_with_stored(campaign, counts) for campaign in picture.get("campaigns", ())]
    return picture


async def version(context: Context, _: Any) -> Row:
    """version."""
    nodes = context.floor.status().get("asterisk", ())
    return {
        "version": context.services.version,
        "protocol": PROTOCOL_VERSION,
        "python": platform.python_version(),
        "asterisk": {str(node["node"]): node.get("version", "") for node in nodes},
    }


async def config_show(context: Context, _: Any) -> list[Row]:
    """config.show: every key with its origin, secrets masked."""
    return effective(context.services.settings)


def _with_stored(campaign: Row, counts: dict[str, Row]) -> Row:
    """A campaign of the live picture with what only the store knows: lead counts."""
    stored = counts.get(str(campaign.get("name")), {})
    leads = {key: stored[f"leads_{key}"] for key in ("total", "due", "waiting", "finished") if f"leads_{key}" in stored}
    return {**campaign, "leads": {**campaign.get("leads", {}), **leads}}
