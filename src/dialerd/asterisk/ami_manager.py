"""Owns one AMI login: where, who, how long to wait, and panoramisk's manager made harmless. Never reconnects.

panoramisk's Manager replays actions after a reconnect, reconnects after close() and retries a wrong password for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from panoramisk.manager import Manager

from dialerd.asterisk.ami_headers import Headers
from dialerd.asterisk.ami_protocol import AmiClosed, SafeProtocol

EVENT_CLASSES = "call,user,system"


class LoginRefused(Exception):
    """Asterisk knows the AMI user not, or not with this secret. Trying again soon is pointless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSettings:
    """Where the AMI is and how patient to be; every `_s` is seconds."""

    host: str
    port: int
    username: str
    secret: str = field(repr=False)
    connect_timeout_s: float = 5.0
    action_timeout_s: float = 10.0
    ping_interval_s: float = 5.0
    ping_timeout_s: float = 10.0
    first_retry_s: float = 0.5
    longest_retry_s: float = 30.0
    refused_retry_s: float = 60.0
    longest_refused_retry_s: float = 600.0
    stable_after_s: float = 10.0  # a link that held this long starts the back-off anew


class SafeManager(Manager):  # type: ignore[misc,unused-ignore]
    """panoramisk's manager for exactly one connection: it never replays, queues or reconnects by itself."""

    protocol: SafeProtocol | None

    def __init__(self, settings: LinkSettings, protocol_factory: Callable[[], SafeProtocol]) -> None:
        """`protocol_factory` makes the one protocol."""
        super().__init__(
            host=settings.host, port=settings.port, protocol_factory=protocol_factory, encoding="utf8", save_stream=None
        )
        self._settings = settings

    def connect(self, *_: Any, **__: Any) -> Any:
        """Refused: the stock method reconnects behind our back, even after close(). Use `open`."""
        raise RuntimeError("SafeManager.open() connects; reconnecting is AmiLink's work")

    async def open(self) -> None:
        """Connect and log in. Raises OSError, TimeoutError, AmiClosed or LoginRefused."""
        settings = self._settings
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(settings.connect_timeout_s):
            _, self.protocol = await loop.create_connection(
                self.config["protocol_factory"], settings.host, settings.port
            )
        login = {
            "Action": "Login",
            "Username": settings.username,
            "Secret": settings.secret,
            "Events": EVENT_CLASSES,
        }
        answer = await self.ask(login, timeout_s=settings.action_timeout_s)
        if answer.response != "Success":
            raise LoginRefused(
                f"Asterisk refused the AMI login of user {settings.username!r} ({answer.message or 'no reason given'}):"
                " check username and secret here and in manager.conf"
            )
        self.authenticated = True

    async def ask(self, action: Headers, *, timeout_s: float, as_list: bool | None = False) -> Any:
        """Send one action and wait for its answer (a Message, or a list of them).

        Raises HeaderRefused, AmiClosed, or TimeoutError after `timeout_s` seconds.
        """
        if self.protocol is None:
            raise AmiClosed("Asterisk is not connected", sent=False)
        async with asyncio.timeout(timeout_s):
            return await self.protocol.send(action, as_list=as_list)

    def close(self) -> None:
        """Close for good."""
        if self.protocol is not None:
            self.protocol.close()
