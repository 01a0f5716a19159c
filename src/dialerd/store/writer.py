"""Owns the one thread that writes: transactions, what happens when they fail, who is told. Knows no table.

A failed transaction is repeated with a growing pause until it succeeds, without its intents to dial: these are
reported lost at once, because a call that is dialled a minute late meets nobody. Everything else is kept in order.
A commit whose answer was lost may have reached the disk, so the repetition first takes back the intents and claims
that nobody was told of; all other writes do nothing when they are repeated.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

import peewee

from dialerd.core.errors import DialerError, Unavailable
from dialerd.core.messages import Event, OpenAttempts, ReleaseLeads, StoreCommand, StoreFailed, StoreRecovered
from dialerd.core.rule_set import RuleSet
from dialerd.store.backlog import Backlog, Job, Mark
from dialerd.store.batch import Batch, Entry
from dialerd.store.campaign_sizes import CampaignSizes
from dialerd.store.claims import release_leads
from dialerd.store.database import claim_writer, connect, disconnect
from dialerd.store.hopper import Hopper, Later
from dialerd.store.intents import forget_intents
from dialerd.store.lead_counts import LeadCounts
from dialerd.store.session import Session

logger = logging.getLogger(__name__)
T = TypeVar("T")
Undo = Callable[[Session], None]

_OUTAGES = (peewee.OperationalError, peewee.InterfaceError, peewee.InternalError, OSError, Unavailable)
_MARK = (
    "INSERT INTO store_mark (name, value) VALUES ('writable', ?)"
    " ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value"
)


def is_outage(error: BaseException) -> bool:
    """True when the store failed, false when what was asked of it was wrong and would be wrong again."""
    return isinstance(error, _OUTAGES) or type(error) is peewee.DatabaseError


class Writer:
    """One thread, one queue, one connection."""

    def __init__(
        self,
        db: peewee.Database,
        *,
        post: Callable[[Event], None],
        clock: Callable[[], datetime],
        prepare: Callable[[Session], None],
        later: Later,
        rule_sets: Mapping[str, RuleSet],
        run_name: str,
        gather_s: float = 0.05,
        batch: int = 400,
        limit: int = 20_000,
        retry_s: tuple[float, float] = (0.1, 2.0),
    ) -> None:
        """`prepare` runs once in the thread before anything else; `later` gives the reader something to count.

        `retry_s`: first and longest pause.
        """
        self._db = db
        self._post_event = post
        self._clock = clock
        self._prepare = prepare
        self._rule_sets = rule_sets
        self._run_name = run_name
        self._retry_s = retry_s
        self._backlog = Backlog(limit=limit, batch=batch, wait_s=gather_s)
        self.sizes = CampaignSizes()
        self.hopper = Hopper(later, self.sizes)
        self._counts = LeadCounts(later, self.sizes)
        self._submitted = 0
        self._failing = ""
        self._give_up_at = float("inf")
        self._busy = 0
        self._started: Future[None] = Future()
        self._thread = threading.Thread(target=self._main, name="store-writer", daemon=True)

    @property
    def backlog(self) -> int:
        """How many entries are submitted and not yet committed."""
        return len(self._backlog) + self._busy

    @property
    def failing(self) -> str:
        """Why the store does not write now; empty when it does."""
        return self._failing

    def start(self) -> None:
        """Start the thread and wait until the store is prepared; raise what prevented it."""
        self._thread.start()
        self._started.result()

    def submit(self, command: StoreCommand) -> None:
        """Queue a command; never blocks. Answers come as events, after the commit."""
        self._submitted += 1
        if not self._backlog.put(Entry(f"{self._run_name}-{self._submitted}", command)):
            logger.warning("store: %s was dropped (backlog %d)", type(command).__name__, self.backlog)

    def call(self, work: Callable[[Session], T], *, patient: bool = False) -> Future[T]:
        """Run a function in its own transaction, after everything submitted before; its result comes by the future.

        It may be repeated. A DialerError rolls it back and comes out as it is; Unavailable when the store does
        not write, unless `patient`.
        """
        job = Job(work, patient)
        if not self._backlog.put(job):
            job.result.set_exception(Unavailable("the store is closed"))
        return job.result

    def committed(self) -> Future[None]:
        """Done when everything submitted before is committed, however long it takes; Unavailable when it was lost."""
        mark = Mark()
        if not self._backlog.put(mark):
            mark.reached.set_exception(Unavailable("the store is closed"))
        return mark.reached

    def close(self, timeout_s: float) -> None:
        """Commit what is queued, then end the thread. A store that fails is tried for `timeout_s` seconds."""
        self._give_up_at = time.monotonic() + timeout_s
        self._backlog.close()
        if self._thread.ident is not None:
            self._thread.join()

    # ------------------------------------------------------------ in the thread

    def _main(self) -> None:
        try:
            connect(self._db)
            claim_writer(self._db)
            self._prepare(Session(self._db, self._rule_sets))
        except BaseException as error:
            disconnect(self._db)
            self._started.set_exception(error)
            return
        self._started.set_result(None)
        while (work := self._backlog.take()) is not None:
            self._busy = 1 if isinstance(work, Job) else len(work)
            try:
                if isinstance(work, Job):
                    self._run_job(work)
                else:
                    self._run_marked(work)
            except Exception:  # a fault of this module: the next work is done nevertheless
                logger.exception("store: the writer failed unexpectedly")
            self._busy = 0
        disconnect(self._db)

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        if self._db.is_closed():
            connect(self._db)
            claim_writer(self._db)
        session = Session(self._db, self._rule_sets)
        with self._db.atomic():
            if self._failing:
                session.run(_MARK, (self._clock().isoformat(),))  # recovery is proved by a write, not by a BEGIN
            yield session

    def _run_marked(self, work: Sequence[Entry | Mark]) -> None:
        """Commit the entries of `work` and tell those who wait at its marks."""
        entries = [item for item in work if isinstance(item, Entry)]
        done = False
        try:
            done = not entries or self._run_commands(entries, [])
        finally:
            for mark in [item.reached for item in work if isinstance(item, Mark)]:
                if mark.set_running_or_notify_cancel():
                    if done:
                        mark.set_result(None)
                    else:
                        mark.set_exception(Unavailable(f"the store did not write: {self._failing}"))

    def _run_commands(self, entries: Sequence[Entry], undo: list[Undo]) -> bool:
        """Commit the entries, however long it takes; only intents are given up. False: closing gave up."""
        pause = self._retry_s[0]
        while True:
            batch: Batch | None = None
            try:
                with self._transaction() as session:
                    for step in undo:
                        step(session)
                    batch = Batch(session, self._clock(), self.hopper, self._counts)
                    batch.carry_out(entries)
            except Exception as error:
                if not is_outage(error):
                    return self._isolate(entries, undo, error)
                if batch is not None and batch.claimed:
                    undo.append(_unclaim(tuple(lead.id for lead in batch.claimed)))
                entries = self._fail(error, entries, undo)
                if not self._wait(pause, undo):
                    logger.critical("store: closed while failing; lost: %s", _described(entries))
                    return False
                pause = min(pause * 2, self._retry_s[1])
                continue
            self._heal()
            for answer in batch.answers:
                self._post(answer)
            return True

    def _isolate(self, entries: Sequence[Entry], undo: list[Undo], error: Exception) -> bool:
        """One entry is impossible: commit the others one by one and give that one up, saying so."""
        if len(entries) > 1 or (entries and undo):
            done = self._run_commands([], undo)
            for entry in entries:
                done = self._run_commands([entry], []) and done
            return done
        what = f"impossible write given up: {_described(entries)}: {type(error).__name__}: {error}"
        logger.error("store: %s", what, exc_info=error)
        self._post(StoreFailed(what=what, attempt_ids=_intent_ids(entries)))
        if not self._failing:
            self._post(StoreRecovered())
        return True

    def _run_job(self, job: Job) -> None:
        if not job.result.set_running_or_notify_cancel():
            return
        pause = self._retry_s[0]
        while True:
            try:
                with self._transaction() as session:
                    value = job.work(session)
            except DialerError as error:
                job.result.set_exception(error)
                return
            except Exception as error:
                if not is_outage(error):
                    job.result.set_exception(error)
                    return
                self._fail(error, (), [])
                if not job.patient:
                    job.result.set_exception(_unavailable(error))
                    self._run_commands([], [])  # until the store writes again
                    return
                if not self._wait(pause, []):
                    job.result.set_exception(_unavailable(error))
                    return
                pause = min(pause * 2, self._retry_s[1])
                continue
            self._heal()
            job.result.set_result(value)
            return

    def _fail(self, error: Exception, entries: Sequence[Entry], undo: list[Undo]) -> list[Entry]:
        """Report the failure and its lost intents; return the entries to repeat."""
        disconnect(self._db)
        first = not self._failing
        self._failing = _cause(error)
        lost = [entry for entry in entries if isinstance(entry.command, OpenAttempts)]
        if first:
            logger.error("store: write failed: %s", self._failing)
        if first or lost:
            self._post(StoreFailed(what=self._failing, attempt_ids=_intent_ids(lost)))
        undo += [_forget(entry) for entry in lost]
        return [entry for entry in entries if entry not in lost]

    def _wait(self, pause: float, undo: list[Undo]) -> bool:
        """Pause before the next try, meanwhile telling those who cannot wait; False when closing gave up."""
        until = time.monotonic() + pause
        while (left := until - time.monotonic()) > 0:
            if self._backlog.closed:
                time.sleep(min(left, 0.05))
            intents, jobs = self._backlog.take_impatient(left)
            if intents:
                self._post(StoreFailed(what=self._failing, attempt_ids=_intent_ids(intents)))
            for job in jobs:
                if job.result.set_running_or_notify_cancel():
                    job.result.set_exception(Unavailable(f"the store does not write now: {self._failing}"))
        return time.monotonic() < self._give_up_at

    def _heal(self) -> None:
        if self._failing:
            self._failing = ""
            logger.info("store: writes work again")
            self._post(StoreRecovered())

    def _post(self, event: Event) -> None:
        try:
            self._post_event(event)
        except Exception:
            logger.exception("store: %s could not be posted", type(event).__name__)


def _cause(error: BaseException) -> str:
    """The first error of a chain: a rollback that fails afterwards would hide a full disk."""
    while error.__context__ is not None:
        error = error.__context__
    return f"{type(error).__name__}: {error}".strip()


def _intent_ids(entries: Sequence[Entry]) -> tuple[int, ...]:
    return tuple(
        attempt.id for entry in entries if isinstance(entry.command, OpenAttempts) for attempt in entry.command.attempts
    )


def _described(entries: Sequence[Entry]) -> str:
    return ", ".join(f"{type(entry.command).__name__}" for entry in entries) or "nothing"


def _unavailable(error: Exception) -> Unavailable:
    return Unavailable(f"the store does not write now: {_cause(error)}")


def _forget(entry: Entry) -> Undo:
    command: Any = entry.command
    return lambda session: forget_intents(session, command.attempts)


def _unclaim(lead_ids: tuple[int, ...]) -> Undo:
    return lambda session: release_leads(session, ReleaseLeads(lead_ids=lead_ids))
