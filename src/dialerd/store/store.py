"""Owns the façade: one store of one dialerd, opened, written, read and closed. Knows nothing of the engine."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import peewee

from dialerd.core.errors import Unavailable
from dialerd.core.messages import Event, StoreCommand
from dialerd.core.rule_set import RuleSet
from dialerd.store.chain import ChainReport, verify_chain
from dialerd.store.database import claim_file, reader_database, sqlite_path, writer_database
from dialerd.store.migrating import migrate
from dialerd.store.reader import Reader
from dialerd.store.records import Records
from dialerd.store.restart import RestartState, load_restart_state, prepare_start
from dialerd.store.session import Session
from dialerd.store.writer import Writer


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


class Store:
    """The store of one dialerd. Every answer to a command comes through `post`, called in the writer's thread."""

    def __init__(
        self,
        url: str,
        *,
        post: Callable[[Event], None],
        rule_sets: Mapping[str, RuleSet],
        clock: Callable[[], datetime] = utc_now,
        backup_dir: Path | None = None,
        **writer_options: Any,
    ) -> None:
        """`url`: sqlite:////absolute/path or postgresql://…; `backup_dir`: where the copy before an upgrade goes.

        `rule_sets` by name: those that campaigns may choose; a campaign with another one dials nobody.

        `clock` returns aware UTC and is asked for each transaction. `writer_options` are Writer's (tests and
        benchmarks set pauses and limits). Invalid for a URL that is neither.
        """
        self._clock = clock
        self._file = sqlite_path(url)
        self._backup_dir = backup_dir
        self._lock: int | None = None
        self._reader = Reader(reader_database(url), rule_sets)
        self._background = Reader(
            reader_database(url), rule_sets
        )  # counting and choosing takes long: nobody waits behind it
        self._writer = Writer(
            writer_database(url),
            post=post,
            clock=clock,
            prepare=self._prepare,
            later=self._background.later,
            rule_sets=rule_sets,
            run_name=secrets.token_hex(6),
            **writer_options,
        )
        self.records = Records(self._reader, self._background, self._writer, clock)

    def open(self) -> None:
        """Connect, bring the schema up to date, give back claims of a dead run. Unavailable says what prevented it."""
        try:
            self._lock = claim_file(self._file) if self._file is not None else None
            self._writer.start()
        except (peewee.PeeweeException, OSError) as error:
            self._unlock()
            raise Unavailable(f"the store cannot be opened: {error}") from error
        except BaseException:
            self._unlock()
            raise

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _prepare(self, session: Session) -> None:
        migrate(session.db, self._clock(), file=self._file, backup_dir=self._backup_dir)
        prepare_start(session)

    def submit(self, command: StoreCommand) -> None:
        """Queue a command; never blocks; order is kept."""
        self._writer.submit(command)

    async def drain(self) -> None:
        """Return once everything submitted before is committed."""
        await asyncio.wrap_future(self._writer.committed())

    def close(self, timeout_s: float = 10.0) -> None:
        """Commit what is queued and close the connections; a store that fails is tried for `timeout_s` seconds."""
        self._writer.close(timeout_s)
        self._reader.close()
        self._background.close()
        self._unlock()

    def load_restart_state(self) -> RestartState:
        """What a starting dialerd must know, after everything submitted before."""
        return self._writer.call(lambda session: load_restart_state(session, self._clock()), patient=True).result()

    async def verify_chain(self) -> ChainReport:
        """Check the hash chain over all finished records, on the reader's connection."""
        return await self._reader.read(verify_chain)

    @property
    def backlog(self) -> int:
        """How many commands are submitted and not yet committed."""
        return self._writer.backlog

    @property
    def ok(self) -> bool:
        """False while writes fail."""
        return not self._writer.failing

    @property
    def what(self) -> str:
        """Why writes fail; empty when they do not."""
        return self._writer.failing
