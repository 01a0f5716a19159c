"""Owns the life of the AMI link: connect, login, ping, loss, back-off. Knows no event but FullyBooted and Shutdown."""

from __future__ import annotations

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from dialerd.asterisk.ami_headers import Headers
from dialerd.asterisk.ami_manager import LinkSettings, LoginRefused, SafeManager
from dialerd.asterisk.ami_protocol import AmiClosed, SafeProtocol

log = logging.getLogger(__name__)

_LINK_EVENTS = frozenset({"FullyBooted", "Shutdown"})


class AmiLink:
    """Keeps one AMI link up until `run()` is cancelled."""

    def __init__(
        self,
        settings: LinkSettings,
        *,
        wanted: frozenset[str],
        on_event: Callable[[dict[str, str]], None],
        on_session: Callable[[], Awaitable[None]],
        on_lost: Callable[[str], None],
        random: Callable[[], float],
        counters: Counter[str],
        record: Callable[[bytes], None] | None = None,
    ) -> None:
        """`on_session` runs after each login, once Asterisk is fully booted; when it raises, the link is dropped.

        `on_event` gets every wanted event in order. `on_lost` gets a sentence after each failed or lost connection.
        `random` returns 0–1 and spreads the reconnects.
        """
        self._settings = settings
        self._wanted = wanted | _LINK_EVENTS
        self._on_event = on_event
        self._on_session = on_session
        self._on_lost = on_lost
        self._random = random
        self._counters = counters
        self._record = record
        self._manager: SafeManager | None = None
        self._booted = asyncio.Event()
        self._failures = 0

    # ------------------------------------------------------------ used by others

    async def ask(self, action: Headers, *, timeout_s: float | None = None, as_list: bool | None = False) -> Any:
        """As SafeManager.ask, with the link's own time-out by default."""
        if self._manager is None:
            raise AmiClosed("Asterisk is not connected", sent=False)
        loop = asyncio.get_running_loop()
        start = loop.time()
        answer = await self._manager.ask(
            action, timeout_s=timeout_s or self._settings.action_timeout_s, as_list=as_list
        )
        self._counters["answers"] += 1
        self._counters["answer_microseconds"] += int((loop.time() - start) * 1e6)
        return answer

    def drop(self, reason: str) -> None:
        """Give this connection up (it is sick) and connect anew."""
        if self._manager is not None and self._manager.protocol is not None:
            self._manager.protocol.fail(reason)

    @property
    def silent_s(self) -> float | None:
        """Seconds since Asterisk was last heard; None when not connected."""
        protocol = self._manager.protocol if self._manager else None
        return None if protocol is None else asyncio.get_running_loop().time() - protocol.last_rx

    # ------------------------------------------------------------ life

    async def run(self) -> None:
        """Connect, serve, reconnect, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            refused = False
            since = loop.time()
            try:
                reason = await self._one_connection()
                if loop.time() - since >= self._settings.stable_after_s:
                    self._failures = 0
            except LoginRefused as error:
                refused, reason = True, str(error)
            except TimeoutError:
                reason = f"Asterisk at {self._settings.host}:{self._settings.port} does not answer"
            except AmiClosed as error:
                reason = str(error)
            except OSError as error:
                where = f"{self._settings.host}:{self._settings.port}"
                what = os.strerror(error.errno) if error.errno else str(error)
                reason = (
                    f"cannot connect to Asterisk at {where}: {what} (does it run, with enabled = yes in manager.conf?)"
                )
            self._counters["links_lost"] += 1
            self._on_lost(reason)
            await asyncio.sleep(self._pause(refused))

    def _pause(self, refused: bool) -> float:
        settings = self._settings
        first, longest = (
            (settings.refused_retry_s, settings.longest_refused_retry_s)
            if refused
            else (settings.first_retry_s, settings.longest_retry_s)
        )
        pause = min(longest, first * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return pause * (0.5 + self._random())

    async def _one_connection(self) -> str:
        """Serve one connection until it is lost; return why."""
        lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def on_lost(reason: str) -> None:
            if not lost.done():
                lost.set_result(reason)

        manager = SafeManager(
            self._settings,
            lambda: SafeProtocol(
                wanted=self._wanted,
                on_event=self._take_event,
                on_lost=on_lost,
                counters=self._counters,
                record=self._record,
            ),
        )
        self._booted.clear()
        tasks: list[asyncio.Task[None]] = []
        self._manager = manager
        try:
            await manager.open()
            self._counters["logins"] += 1
            tasks = [asyncio.create_task(self._session()), asyncio.create_task(self._ping(manager))]
            return await lost
        finally:
            self._manager = None
            manager.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _session(self) -> None:
        try:
            try:
                async with asyncio.timeout(self._settings.action_timeout_s * 3):
                    await self._booted.wait()
            except TimeoutError:
                self.drop("Asterisk did not say FullyBooted (still starting, or its AMI user may not read `system`)")
                return
            await self._on_session()
        except (TimeoutError, AmiClosed) as error:
            self.drop(f"Asterisk did not tell its state after the login: {error or 'time-out'}")
        except Exception as error:
            log.exception("resynchronisation failed")
            self.drop(f"the state of Asterisk could not be read: {error}")

    async def _ping(self, manager: SafeManager) -> None:
        """Find a dead link: nothing heard, not even the pong, for the ping's whole time-out."""
        settings = self._settings
        protocol = manager.protocol
        assert protocol is not None
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(settings.ping_interval_s)
            sent_at = loop.time()
            try:
                await manager.ask({"Action": "Ping"}, timeout_s=settings.ping_timeout_s)
                self._counters["ping_microseconds"] = int((loop.time() - sent_at) * 1e6)
            except TimeoutError:
                # Perhaps it was we who slept (suspended machine, busy loop): read what waits in the socket first.
                await asyncio.sleep(min(0.2, settings.ping_timeout_s))
                if protocol.last_rx <= sent_at:
                    self.drop(f"Asterisk has been mute for {loop.time() - protocol.last_rx:.0f} s")
            except AmiClosed:
                return

    def _take_event(self, event: dict[str, str]) -> None:
        name = event.get("Event")
        if name == "FullyBooted":
            self._booted.set()
        elif name == "Shutdown":
            again = " to restart" if event.get("Restart", "").lower() == "true" else ""
            self.drop(f"Asterisk is shutting down{again}")
        else:
            self._on_event(event)
