"""Owns the live shell: one queue of events → the core → commands carried out in order; APScheduler ticks.

It must not decide anything: what happens is in `core/`, how it is done in the edges, which arrive as arguments.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Protocol

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from dialerd.core.dialer import Dialer
from dialerd.core.drift import drift
from dialerd.core.errors import DialerError, Unavailable
from dialerd.core.health import next_step, problems
from dialerd.core.live_rows import live_agent, live_agents, live_calls
from dialerd.core.machine_messages import MACHINE_VERDICTS, AwaitGreetingEnd
from dialerd.core.messages import (
    ChannelSeen,
    Command,
    Event,
    ForgetTraces,
    Hangup,
    LogEvent,
    Order,
    Originate,
    PbxCommand,
    RingAgent,
    SendVerdict,
    ShutdownBegan,
    StoreCommand,
)
from dialerd.core.moment import Moment
from dialerd.core.picture import Row, picture

log = logging.getLogger("dialerd.engine")

PBX_COMMANDS = (Originate, RingAgent, Hangup, SendVerdict)
LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
LATE_TICKS = 3
LASTING_VERDICTS = frozenset({"agent", "abandon", *MACHINE_VERDICTS.values()})
VERDICT_COMMIT_S = 0.1  # well inside DialerSettings.verdict_margin_s
CONFIRM_WITHIN_S = 2.0
DRIFT_LASTS_S = 0.5


class StorePort(Protocol):
    """What the engine needs of the store."""

    @property
    def backlog(self) -> int:
        """Commands not yet committed."""

    def submit(self, command: StoreCommand) -> None:
        """Queue a command for the writer; never blocks."""

    async def drain(self) -> None:
        """Return when everything submitted before is committed."""


class NodePort(Protocol):
    """What the engine needs of an Asterisk node."""

    def carry_out(self, command: PbxCommand) -> None:
        """Begin a command; never blocks; its failure comes back as an event."""

    async def channels(self) -> tuple[ChannelSeen, ...]:
        """Our channels that live in Asterisk now; raises Unavailable."""

    async def compare_again(self) -> None:
        """Compare as after a reconnect; raises Unavailable."""


@dataclass(frozen=True, slots=True)
class _Tick:
    """The pacing tick."""


@dataclass(frozen=True, slots=True)
class _Expire:
    """A deadline of the core has passed."""


Item = Event | _Tick | _Expire


class EverySeconds(BaseTrigger):  # type: ignore[misc,unused-ignore]
    """Every `seconds` from now on; what was missed is missed.

    The stock interval trigger counts every run that a step of the wall clock has skipped, one by one: an hour is
    14 400 of them, and a machine that boots in 1970 and then learns the time would count for ever.
    """

    def __init__(self, seconds: float) -> None:
        """Given the interval."""
        self._step = timedelta(seconds=seconds)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """See BaseTrigger: the next instant after `now`, in step with the last one unless that is too long ago."""
        if previous_fire_time is not None and previous_fire_time <= now < previous_fire_time + self._step:
            return previous_fire_time + self._step
        return now + self._step


class Engine:
    """Feeds the dialer and carries out what it says. Everything here runs on one event loop, in one task."""

    def __init__(
        self,
        dialer: Dialer,
        *,
        store: StorePort,
        nodes: Mapping[str, NodePort],
        clock: Callable[[], Moment],
        tick_s: float = 1.0,
        on_tick: Callable[[], object] = lambda: None,
        handled: Callable[[float], object] = lambda seconds: None,
        tick_late: Callable[[float], object] = lambda seconds: None,
        listen_for_end: Callable[[AwaitGreetingEnd], object] = lambda command: None,
        about: Mapping[str, Any] | None = None,
        timezone: tzinfo = UTC,
    ) -> None:
        """`clock` gives wall and monotonic time of the loop; `about` is added to `status` (version …).

        `listen_for_end` announces a call to the detector of greetings' ends; it must not block.
        `handled` is told how long each event took from the queue's end until its commands were carried out,
        `tick_late` how late each tick was; both in seconds. `timezone` is the scheduler's: a test hands in one whose
        wall clock it steps.
        """
        self.dialer = dialer
        self.store = store
        self.nodes = nodes
        self.clock = clock
        self.tick_s = tick_s
        self.on_tick = on_tick
        self._handled, self._tick_late, self._listen_for_end = handled, tick_late, listen_for_end
        self.about = dict(about or {})
        self.timezone = timezone
        self.counters = {"events": 0, "ticks": 0, "faults": 0, "late_ticks": 0}
        self._queue: asyncio.Queue[tuple[Item, asyncio.Future[Any] | None, float]] = asyncio.Queue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._scheduler: Any = None
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at: float | None = None
        self._guard: asyncio.TimerHandle | None = None
        self._last_tick = 0.0
        self._background: set[asyncio.Task[None]] = set()
        self._settled = asyncio.Event()

    # -- life

    async def start(self) -> None:
        """Begin to handle events and to tick."""
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._run(), name="engine")
        self._scheduler = AsyncIOScheduler(timezone=self.timezone, event_loop=self._loop)
        self._scheduler.add_job(
            self._on_tick,
            EverySeconds(self.tick_s),
            id="tick",
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
        self._scheduler.start()
        self._last_tick = self.clock().mono
        self._watch_tick()

    async def shut_down(self, timeout_s: float) -> None:
        """No new calls; wait until nobody would be left in silence, at most `timeout_s`; then stop handling events."""
        await self.order(ShutdownBegan())
        try:
            await asyncio.wait_for(self._settled.wait(), timeout_s)
        except TimeoutError:
            log.warning("stopping with calls that have not found an agent or the message yet")

    async def stop(self) -> None:
        """Stop ticking and handling; what was queued is still handled, what was submitted is committed."""
        for handle in (self._alarm, self._guard):
            if handle is not None:
                handle.cancel()
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
        await self._queue.join()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.store.drain()
        for task in self._background:
            task.cancel()

    # -- events in

    def post(self, event: Event) -> None:
        """Put an event in the queue (from the loop's thread)."""
        self._put(event)

    def _put(self, item: Item, future: asyncio.Future[Any] | None = None) -> None:
        self._queue.put_nowait((item, future, self.clock().mono))

    def post_threadsafe(self, event: Event) -> None:
        """Put an event in the queue from another thread; after the loop's end it is dropped."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.post, event)

    async def order(self, order: Order) -> Any:
        """Carry out an order in the dialer's own task and return what it gave back; a refusal is raised."""
        if self._task is None or self._task.done():
            raise Unavailable("dialerd is stopping")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._put(order, future)
        answer = await future
        await self._committed(CONFIRM_WITHIN_S)  # what was confirmed must not die with us
        return answer

    async def _run(self) -> None:
        while True:
            item, future, since = await self._queue.get()
            try:
                self._handle(item, future)
                self._handled(self.clock().mono - since)
            finally:
                self._queue.task_done()

    def _handle(self, item: Item, future: asyncio.Future[Any] | None) -> None:
        now = self.clock()
        try:
            if isinstance(item, _Tick):
                commands = self.dialer.tick(now)
                self.counters["ticks"] += 1
                self.on_tick()
            elif isinstance(item, _Expire):
                commands = self.dialer.expire(now)
            else:
                commands = self.dialer.handle(item, now)
                self.counters["events"] += 1
            self.carry_out(commands)
            if future is not None and not future.done():
                future.set_result(self.dialer.answer)
        except DialerError as refusal:
            if future is not None and not future.done():
                future.set_exception(refusal)
        except Exception as fault:
            self.counters["faults"] += 1
            log.exception("event %s failed", type(item).__name__)
            if future is not None and not future.done():
                future.set_exception(fault)
        self._set_alarm()
        if self.dialer.floor.stopping and self.dialer.drained:
            self._settled.set()

    # -- commands out

    def carry_out(self, commands: list[Command]) -> None:
        """Hand each command to its edge, in order."""
        for command in commands:
            if isinstance(command, ForgetTraces):
                self._after_commit(command)
            elif isinstance(command, SendVerdict):
                self._send_verdict(command)
            elif isinstance(command, AwaitGreetingEnd):
                self._listen_for_end(command)
            elif isinstance(command, PBX_COMMANDS):
                self.nodes[command.node].carry_out(command)
            else:
                if isinstance(command, LogEvent):
                    log.log(LEVELS.get(command.level, logging.INFO), "%s", command.text)
                self.store.submit(command)

    def _after_commit(self, command: ForgetTraces) -> None:
        """Traces are Asterisk's memory of what we do not know yet: forget them only when it is on our disk."""

        async def forget() -> None:
            await self.store.drain()
            self.nodes[command.node].carry_out(command)

        task = asyncio.create_task(forget())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _send_verdict(self, command: SendVerdict) -> None:
        """Who meets an agent or hears the message is on the disk before it happens, or the ledger could not be true.

        But nobody waits long for a disk: after VERDICT_COMMIT_S, or while the store fails, the verdict goes without.
        """
        node = self.nodes[self.dialer.floor.settings.default_node]
        if command.verdict not in LASTING_VERDICTS or not self.store.backlog or self.dialer.floor.store_fault:
            node.carry_out(command)
            return

        async def send() -> None:
            await self._committed(VERDICT_COMMIT_S)
            node.carry_out(command)

        task = asyncio.create_task(send())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _committed(self, within_s: float) -> None:
        """Return when everything submitted so far is on the disk, or after `within_s` seconds."""
        if self.store.backlog:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.store.drain(), within_s)

    # -- time

    async def _on_tick(self) -> None:
        now = self.clock()
        self._last_tick = now.mono
        due = self._scheduler.get_job("tick").next_run_time - timedelta(seconds=self.tick_s)
        self._tick_late(max(0.0, (now.wall - due).total_seconds()))
        self._put(_Tick())

    def _watch_tick(self) -> None:
        """Re-arm the tick when it has stopped: APScheduler runs on the wall clock, which may be set back."""
        assert self._loop is not None
        if self.clock().mono - self._last_tick > LATE_TICKS * self.tick_s:
            self.counters["late_ticks"] += 1
            log.warning("the pacing tick is late (wall clock set back, or the machine was asleep): re-armed")
            self._scheduler.reschedule_job("tick", trigger=EverySeconds(self.tick_s))
            self._put(_Tick())
            self._last_tick = self.clock().mono
        self._guard = self._loop.call_later(self.tick_s, self._watch_tick)

    def _set_alarm(self) -> None:
        """Wake up at the core's next deadline; most events leave it where it is."""
        at = self.dialer.next_deadline()
        if at == self._alarm_at:
            return
        self._alarm_at = at
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if at is not None and self._loop is not None:
            delay = max(0.0, at - self.clock().mono)
            self._alarm = self._loop.call_later(delay, self._expire)

    def _expire(self) -> None:
        self._alarm, self._alarm_at = None, None
        self._put(_Expire())

    async def reconcile(self, *, dry_run: bool) -> list[Row]:
        """How Asterisk's channels differ from what dialerd believes; without `dry_run` what differs is put right."""
        rows = await self._drift()
        if rows:  # what is gone a moment later was an event under way
            await asyncio.sleep(DRIFT_LASTS_S)
            again = await self._drift()
            rows = [row for row in rows if row in again]
        for node in self.nodes.values() if rows and not dry_run else ():
            await node.compare_again()
        return rows

    async def _drift(self) -> list[Row]:
        rows: list[Row] = []
        for name, node in self.nodes.items():
            channels = await node.channels()
            with contextlib.suppress(TimeoutError):  # what was told before the list is taken in first
                await asyncio.wait_for(self._queue.join(), 1.0)
            rows += drift(self.dialer.floor, name, channels)
        return rows

    # -- views (same thread, nothing changed)

    def status(self) -> Row:
        """The live picture with health and next step (docs/control-protocol.md, `status`)."""
        floor = self.dialer.floor
        now = self.clock()
        found = problems(floor)
        return {
            **self.about,
            "healthy": not found,
            "problems": found,
            "next_step": next_step(floor, self.dialer.dialling),
            "store": {"ok": not floor.store_fault, "what": floor.store_fault, "backlog": self.store.backlog},
            **picture(floor, self.dialer.dialling, now),
        }

    def test_refusal(self, attempt_id: int) -> str:
        """Why a test call was refused; empty when it was not. Told once."""
        return self.dialer.floor.refused_tests.pop(attempt_id, "")

    def live_calls(self) -> list[Row]:
        """Attempts in progress."""
        return live_calls(self.dialer.floor, self.clock())

    def live_agents(self) -> dict[str, Row]:
        """Agents by name."""
        return live_agents(self.dialer.floor, self.clock())

    def live_agent(self, name: str) -> Row:
        """One agent; empty for an unknown name."""
        return live_agent(self.dialer.floor, name, self.clock())
