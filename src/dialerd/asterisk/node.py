"""Owns one Asterisk node: joins link, translation, verdicts and commands. Knows nothing of store, control or engine."""

from __future__ import annotations

import itertools
import logging
import random as stdlib_random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from dialerd.asterisk.actions import ATTEMPT_CHANNEL, Trunks, check_agi
from dialerd.asterisk.ami_link import AmiLink
from dialerd.asterisk.ami_manager import LinkSettings
from dialerd.asterisk.ami_protocol import AmiClosed
from dialerd.asterisk.background import Background
from dialerd.asterisk.channel_book import ChannelBook, Heard, OriginateEnded, TraceLeft
from dialerd.asterisk.commands import CommandRunner
from dialerd.asterisk.fastagi import ROUTE, SafeApplication
from dialerd.asterisk.resync import PictureRefused, read_one_trace, read_picture
from dialerd.asterisk.settings import NodeSettings
from dialerd.asterisk.translate import WANTED_EVENTS, Translator
from dialerd.asterisk.verdict import WaitingVerdicts
from dialerd.asterisk.verdict_socket import VerdictSocket
from dialerd.core.errors import Unavailable
from dialerd.core.messages import (
    CallEnded,
    ChannelSeen,
    LegEnded,
    PbxCommand,
    PbxConnected,
    PbxEvent,
    PbxLost,
    SendVerdict,
)

log = logging.getLogger(__name__)

MOST_HELD_EVENTS = 100_000
MOST_CHANNELS = 20_000
"""Of ours, as events tell. More cannot be true: the book is then written anew from Asterisk's own list."""


def attempt_of(channel_id: str) -> int | None:
    """The attempt whose channel this is; None for a leg."""
    match = ATTEMPT_CHANNEL.match(channel_id)
    return int(match[1]) if match else None


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


