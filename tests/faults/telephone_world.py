"""Owns a simulated PBX in a thread of its own, and a world whose people do what the test says at this moment."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from dialerd.simulation.durations import fixed
from dialerd.simulation.pbx import SimulatedPbx
from dialerd.simulation.scenario import Agents, Outcome, Scenario
from dialerd.simulation.truth import CallTruth
from dialerd.simulation.world import CallFate

T = TypeVar("T")


class People:
    """Every call meets the same: `answers` after a moment and talks, `rings` for ever, or `refuses` with 503."""

    def __init__(self, mood: str = "answers") -> None:
        self.mood = mood
        self.talk_s = 600.0
        self.answer_after_s = 0.2
        self.dialled: list[str] = []

    def fate(self, number: str, attempt_number: int, at_s: float = 0.0) -> CallFate:
        """See FateSource."""
        self.dialled.append(number)
        if self.mood == "refuses":
            return CallFate(outcome=Outcome.CONGESTION, refused_after_s=0.02, hangup_cause=34, sip_cause=503)
        answer = self.answer_after_s if self.mood == "answers" else None
        return CallFate(outcome=Outcome.PERSON, ring_after_s=0.05, answer_after_s=answer, talk_s=self.talk_s)


class TelephoneWorld:
    """The PBX. What touches it is run in its own loop by `do`."""

    def __init__(self, people: People, *, filters: tuple[str, ...] | None = None) -> None:
        self.people = people
        scenario = Scenario(name="faults", message_s=1.0, agents=Agents(phone_answer=fixed(0.05)))
        options = {} if filters is None else {"filters": filters}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="pbx", daemon=True)
        self._thread.start()
        self.pbx = SimulatedPbx(scenario=scenario, world=people, **options)
        asyncio.run_coroutine_threadsafe(self.pbx.start(), self._loop).result(10)
        self.port = self.pbx.ami_port

    def do(self, work: Callable[[], T]) -> T:
        """Run `work` in the PBX's loop and return what it gives."""
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(work())
            except BaseException as error:
                done.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return done.result(20)

    def talking(self) -> set[str]:
        """Customers' channels that share a bridge with somebody."""
        return self.do(
            lambda: {
                c.unique_id
                for c in self.pbx.switch.channels.values()
                if c.unique_id.startswith("dlr-") and c.bridge is not None
            }
        )

    def calls(self) -> set[str]:
        """Customers' channels."""
        return self.do(lambda: {c for c in self.pbx.switch.channels if c.startswith("dlr-")})

    def hang_up(self, channel_id: str) -> None:
        """The called party of this call hangs up."""
        self.do(lambda: self.pbx.switch.channels[channel_id].hang_up("customer", 16))

    def truths(self) -> list[CallTruth]:
        """What the far ends of ended calls saw."""
        return self.do(lambda: list(self.pbx.truth.calls))

    def flood(self, data: bytes) -> int:
        """Send raw bytes to every logged-in AMI reader; how many there are."""

        def send() -> int:
            sessions = [s for s in self.pbx._sessions if s.logged_in]
            for session in sessions:
                session.send_raw(data)
            return len(sessions)

        return self.do(send)

    def unread(self) -> int:
        """Bytes that the slowest AMI reader is behind."""
        return self.do(
            lambda: max((s._writer.transport.get_write_buffer_size() for s in self.pbx._sessions), default=0)
        )

    def close(self) -> None:
        """End everything."""
        asyncio.run_coroutine_threadsafe(self.pbx.stop(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
