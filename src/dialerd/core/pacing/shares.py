"""Owns how ready agents are shared between campaigns: by priority, equal parts among equals, nobody counted twice."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

TURN_S = 60.0  # for so long the agent who is left over belongs to the same one of the campaigns of equal priority


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimant:
    """One campaign asking for agents: who is ready for it, its calls in flight, and the most it could place now.

    `spare`: calls beyond its agents that it may have at all (what the abandon ledger still allows); None: any.
    `forecasts`: it dials by who will be free, not so many calls for each agent (predictive).
    `busy`: agents of several campaigns, none of them in `ready`, whom its calls keep busy now.
    """

    campaign_id: int
    priority: int
    ready: frozenset[int]
    in_flight: int
    calls_per_agent: float
    room: int
    spare: int | None = None
    forecasts: bool = False
    busy: int = 0

    def kept(self) -> int:
        """How many ready agents its calls in flight need: who forecasts placed them for its busy ones as well."""
        return self.agents_for(self.in_flight) - (self.busy if self.forecasts else 0)

    def agents_for(self, calls: int) -> int:
        """How many agents `calls` calls need."""
        at_least = calls - self.spare if self.spare is not None else 0
        return max(math.ceil(calls / max(1.0, self.calls_per_agent)), at_least)


def turn_at(mono: float) -> int:
    """Whose turn it is among equals at this second of the monotonic clock."""
    return math.floor(mono / TURN_S)


def share_agents(claimants: Sequence[Claimant], turn: int = 0) -> dict[int, list[int]]:
    """Given the claimants, return for each campaign the ready agents that it may count as its own.

    First every campaign keeps the agents that its calls in flight need (by priority), then the highest priority
    takes what it has room for, and so on: a campaign without leads or lines leaves its agents to the others. Who is
    left belongs to the first campaigns that forecast: ten idle agents bear more calls than five times two. An agent
    of several campaigns is counted for one of them only. Agents with few campaigns are used up first so that flexible
    agents stay available.

    Campaigns of equal priority take turns at each step, whoever has fewest of the agents of several campaigns first,
    the busy ones included: who has many agents on the phone forecasts with them, takes the next one as well, and would
    in the end have all. Who is the first of those that have equally many changes with `turn`.
    """
    memberships = Counter(agent for claimant in claimants for agent in claimant.ready)
    sharing = _Sharing(claimants, memberships)
    ranks = [list(equals) for _, equals in groupby(sorted(claimants, key=_rank), key=lambda c: c.priority)]
    ranks = [_in_turn([one for one in equals if one.ready], turn) for equals in ranks]
    for equals in ranks:
        sharing.give(equals, Claimant.kept)
    for equals in ranks:
        sharing.give(equals, lambda one: one.agents_for(one.in_flight + one.room))
    for equals in ranks:  # whom nobody else wants may as well be counted on
        sharing.give([one for one in equals if one.forecasts and one.room > 0], lambda one: len(one.ready))
    return sharing.own


def _rank(claimant: Claimant) -> tuple[int, int]:
    return -claimant.priority, claimant.campaign_id


def _in_turn(equals: list[Claimant], turn: int) -> list[Claimant]:
    """The campaigns of one priority in the order of this turn.

    Each comes first as often as any other. Every second round goes backwards: of any two, each is before the other as
    often as after it, also when those between them want nothing.
    """
    if len(equals) < 2:
        return equals
    around, first = divmod(turn, len(equals))
    order = equals[first:] + equals[:first]
    return order[::-1] if around % 2 else order


@dataclass(slots=True)
class _Sharing:
    """Who has whom so far."""

    claimants: Sequence[Claimant]
    memberships: Counter[int]
    taken: set[int] = field(default_factory=set)
    own: dict[int, list[int]] = field(init=False)
    shared: Counter[int] = field(init=False)  # by campaign: its agents, busy ones too, that others could have had

    def __post_init__(self) -> None:
        self.own = {claimant.campaign_id: [] for claimant in self.claimants}
        self.shared = Counter({claimant.campaign_id: claimant.busy for claimant in self.claimants})

    def give(self, equals: Sequence[Claimant], wanted: Callable[[Claimant], int]) -> None:
        """Give each of these campaigns free agents until it has as many as wanted."""
        missing = {one.campaign_id: wanted(one) - len(self.own[one.campaign_id]) for one in equals}
        asking = [one for one in equals if missing[one.campaign_id] > 0]
        if len(asking) == 1:
            self._take(asking[0], self._first(asking[0], missing[asking[0].campaign_id]))
            return
        free = [iter(self._first(one, len(one.ready))) for one in asking]
        queue = [(self.shared[one.campaign_id], place) for place, one in enumerate(asking)]
        heapq.heapify(queue)
        while queue:
            _, place = heapq.heappop(queue)
            campaign_id = asking[place].campaign_id
            agent = next((one for one in free[place] if one not in self.taken), None)
            if agent is None:
                continue
            self._take(asking[place], [agent])
            missing[campaign_id] -= 1
            if missing[campaign_id] > 0:
                heapq.heappush(queue, (self.shared[campaign_id], place))

    def _first(self, claimant: Claimant, needed: int) -> list[int]:
        """The first `needed` of its agents that nobody has, those of few campaigns first."""
        return sorted(claimant.ready - self.taken, key=lambda agent: (self.memberships[agent], agent))[:needed]

    def _take(self, claimant: Claimant, agents: Sequence[int]) -> None:
        self.taken.update(agents)
        self.own[claimant.campaign_id] += agents
        self.shared[claimant.campaign_id] += sum(1 for agent in agents if self.memberships[agent] > 1)
