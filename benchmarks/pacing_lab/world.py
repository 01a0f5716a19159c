"""Owns time and calls: dials what laws ask for, lets fates happen, brings people and agents together.

One campaign, or several on one floor: whoever waits longest is served first, whichever campaign called him. Knows of a
law only its contract, and of a law's mind nothing.
"""

from __future__ import annotations

import heapq
import math
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Any

from .campaign import Caller, Campaign
from .contract import Abandoned, CallEnded, Connected, Dialled, Kind, Law, Observation, Staffing, TalkEnded, WrapEnded
from .fates import Fate
from .floor import Floor, Where
from .results import Result
from .scenario import Scenario
from .staffing import number_of_agents, plan

Shares = Callable[[Sequence[Campaign], Collection[int], float], dict[int, int]]
"""How many of the idle agents each campaign (by number) may count as its own at this time."""


def all_to_one(campaigns: Sequence[Campaign], idle: Collection[int], _: float) -> dict[int, int]:
    """Every idle agent is the only campaign's."""
    return {campaigns[0].number: len(idle)}


class World:
    """One run of one floor. The agents, and when they come and go, are those of the first campaign's scenario."""

    def __init__(self, campaigns: Sequence[Campaign], shares: Shares = all_to_one) -> None:
        self.campaigns = campaigns
        self.shares = shares
        self.scenario = campaigns[0].scenario
        self.now = 0.0
        self.floor = Floor(number_of_agents(self.scenario), self.scenario.warm_up_s)
        self.events: list[tuple[float, int, Callable[[Any], None], Any]] = []
        self.number = 0
        self.free_at: dict[int, float] = {}  # when each agent's call and wrap-up will be over
        self.queue: deque[Caller] = deque()
        for campaign in campaigns:
            attach: Callable[[World], None] | None = getattr(campaign.law, "attach", None)
            if attach is not None:  # a bound, which may look behind the view
                attach(self)

    @classmethod
    def of(cls, scenario: Scenario, law: Law, seed: int) -> World:
        """Return the world of one campaign."""
        return cls([Campaign(scenario, law, seed)])

    def run(self) -> list[Result]:
        """Run to the end and return what came of each campaign; occupancy is that of the floor in each of them."""
        end = self.scenario.hours * 3600
        began = time.process_time()
        for move in plan(self.scenario, self.campaigns[0].chances.staff):
            self._at(move.at_s, self._move, move)
        self._at(0.0, self._tick, None)
        events, count = self.events, 0
        while events[0][0] < end:
            self.now, _, handler, subject = heapq.heappop(events)
            handler(subject)
            count += 1
        self.floor.close(end)
        spent = time.process_time() - began
        for campaign in self.campaigns:
            campaign.result.events = count
            campaign.result.close(self.floor, spent)
        return [campaign.result for campaign in self.campaigns]

    def _at(self, when: float, handler: Callable[[Any], None], subject: Any) -> None:
        self.number += 1
        heapq.heappush(self.events, (when, self.number, handler, subject))

    # decisions

    def _tick(self, _: None) -> None:
        self._at(self.now + self.scenario.tick_s, self._tick, None)
        self._decisions()

    def _decisions(self) -> None:
        """Something has changed for every campaign; the agents are shared once for those that decide now."""
        shares: dict[int, int] | None = None
        for campaign in self.campaigns:
            if self._due(campaign):
                shares = shares or self.shares(self.campaigns, self.floor.idle, self.now)
                self._decide(campaign, shares)

    def _want_decision(self, campaign: Campaign) -> None:
        if self._due(campaign):
            self._decide_alone(campaign)

    def _due(self, campaign: Campaign) -> bool:
        """Say whether a campaign may decide now; if not, it will as soon as it may."""
        if campaign.pending:
            return False
        due = campaign.last_decision + self.scenario.coalesce_s
        if due > self.now:
            campaign.pending = True
            self._at(due, self._decide_alone, campaign)
        return due <= self.now

    def _decide_alone(self, campaign: Campaign) -> None:
        self._decide(campaign, self.shares(self.campaigns, self.floor.idle, self.now))

    def _decide(self, campaign: Campaign, shares: dict[int, int]) -> None:
        campaign.pending = False
        campaign.last_decision = self.now
        for fate in campaign.decide(shares[campaign.number], self.floor.staffed, self.now):
            self._dial(campaign, fate)

    # calls

    def _dial(self, campaign: Campaign, fate: Fate) -> None:
        scenario = campaign.scenario
        lead, luck, answer_after_s, kind, ends_after_s, amd_luck = fate
        rate = scenario.answer_rate if scenario.constant_rate else scenario.rate(self.now, lead.segment, lead.attempt)
        dialled = campaign.place(fate, self.now)
        late = next(campaign.chances.late)
        if luck < rate:
            known_at = self.now + answer_after_s + scenario.amd_delay_s
            if amd_luck < scenario.amd_lost:
                campaign.result.lost += 1
                self._at(known_at + late, self._ended, (campaign, dialled, "machine", answer_after_s))
            else:
                self._at(known_at + late, self._answered, Caller(campaign, dialled, known_at, person=True))
        elif kind == "machine":
            known_at = self.now + ends_after_s + scenario.amd_delay_s
            if amd_luck < scenario.amd_passed:
                self._at(known_at + late, self._answered, Caller(campaign, dialled, known_at, person=False))
            else:
                self._at(known_at + late, self._ended, (campaign, dialled, kind, ends_after_s))
        else:
            self._at(self.now + ends_after_s + late, self._ended, (campaign, dialled, kind, ends_after_s))

    def _ended(self, ending: tuple[Campaign, Dialled, Kind, float]) -> None:
        campaign, dialled, kind, ring_s = ending
        campaign.view.ringing.remove(dialled)
        campaign.lines -= 1
        campaign.law.observe(CallEnded(self.now, dialled.at, kind, ring_s, dialled.segment, dialled.attempt))
        self._want_decision(campaign)

    def _answered(self, caller: Caller) -> None:
        campaign, dialled = caller.campaign, caller.dialled
        campaign.view.ringing.remove(dialled)
        ring_s = caller.answered_at - dialled.at - campaign.scenario.amd_delay_s
        campaign.law.observe(CallEnded(self.now, dialled.at, "human", ring_s, dialled.segment, dialled.attempt))
        limit = campaign.scenario.grace_s
        if campaign.chances.patience is not None:
            limit = min(limit, next(campaign.chances.patience))
        caller.waits = True
        self.queue.append(caller)
        campaign.view.waiting.append(caller.answered_at)
        if self.floor.idle and self.now <= caller.answered_at + limit:
            self._connect()
        elif self.now >= caller.answered_at + limit:
            self._give_up(caller)
        elif limit < math.inf:
            self._at(caller.answered_at + limit, self._give_up, caller)

    def _give_up(self, caller: Caller) -> None:
        if not caller.waits:
            return
        campaign = caller.campaign
        self.queue.remove(caller)
        campaign.view.waiting.remove(caller.answered_at)
        campaign.lines -= 1
        waited = self.now - caller.answered_at
        if caller.person:
            campaign.result.resolved(caller.answered_at, waited, abandoned=True)
        else:
            campaign.result.machines_passed += 1
        campaign.law.observe(Abandoned(self.now, waited))
        self._want_decision(campaign)

    def _connect(self) -> None:
        """Give the longest waiting caller the longest idle agent."""
        caller = self.queue.popleft()
        campaign = caller.campaign
        caller.waits = False
        del campaign.view.waiting[0]
        agent = self.floor.take(self.now, campaign.view)
        campaign.view.connected += 1
        waited = self.now - caller.answered_at
        if caller.person:
            campaign.result.resolved(caller.answered_at, waited, abandoned=False)
            talk_s = next(campaign.chances.talks)
        else:
            campaign.result.machines_passed += 1
            talk_s = next(campaign.chances.passed_talks)
        if agent < self.scenario.slow_agents:
            talk_s *= self.scenario.slow_factor
        campaign.law.observe(Connected(self.now, waited))
        over_at = self.now + campaign.scenario.connect_s + talk_s
        wrap_s = next(campaign.chances.wraps)
        self.free_at[agent] = over_at + wrap_s
        ending = (campaign, agent, talk_s, wrap_s, over_at, caller.person)
        self._at(over_at + next(campaign.chances.late), self._talk_ended, ending)

    # agents

    def _talk_ended(self, talk: tuple[Campaign, int, float, float, float, bool]) -> None:
        campaign, agent, talk_s, wrap_s, over_at, person = talk
        campaign.lines -= 1
        campaign.view.connected -= 1
        self.floor.wrap_up(agent, self.now, talk_s, over_at)
        campaign.law.observe(TalkEnded(self.now, talk_s, person))
        done_at = over_at + wrap_s
        late = next(campaign.chances.late)
        self._at(max(self.now, done_at + late), self._wrap_ended, (campaign, agent, talk_s, wrap_s, done_at))
        self._want_decision(campaign)

    def _wrap_ended(self, wrap: tuple[Campaign, int, float, float, float]) -> None:
        campaign, agent, talk_s, wrap_s, done_at = wrap
        before = self.floor.staffed
        here = self.floor.ready(agent, self.now, wrap_s, done_at)
        campaign.law.observe(WrapEnded(self.now, wrap_s))
        campaign.result.handled_s += talk_s + wrap_s
        if self.floor.staffed != before:
            self._tell_all(Staffing(self.now, self.floor.staffed))
        if here and self.queue:
            self._connect()
        self._decisions()

    def _move(self, move: Any) -> None:
        before = self.floor.staffed
        if move.comes:
            if self.floor.where[move.agent] is not Where.OUT:  # still on the call after which he wanted to leave
                self._at(self.now + 10.0, self._move, move)
                return
            self.floor.log_in(move.agent, self.now)
            if self.queue:
                self._connect()
        else:
            self.floor.ask_to_leave(move.agent, self.now, move.announced)
        if self.floor.staffed != before:
            self._tell_all(Staffing(self.now, self.floor.staffed))
            self._decisions()

    def _tell_all(self, what: Observation) -> None:
        for campaign in self.campaigns:
            campaign.law.observe(what)


def run(scenario: Scenario, law: Law, seed: int) -> Result:
    """Run this law in this scenario; the seed fixes everything that is left to chance."""
    return World.of(scenario, law, seed).run()[0]
