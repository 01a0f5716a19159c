"""Owns the audit trail's writing: what a row shows, what happens without the store, how often refusals are written.

What was done is always written. Refusals and failures cost whoever causes them nothing, so they are written a few times
a minute for each user, then counted: nobody fills the audit log or the journal by asking.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from dialerd.control.peer import Peer
from dialerd.control.ports import Records

logger = logging.getLogger(__name__)

TIMEOUT_S = 5.0
MOST_REFUSALS = 5
"""Rows about refusals and failures of one user within WINDOW_S; one more row counts the others."""
WINDOW_S = 60.0
LONGEST_OUTCOME = 500


class AuditTrail:
    """Writes rows. One instance serves all connections."""

    def __init__(self, records: Records, pause: Callable[[float], Awaitable[None]]) -> None:
        """`pause` waits that many seconds (asyncio.sleep but for tests)."""
        self._records = records
        self._pause = pause
        self._windows: dict[int, int] = {}  # uid → refusals in the window that is open
        self._closing: set[asyncio.Task[None]] = set()

    async def write(self, peer: Peer, method: str, params: Any, outcome: str) -> None:
        """Write one row, unless it is one refusal too many; when the store cannot, the journal is the audit log."""
        if outcome != "done" and not self._admitted(peer):
            return
        await self._write(peer, method, summarised(params) if isinstance(params, dict) else {}, outcome)

    def _admitted(self, peer: Peer) -> bool:
        if peer.uid not in self._windows:
            self._windows[peer.uid] = 0
            task = asyncio.create_task(self._close_window(peer), name="audit window")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        self._windows[peer.uid] += 1
        return self._windows[peer.uid] <= MOST_REFUSALS

    async def _close_window(self, peer: Peer) -> None:
        """When the window is over, count in one row what was not written."""
        try:
            await self._pause(WINDOW_S)
        finally:
            kept_back = self._windows.pop(peer.uid) - MOST_REFUSALS
            if kept_back > 0:
                told = f"{kept_back} more refused or failed requests of this user within {WINDOW_S:g} s"
                logger.warning("audit: uid=%d user=%s: %s", peer.uid, peer.user, told)
        if kept_back > 0:
            await self._write(peer, "(several)", {"count": kept_back}, f"refused: {told}")

    async def _write(self, peer: Peer, method: str, shown: Mapping[str, Any], outcome: str) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._records.audit(peer.uid, peer.user, method, shown, outcome[:LONGEST_OUTCOME])
        except Exception as error:
            logger.error(
                "audit row not stored (%s): uid=%d user=%s method=%s params=%s outcome=%s",
                error or type(error).__name__,
                peer.uid,
                peer.user,
                method,
                shown,
                outcome[:LONGEST_OUTCOME],
            )


def summarised(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as the audit log keeps them: long lists counted, long texts cut, at most 60 keys."""
    shown: dict[str, Any] = {}
    for key in list(params)[:60]:
        value = params[key]
        if isinstance(value, list | dict) and _longer_than(value, 1000):
            value = f"{len(value)} items"
        elif isinstance(value, str) and len(value) > 300:
            value = value[:299] + "…"
        elif isinstance(value, int) and abs(value) > 10**30:
            value = "a number of many digits"
        shown[key[:60]] = value
    return shown


def _longer_than(value: Any, limit: int) -> bool:
    """Whether a nested value is longer than about `limit` characters, without writing it out."""
    left, stack = limit, [value]
    while stack and left >= 0:
        one = stack.pop()
        if isinstance(one, dict):
            left -= 2 + 4 * len(one)
            stack += list(one)[: left + 1] if left >= 0 else []
            stack += list(one.values())[: left + 1] if left >= 0 else []
        elif isinstance(one, list):
            left -= 2 + 2 * len(one)
            stack += one if left >= 0 else []
        else:
            left -= len(one) if isinstance(one, str) else 4
    return left < 0
