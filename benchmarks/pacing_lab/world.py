"""Owns time and calls: dials what a law asks for, lets fates happen, brings people and agents together, keeps count.

Knows of a law only its contract, and of a law's mind nothing.
"""

from __future__ import annotations

import heapq
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from .contract import (
    UNLIMITED,
    Abandoned,
    CallEnded,
    Connected,
    Dialled,
    Kind,
    Law,
    Lead,
    Observation,
    Staffing,
    TalkEnded,
    View,
    WrapEnded,
)
from .fates import Chances, Fate
from .floor import Floor, Where
from .results import Result
from .scenario import Scenario
from .staffing import number_of_agents, plan

__all__ = (
    "Abandoned", "CallEnded", "Connected", "Dialled", "Law", "Lead", "Observation", "Staffing", "TalkEnded", "View",
    "World", "WrapEnded", "run",
)  # fmt: skip


class Caller:
    """Somebody (or, by AMD's mistake, something) who answered."""

    __slots__ = ("answered_at", "dialled", "person", "waits")

    def __init__(self, dialled: Dialled, answered_at: float, person: bool) -> None:
        self.dialled = dialled
        self.answered_at = answered_at
        self.person = person
        self.waits = False


class World:
    """One run of one law in one scenario."""

    def __init__(self, scenario: Scenario, law: Law, seed: int) -> None:
        self.scenario = scenario
        self.law = law
        self.seed = seed
        self.now = 0.0
        self.view = View()
        self.floor = Floor(number_of_agents(scenario), self.view, scenario.warm_up_s)
        self.chances = Chances(scenario, seed)
        self.events: list[tuple[float, int, Callable[[Any], None], Any]] = []
        self.number = 0
        self.lines = 0
        self.free_at: dict[int, float] = {}  # when each agent's call and wrap-up will be over
        self.queue: deque[Caller] = deque()
        self.recent: deque[float] = deque()  # when calls were placed, where the rate is limited
        self.last_decision = -math.inf
        self.pending = False
        self.choose: Callable[[View, int], Sequence[int]] | None = getattr(law, "choose", None)
        self.hopper: list[Fate] = []
        self.alike = not scenario.segments
        self.result = Result(scenario, seed)
        if self.alike:
            self.view.upcoming = (Lead(0, 0),) * scenario.hopper
        else:
            self.hopper = [next(self.chances.fates) for _ in range(scenario.hopper)]
            self.upcoming = [fate.lead for fate in self.hopper]
            self.view.upcoming = self.upcoming
        attach: Callable[[World], None] | None = getattr(law, "attach", None)
        if attach is not None:  # a bound, which may look behind the view
            attach(self)

    def run(self) -> Result:
        """Run to the end and return what came of it."""
        end = self.scenario.hours * 3600
        began = time.process_time()
        for move in plan(self.scenario, self.chances.staff):
            self._at(move.at_s, self._move, move)
        self._at(0.0, self._tick, None)
        events = self.events
        while events[0][0] < end:
            self.now, _, handler, subject = heapq.heappop(events)
            handler(subject)
            self.result.events += 1
        self.floor.close(end)
        self.result.close(self.floor, time.process_time() - began)
        return self.result

    def _at(self, when: float, handler: Callable[[Any], None], subject: Any) -> None:
        self.number += 1
        heapq.heappush(self.events, (when, self.number, handler, subject))

    # decisions

    def _tick(self, _: None) -> None:
        self._at(self.now + self.scenario.tick_s, self._tick, None)
        self._want_decision()

    def _want_decision(self) -> None:
        if self.pending:
            return
        due = self.last_decision + self.scenario.coalesce_s
        if due <= self.now:
            self._decide(None)
        else:
            self.pending = True
            self._at(due, self._decide, None)

    def _decide(self, _: None) -> None:
        self.pending = False
        self.last_decision = self.now
        view = self.view
        view.now = self.now
        view.lines_free = max(0, self.scenario.lines - self.lines)
        if self.scenario.calls_per_second < UNLIMITED:
            while self.recent and self.recent[0] <= self.now - 1:
                self.recent.popleft()
            view.rate_free = max(0, int(self.scenario.calls_per_second) - len(self.recent))
        before = time.perf_counter()
        wanted = self.law.decide(view)
        calls = min(wanted, view.lines_free, view.rate_free)
        places = self.choose(view, calls) if calls > 0 and self.choose is not None else ()
        spent = time.perf_counter() - before
        self.result.decided(spent)
        if calls <= 0:
            return
        if view.staffed <= 0:
            self.result.dials_without_staff += calls
        if self.now >= self.scenario.warm_up_s:
            self.result.dials += calls
        chosen = [] if self.alike else [self.hopper[place] for place in places]
        for place in sorted(places, reverse=True) if chosen else ():
            del self.hopper[place], self.upcoming[place]
        self._fill()
        for number in range(calls):
            self._dial(chosen[number] if number < len(chosen) else self._next())

    def _fill(self) -> None:
        while len(self.hopper) < self.scenario.hopper and not self.alike:
            coming = next(self.chances.fates)
            self.hopper.append(coming)
            self.upcoming.append(coming.lead)

    def _next(self) -> Fate:
        if self.alike:
            return next(self.chances.fates)
        fate = self.hopper.pop(0)
        del self.upcoming[0]
        self._fill()
        return fate

    # calls

    def _dial(self, fate: Fate) -> None:
        scenario = self.scenario
        lead, luck, answer_after_s, kind, ends_after_s, amd_luck = fate
        rate = scenario.answer_rate if scenario.constant_rate else scenario.rate(self.now, lead.segment, lead.attempt)
        dialled = Dialled(self.now, lead.segment, lead.attempt)
        self.view.ringing.append(dialled)
        self.lines += 1
        if scenario.calls_per_second < UNLIMITED:
            self.recent.append(self.now)
        late = next(self.chances.late)
        if luck < rate:
            known_at = self.now + answer_after_s + scenario.amd_delay_s
            if amd_luck < scenario.amd_lost:
                self.result.lost += 1
                self._at(known_at + late, self._ended, (dialled, "machine", answer_after_s))
            else:
                self._at(known_at + late, self._answered, Caller(dialled, known_at, person=True))
        elif kind == "machine":
            known_at = self.now + ends_after_s + scenario.amd_delay_s
            if amd_luck < scenario.amd_passed:
                self._at(known_at + late, self._answered, Caller(dialled, known_at, person=False))
            else:
                self._at(known_at + late, self._ended, (dialled, kind, ends_after_s))
        else:
            self._at(self.now + ends_after_s + late, self._ended, (dialled, kind, ends_after_s))

    def _ended(self, ending: tuple[Dialled, Kind, float]) -> None:
        dialled, kind, ring_s = ending
        self.view.ringing.remove(dialled)
        self.lines -= 1
        self.law.observe(CallEnded(self.now, dialled.at, kind, ring_s, dialled.segment, dialled.attempt))
        self._want_decision()

    def _answered(self, caller: Caller) -> None:
        dialled = caller.dialled
        self.view.ringing.remove(dialled)
        ring_s = caller.answered_at - dialled.at - self.scenario.amd_delay_s
        self.law.observe(CallEnded(self.now, dialled.at, "human", ring_s, dialled.segment, dialled.attempt))
        limit = self.scenario.grace_s
        if self.chances.patience is not None:
            limit = min(limit, next(self.chances.patience))
        caller.waits = True
        self.queue.append(caller)
        self.view.waiting.append(caller.answered_at)
        if self.floor.idle and self.now <= caller.answered_at + limit:
            self._connect()
        elif self.now >= caller.answered_at + limit:
            self._give_up(caller)
        elif limit < math.inf:
            self._at(caller.answered_at + limit, self._give_up, caller)

    def _give_up(self, caller: Caller) -> None:
        if not caller.waits:
            return
        self.queue.remove(caller)
        self.view.waiting.remove(caller.answered_at)
        self.lines -= 1
        waited = self.now - caller.answered_at
        if caller.person:
            self.result.resolved(caller.answered_at, waited, abandoned=True)
        else:
            self.result.machines_passed += 1
        self.law.observe(Abandoned(self.now, waited))
        self._want_decision()

    def _connect(self) -> None:
        """Give the longest waiting caller the longest idle agent."""
        caller = self.queue.popleft()
        caller.waits = False
        del self.view.waiting[0]
        agent = self.floor.take(self.now)
        self.view.connected += 1
        waited = self.now - caller.answered_at
        if caller.person:
            self.result.resolved(caller.answered_at, waited, abandoned=False)
            talk_s = next(self.chances.talks)
        else:
            self.result.machines_passed += 1
            talk_s = next(self.chances.passed_talks)
        if agent < self.scenario.slow_agents:
            talk_s *= self.scenario.slow_factor
        self.law.observe(Connected(self.now, waited))
        over_at = self.now + self.scenario.connect_s + talk_s
        wrap_s = next(self.chances.wraps)
        self.free_at[agent] = over_at + wrap_s
        ending = (agent, talk_s, wrap_s, over_at, caller.person)
        self._at(over_at + next(self.chances.late), self._talk_ended, ending)

    # agents

    def _talk_ended(self, talk: tuple[int, float, float, float, bool]) -> None:
        agent, talk_s, wrap_s, over_at, person = talk
        self.lines -= 1
        self.view.connected -= 1
        self.floor.wrap_up(agent, self.now, talk_s, over_at)
        self.law.observe(TalkEnded(self.now, talk_s, person))
        done_at = over_at + wrap_s
        self._at(max(self.now, done_at + next(self.chances.late)), self._wrap_ended, (agent, wrap_s, done_at))
        self._want_decision()

    def _wrap_ended(self, wrap: tuple[int, float, float]) -> None:
        agent, wrap_s, done_at = wrap
        before = self.view.staffed
        here = self.floor.ready(agent, self.now, wrap_s, done_at)
        self.law.observe(WrapEnded(self.now, wrap_s))
        if self.view.staffed != before:
            self.law.observe(Staffing(self.now, self.view.staffed))
        if here and self.queue:
            self._connect()
        self._want_decision()

    def _move(self, move: Any) -> None:
        before = self.view.staffed
        if move.comes:
            if self.floor.where[move.agent] is not Where.OUT:  # still on the call after which he wanted to leave
                self._at(self.now + 10.0, self._move, move)
                return
            self.floor.log_in(move.agent, self.now)
            if self.queue:
                self._connect()
        else:
            self.floor.ask_to_leave(move.agent, self.now, move.announced)
        if self.view.staffed != before:
            self.law.observe(Staffing(self.now, self.view.staffed))
            self._want_decision()


def run(scenario: Scenario, law: Law, seed: int) -> Result:
    """Run this law in this scenario; the seed fixes everything that is left to chance."""
    return World(scenario, law, seed).run()