class AsteriskNode:
    """The dialer's side of one Asterisk. Everything it learns goes to `post`, everything it is told to `carry_out`."""

    def __init__(
        self,
        settings: NodeSettings,
        trunks: Mapping[str, str],
        post: Callable[[PbxEvent], None],
        *,
        random: Callable[[], float] = stdlib_random.random,
        now: Callable[[], datetime] = utc_now,
        request_ids: Iterator[int] | None = None,
        record: Callable[[bytes], None] | None = None,
        ears: Callable[[], str] = lambda: "",
    ) -> None:
        """`trunks`: name → dial string template. `post` must not block and is called on the running loop.

        Nodes under one dialer share one `request_ids` iterator, because SendVerdict names no node.
        `ears` says where Asterisk may send a call's sound to (ADDRESS:PORT), empty while nobody listens.
        `record` gets the raw AMI stream as received (support). Raises ActionRefused for an impossible template.
        """
        self.settings = settings
        self.counters: Counter[str] = Counter()
        self._post = post
        self._now = now
        self._connected = False
        self._reason = "not started"
        self._version = ""
        self._told_lost = False
        self._held: list[dict[str, str]] | None = []  # events kept back from the login until the picture is there
        self._background = Background(f"asterisk {settings.name}", self.counters)
        self._book = ChannelBook()
        self._translator = Translator(self._book)
        self._verdicts = WaitingVerdicts(
            self._tell,
            attends=lambda attempt_id: self._connected and self._book.attends(attempt_id),
            longest_wait_s=settings.longest_verdict_wait_s,
            counters=self.counters,
            request_ids=request_ids or itertools.count(1),
        )
        self._link = AmiLink(
            LinkSettings(
                host=settings.host,
                port=settings.port,
                username=settings.username,
                secret=settings.secret,
                connect_timeout_s=settings.connect_timeout_s,
                action_timeout_s=settings.action_timeout_s,
                ping_interval_s=settings.ping_interval_s,
                ping_timeout_s=settings.ping_timeout_s,
                first_retry_s=settings.first_retry_s,
                longest_retry_s=settings.longest_retry_s,
                refused_retry_s=settings.refused_retry_s,
                longest_refused_retry_s=settings.longest_refused_retry_s,
            ),
            wanted=WANTED_EVENTS,
            on_event=self._take_event,
            on_session=self._resynchronise,
            on_lost=self._lost,
            random=random,
            counters=self.counters,
            record=record,
        )
        self._commands = CommandRunner(
            self._link, Trunks(dict(trunks)), self._book, self._tell_all, settings.hangup_grace_s, self.counters
        )
        self._commands.ears = ears
        self._fastagi: SafeApplication | None = None
        self._socket: VerdictSocket | None = None

    # ------------------------------------------------------------ for the composition root

    async def start(self) -> None:
        """Open the AGI port and the verdict socket and begin to connect. Raises Unavailable when they cannot be had.

        Does not wait for Asterisk: PbxConnected, or PbxLost with the reason, comes by `post`.
        """
        settings = self.settings
        self._fastagi = SafeApplication(self._verdicts, counters=self.counters)
        try:
            port = await self._fastagi.start(settings.agi_listen_host, settings.agi_listen_port)
        except OSError as error:
            where = f"{settings.agi_listen_host}:{settings.agi_listen_port}"
            raise Unavailable(f"cannot listen for FastAGI on {where}: {error.strerror or error}") from error
        try:
            if settings.verdict_socket is not None:
                self._socket = VerdictSocket(
                    self._verdicts,
                    settings.verdict_socket,
                    counters=self.counters,
                    group=settings.verdict_socket_group,
                    mode=settings.verdict_socket_mode,
                )
                await self._socket.start()
        except BaseException:
            await self._fastagi.stop()
            raise
        url = settings.agi_url or f"agi://{settings.agi_listen_host}:{port}/{ROUTE}"
        self._commands.agi = check_agi(url if settings.agi == "fastagi" else settings.agi_script)
        self._reason = "connecting"
        self._background.spawn(self._link.run())

    async def stop(self) -> None:
        """Close everything. Calls that are up stay up; AGIs that wait get no answer: the dialplan plays the message."""
        self._connected = False
        self._reason = "stopped"
        if self._fastagi is not None:
            await self._fastagi.stop()
        if self._socket is not None:
            await self._socket.stop()
        await self._commands.stop()
        await self._background.stop()

    def carry_out(self, command: PbxCommand) -> None:
        """Begin to carry out a command; never blocks, never raises. What fails comes back as an event."""
        if isinstance(command, SendVerdict):
            try:
                self._verdicts.answer(command)
            except ValueError as error:
                self.counters["commands_refused"] += 1
                log.error("verdict not sent: %s", error)
        else:
            self._commands.begin(command, "" if self._connected else self._reason)

    async def channels(self) -> tuple[ChannelSeen, ...]:
        """Our channels that live in Asterisk now; raises Unavailable. Everything before them has been posted."""
        if not self._connected:
            raise Unavailable(f"Asterisk {self.settings.name} is not connected: {self._reason}")
        try:
            return (await read_picture(self._link.ask)).channels
        except (AmiClosed, TimeoutError, PictureRefused) as error:
            raise Unavailable(f"Asterisk {self.settings.name} does not tell its channels: {error}") from None

    async def compare_again(self) -> None:
        """Reconnect, and compare as after any reconnect. Raises Unavailable.

        Not on the link as it is: an Originate under way is in no list yet and would be taken for dead.
        """
        if not self._connected:
            raise Unavailable(f"Asterisk {self.settings.name} is not connected: {self._reason}")
        self._link.drop("compared anew on request")

    @property
    def connected(self) -> bool:
        """True from PbxConnected to PbxLost."""
        return self._connected

    def status(self) -> dict[str, Any]:
        """For the operator: name, connected, reason, version, waiting verdicts, seconds of silence, counters."""
        silent_s = self._link.silent_s
        return {
            "name": self.settings.name,
            "connected": self._connected,
            "reason": "" if self._connected else self._reason,
            "version": self._version,
            "verdicts_waiting": len(self._verdicts),
            "silent_s": None if silent_s is None else round(silent_s, 1),
            "counters": dict(self.counters),
        }

    # ------------------------------------------------------------ from the link

    def _take_event(self, event: dict[str, str]) -> None:
        if len(self._book) > MOST_CHANNELS:
            self._link.drop(f"Asterisk tells of more than {MOST_CHANNELS} channels of ours: compared anew")
        elif self._held is None:
            self._tell_all(self._translator.translate(event, self._now()))
        elif len(self._held) < MOST_HELD_EVENTS:
            self._held.append(event)
        else:
            self._link.drop(f"more than {MOST_HELD_EVENTS} events came before Asterisk told its state")

    async def _resynchronise(self) -> None:
        """Read the picture, then let the events that came meanwhile happen on top of it.

        Endings among them are told before PbxConnected: so the dialer knows their causes when it compares. But of a
        call that the dialplan has handled alone nothing is told before its trace: gone before the list was made, it is
        told by the trace in PbxConnected; gone since, it is shown as living until its trace has been read once more.
        """
        try:
            picture = await read_picture(self._link.ask)
        except PictureRefused as refused:
            self._link.drop(str(refused))
            return
        held, self._held = self._held, None
        self._book.adopt(picture.channels)
        # The trace of a call that is still up is not complete: it is read when the call ends.
        unattended = tuple(trace for trace in picture.unattended if not self._book.leaves_trace(trace.attempt_id))
        traced = {trace.attempt_id for trace in unattended}
        heard = [one for event in held or () for one in self._translator.translate(event, self._now())]
        heard = [one for one in heard if not (isinstance(one, CallEnded) and one.attempt_id in traced)]
        to_be_read = {one.attempt_id for one in heard if isinstance(one, TraceLeft) and one.ended is not None}
        self._tell_all([one for one in heard if isinstance(one, CallEnded | LegEnded)])
        self._version = picture.version
        self._connected, self._told_lost, self._reason = True, False, ""
        self._tell(
            PbxConnected(
                node=self.settings.name,
                version=picture.version,
                channels=tuple(
                    seen
                    for seen in picture.channels
                    if not self._book.has_ended(seen.unique_id) or attempt_of(seen.unique_id) in to_be_read
                ),
                unattended=unattended,
                opt_outs=picture.opt_outs,
            )
        )
        self._tell_all([one for one in heard if not isinstance(one, CallEnded | LegEnded)])

    def _lost(self, reason: str) -> None:
        self._held = []
        self._connected = False
        self._reason = reason
        if not self._told_lost:
            self._told_lost = True
            self._tell(PbxLost(node=self.settings.name, reason=reason))

    # ------------------------------------------------------------ to the dialer

    def _tell(self, event: PbxEvent) -> None:
        try:
            self._post(event)
        except Exception:
            self.counters["handler_errors"] += 1
            log.exception("the dialer did not take an event")

    def _tell_all(self, heard: Sequence[Heard]) -> None:
        for one in heard:
            if isinstance(one, OriginateEnded):
                self._commands.originate_ended(one)
            elif isinstance(one, TraceLeft):
                self._background.spawn(self._collect_trace(one))
            else:
                self._tell(one)

    async def _collect_trace(self, left: TraceLeft) -> None:
        """Fetch the trace of a call that the dialplan has just handled alone, then tell that the call is over.

        If the link is lost both stay untold: the comparison after the reconnect finds call gone and trace there.
        """
        trace = None
        try:
            trace = await read_one_trace(self._link.ask, left.attempt_id)
        except AmiClosed as error:
            log.info("trace of attempt %d is read after the reconnect: %s", left.attempt_id, error)
            return
        except TimeoutError:
            log.warning(
                "trace of attempt %d could not be read in time: it is read at the next connect", left.attempt_id
            )
        if trace is not None:
            self._tell(trace)
        if left.ended is not None:
            self._tell(left.ended)
