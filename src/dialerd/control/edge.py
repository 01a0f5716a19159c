"""Owns putting the control edge together: what main.py calls. Knows settings and ports, starts nothing by itself."""

from __future__ import annotations

import os
import socket
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

from dialerd.config_schema import Settings
from dialerd.control.context import Services
from dialerd.control.dispatch import Dispatcher
from dialerd.control.methods.table import METHODS
from dialerd.control.metrics import Registry
from dialerd.control.peer import Accounts, Peer, RoleBook, SystemAccounts, read_credentials
from dialerd.control.ports import Floor, Records
from dialerd.control.ports_audio import SoundShelf
from dialerd.control.server import ControlServer, ServerLimits


def control_server(
    settings: Settings,
    records: Records,
    floor: Floor,
    sounds: SoundShelf,
    *,
    version: str,
    now: Callable[[], datetime],
    pause: Callable[[float], Awaitable[None]],
    metrics: Registry | None = None,
    accounts: Accounts | None = None,
) -> ControlServer:
    """Given the daemon's parts, return the server of the control socket (not started).

    `now` returns an aware UTC datetime, `pause` is asyncio.sleep but for tests.
    """
    known = accounts if accounts is not None else SystemAccounts()
    control = settings.control
    services = Services(
        records=records,
        floor=floor,
        sounds=sounds,
        settings=settings,
        version=version,
        started_at=now(),
        now=now,
        pause=pause,
    )
    dispatcher = Dispatcher(METHODS, services, request_timeout_s=control.request_timeout_s, metrics=metrics)
    book = RoleBook(
        roles=settings.roles,
        agent_users=dict(settings.agent_users),
        socket_group=control.group,
        own_uid=os.geteuid(),
        accounts=known,
    )

    def identify(connection: socket.socket) -> Peer:
        return book.peer(read_credentials(connection, known))

    return ControlServer(
        Path(control.socket),
        dispatcher.respond,
        identify,
        group=control.group,
        mode=int(control.mode, 8),
        limits=ServerLimits(
            connections=control.max_connections,
            line_timeout_s=control.request_timeout_s,
            answer_timeout_s=control.request_timeout_s,
            idle_timeout_s=control.idle_timeout_s,
        ),
    )
