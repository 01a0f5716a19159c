"""Owns one campaign of a world: its law, leads and chances, its calls, what the law sees of them, its counts.

Knows neither when anything happens nor who is on the floor: the world says so.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Sequence

from dialerd.core.pacing.shares import Claimant

from .contract import UNLIMITED, Dialled, Law, Lead, View
from .fates import Chances, Fate
from .results import Result
from .scenario import Scenario

CALLS_PER_AGENT = 3.0  # dialerd's own default of max_dial_ratio
PRIORITY = 50


class Caller:
    """Somebody (or, by AMD's mistake, something) who answered a call of a campaign."""

    __slots__ = ("answered_at", "campaign", "dialled", "person", "waits")

    def __init__(self, campaign: Campaign, dialled: Dialled, answered_at: float, person: bool) -> None:
        self.campaign = campaign
        self.dialled = dialled
        self.answered_at = answered_at
        self.person = person
        self.waits = False


class Campaign:
    """One law at work on the leads of one scenario. `calls_per_agent`: of those that it claims agents for."""

    def __init__(
        self, scenario: Scenario, law: Law, seed: int, *, number: int = 0, calls_per_agent: float = CALLS_PER_AGENT
    ) -> None:
        self.scenario = scenario
        self.law = law
        self.number = number
        self.calls_per_agent = calls_per_agent
        self.view = View()
        self.chances = Chances(scenario, seed)
        self.result = Result(scenario, seed)
        self.lines = 0
        self.recent: deque[float] = deque()  # when calls were placed, where the rate is limited
        self.last_decision = -math.inf
        self.pending = False
        self.choose: Callable[[View, int], Sequence[int]] | None = getattr(law, "choose", None)
        self.alike = not scenario.segments
        self.hopper: list[Fate] = []
        self.upcoming: list[Lead] = []
        if self.alike:
            self.view.upcoming = (Lead(0, 0),) * scenario.hopper
        else:
            self._fill()
            self.view.upcoming = self.upcoming

    def claim(self, ready: frozenset[int], now: float) -> Claimant:
        """Say, as the production dialer does, which of the idle agents this campaign has a use for."""
        self._look(now)
        return Claimant(
            campaign_id=self.number,
            priority=PRIORITY,
            ready=ready,
            in_flight=self.view.under_way,
            calls_per_agent=self.calls_per_agent,
            room=min(self.view.lines_free, self.view.rate_free),
            forecasts=self.calls_per_agent > 1,
            busy=len(self.view.talking) + len(self.view.wrapping),
        )

    def decide(self, idle: int, staffed: int, now: float) -> list[Fate]:
        """Ask the law, given how many idle agents are this campaign's; return what will come of the calls it places."""
        self._look(now)
        view = self.view
        view.idle, view.staffed = idle, staffed
        before = time.perf_counter()
        wanted = self.law.decide(view)
        calls = min(wanted, view.lines_free, view.rate_free)
        places = self.choose(view, calls) if calls > 0 and self.choose is not None else ()
        spent = time.perf_counter() - before
        self.result.decided(spent)
        if calls <= 0:
            return []
        if staffed <= 0:
            self.result.dials_without_staff += calls
        if now >= self.scenario.warm_up_s:
            self.result.dials += calls
        chosen = [] if self.alike else [self.hopper[place] for place in places][:calls]
        for place in sorted(places, reverse=True) if chosen else ():
            del self.hopper[place], self.upcoming[place]
        self._fill()
        return [*chosen, *(self._next() for _ in range(calls - len(chosen)))]

    def place(self, fate: Fate, now: float) -> Dialled:
        """Take a line for a call."""
        dialled = Dialled(now, fate.lead.segment, fate.lead.attempt)
        self.view.ringing.append(dialled)
        self.lines += 1
        if self.scenario.calls_per_second < UNLIMITED:
            self.recent.append(now)
        return dialled

    def _look(self, now: float) -> None:
        view = self.view
        view.now = now
        view.lines_free = max(0, self.scenario.lines - self.lines)
        if self.scenario.calls_per_second < UNLIMITED:
            while self.recent and self.recent[0] <= now - 1:
                self.recent.popleft()
            view.rate_free = max(0, int(self.scenario.calls_per_second) - len(self.recent))

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
