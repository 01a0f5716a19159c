"""Owns the carrying out of the dialer's commands over the link: deadlines, and failures turned into events."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from dialerd.asterisk.actions import (
    AGENT_CHANNEL,
    ActionRefused,
    Trunks,
    forget_trace,
    hangup,
    originate_agent,
    originate_customer,
)
from dialerd.asterisk.ami_headers import HeaderRefused, Headers
from dialerd.asterisk.ami_link import AmiLink
from dialerd.asterisk.ami_protocol import AmiClosed
from dialerd.asterisk.background import Background
from dialerd.asterisk.channel_book import ChannelBook, Heard, OriginateEnded
from dialerd.core.messages import ForgetTraces, Hangup, LegEnded, Originate, OriginateFailed, RingAgent

log = logging.getLogger(__name__)

MOST_TASKS = 20_000
FORGET_TIMEOUT_S = 15.0
# A Hangup may overtake the channel it is meant for: Asterisk makes it in another thread than it answers the Originate.
HANGUP_RETRIES_S = (0.1, 0.3, 0.6, 1.0)


class CommandRunner:
    """Carries out Originate, RingAgent, Hangup and ForgetTraces, each in a task of its own."""

    def __init__(
        self,
        link: AmiLink,
        trunks: Trunks,
        book: ChannelBook,
        tell: Callable[[Sequence[Heard]], None],
        hangup_grace_s: float,
        counters: Counter[str],
    ) -> None:
        """`tell` takes what is to be posted; `hangup_grace_s`: how long a failed Originate's Hangup may take."""
        self.agi = ""
        self.ears: Callable[[], str] = lambda: ""
        self._link = link
        self._trunks = trunks
        self._book = book
        self._tell = tell
        self._hangup_grace_s = hangup_grace_s
        self._counters = counters
        self._background = Background("a command to Asterisk", counters)
        self._forget_ids = itertools.count(1)
        self._forgetting: dict[str, asyncio.Future[bool]] = {}

    def begin(self, command: Originate | RingAgent | Hangup | ForgetTraces, not_connected: str) -> None:
        """Begin a command. `not_connected`: why Asterisk cannot be reached now; empty when it can."""
        problem = f"Asterisk is not connected ({not_connected})" if not_connected else ""
        if len(self._background) >= MOST_TASKS:
            problem = f"{MOST_TASKS} commands are under way already"
        work: Coroutine[Any, Any, None]
        if isinstance(command, Originate | RingAgent):
            channel_id = command.channel_id if isinstance(command, Originate) else command.leg_id
            try:
                if problem:
                    raise ActionRefused(problem)
                action = (
                    originate_customer(command, self._trunks, self.agi, self.ears())
                    if isinstance(command, Originate)
                    else originate_agent(command)
                )
            except Exception as refused:  # whatever it is, nothing was sent
                if not isinstance(refused, ActionRefused):
                    log.exception("an Originate could not be built")
                self._counters["commands_refused"] += 1
                self._originate_failed(channel_id, str(refused), certain=True)
                return
            self._book.known(channel_id)  # so that its AGI, should it be faster than the events, finds it attended
            work = self._originate(channel_id, action)
        elif problem:
            # A hang-up is decided anew when the channels are compared; a trace stays and is read again.
            self._counters["commands_refused"] += 1
            return
        elif isinstance(command, Hangup):
            work = self._hang_up(command.channel_id)
        else:
            work = self._forget(command.keys)
        self._background.spawn(work)

    async def stop(self) -> None:
        """Cancel what is under way."""
        await self._background.stop()

    def originate_ended(self, ended: OriginateEnded) -> None:
        """Take the second answer of an Originate."""
        forgetting = self._forgetting.get(ended.action_id)
        if forgetting is not None:
            if not forgetting.done():
                forgetting.set_result(ended.success)
        elif not ended.success and self._book.awaits(ended.action_id):
            # A channel that was dialled is certain to tell its end, with the causes that this answer lacks.
            if self._book.was_seen(ended.action_id):
                return
            self._background.spawn(self._await_hangup(ended.action_id, ended.reason))

    # ------------------------------------------------------------ the commands

    async def _originate(self, channel_id: str, action: Headers) -> None:
        try:
            answer = await self._link.ask(action)
        except TimeoutError:
            # Asterisk is sick, or deaf. Only its list of channels can tell what became of the call: ask for it anew.
            self._originate_failed(channel_id, "Asterisk did not answer the Originate in time", certain=False)
            self._link.drop("Asterisk did not answer an Originate in time")
        except AmiClosed as closed:
            self._originate_failed(channel_id, str(closed), certain=not closed.sent)
        except HeaderRefused as refused:
            self._originate_failed(channel_id, str(refused), certain=True)
        else:
            if answer.response != "Success":
                reason = f"Asterisk refused the Originate: {answer.message or 'no reason given'}"
                self._originate_failed(channel_id, reason, certain=True)

    def _originate_failed(self, channel_id: str, reason: str, *, certain: bool) -> None:
        self._counters["originates_failed"] += 1
        if certain:
            self._book.forget(channel_id)
        agent = AGENT_CHANNEL.match(channel_id)
        if agent is not None:
            log.warning("agent leg %s: %s", channel_id, reason)
            self._tell([LegEnded(agent_id=int(agent[1]), leg_id=channel_id)])
        else:
            self._tell([OriginateFailed(channel_id=channel_id, reason=reason, certain=certain)])

    async def _await_hangup(self, channel_id: str, reason: str) -> None:
        """Without a Hangup, or any other sign of life within the grace, there never was a channel."""
        await asyncio.sleep(self._hangup_grace_s)
        if self._book.awaits(channel_id) and not self._book.was_seen(channel_id):
            self._originate_failed(channel_id, f"Asterisk could not make the channel ({reason})", certain=True)

    async def _hang_up(self, channel_id: str) -> None:
        try:
            for pause_s in (*HANGUP_RETRIES_S, 0.0):
                answer = await self._link.ask(hangup(channel_id))
                if answer.response == "Success" or self._book.has_ended(channel_id):
                    return
                await asyncio.sleep(pause_s)
        except (ActionRefused, HeaderRefused) as refused:
            self._counters["commands_refused"] += 1
            log.error("hang-up not sent: %s", refused)
        except (AmiClosed, TimeoutError) as error:
            log.warning("hang-up of %s not confirmed: %s", channel_id, error)
        else:
            # Asterisk knows no such channel and never told of its end: it ended unseen.
            self._tell(self._book.ends(channel_id))

    async def _forget(self, keys: tuple[str, ...]) -> None:
        """One after the other: there is no hurry, and a trace that stays is only read once more."""
        for key in keys:
            action_id = f"forget-{next(self._forget_ids)}"
            gone: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            self._forgetting[action_id] = gone
            try:
                answer = await self._link.ask(forget_trace(key, action_id))
                async with asyncio.timeout(FORGET_TIMEOUT_S):
                    done = answer.response == "Success" and await gone
            except (ActionRefused, AmiClosed, TimeoutError) as error:
                log.warning("trace %s stays in Asterisk for now: %s", key, error)
                self._counters["traces_kept"] += 1
                continue
            finally:
                del self._forgetting[action_id]
            if not done:
                log.warning("trace %s stays in Asterisk for now: the dialplan did not remove it", key)
            self._counters["traces_forgotten" if done else "traces_kept"] += 1
