"""Owns the one thread that answers questions, on a connection that cannot write. Knows no table."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

import peewee

from dialerd.core.errors import Unavailable
from dialerd.core.rule_set import RuleSet
from dialerd.store.database import connect, disconnect
from dialerd.store.session import Session

T = TypeVar("T")
_OUTAGES = (peewee.OperationalError, peewee.InterfaceError, OSError)


class Reader:
    """Runs functions of a session in its own thread, one after the other."""

    def __init__(self, db: peewee.Database, rule_sets: Mapping[str, RuleSet]) -> None:
        self._db = db
        self._rule_sets = rule_sets
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-reader")

    async def read(self, work: Callable[[Session], T]) -> T:
        """The result of `work`; Unavailable when the store cannot be read."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, work)

    def later(self, work: Callable[[Session], None]) -> None:
        """Run `work` when the thread is free; nobody waits for it, a failure is forgotten with it."""
        with suppress(RuntimeError):  # closing: nobody reads the result any more
            self._pool.submit(self._read, work)

    def _read(self, work: Callable[[Session], T]) -> T:
        try:
            connect(self._db)
            return work(Session(self._db, self._rule_sets))
        except _OUTAGES:
            disconnect(self._db)
        try:  # once more: a restarted server leaves a dead connection behind
            connect(self._db)
            return work(Session(self._db, self._rule_sets))
        except _OUTAGES as error:
            disconnect(self._db)
            raise Unavailable(f"the store cannot be read now: {error}") from error

    def close(self) -> None:
        """Close the connection and end the thread."""
        self._pool.submit(disconnect, self._db)
        self._pool.shutdown(wait=True)
