"""Owns the life of the connections that ask for verdicts: their number, their end, what a broken one leaves behind.

Knows neither FastAGI nor JSON: the two servers give it a coroutine for each connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

log = logging.getLogger(__name__)

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Conversations:
    """The connections of one server, each in a task of its own. Nothing that a peer sends raises out of here."""

    def __init__(self, talk: Talk, *, name: str, most: int, counters: Counter[str]) -> None:
        """`talk` serves one connection; `name` stands in the log; above `most` at a time they are closed unheard."""
        self._talk = talk
        self._name = name
        self._most = most
        self._counters = counters
        self._running: set[asyncio.Task[Any]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from accept to close: what asyncio's servers call."""
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            if len(self._running) > self._most:
                self._counters["agi_refused"] += 1
                return
            await self._talk(reader, writer)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, ConnectionError) as error:
            self._counters["agi_broken"] += 1
            log.debug("%s: peer gone: %r", self._name, error)
        except asyncio.CancelledError:
            pass  # stop(): the connection is closed below, that is the answer
        except Exception:
            self._counters["handler_errors"] += 1
            log.exception("%s: conversation failed", self._name)
        finally:
            self._running.discard(task)
            writer.close()

    def __len__(self) -> int:
        """How many there are now."""
        return len(self._running)

    async def stop(self) -> None:
        """End them all: the dialplan then handles these calls alone."""
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
