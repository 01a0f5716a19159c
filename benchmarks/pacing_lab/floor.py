"""Owns the agents: who is idle, talking, wrapping up or out, who is about to leave, and the seconds this adds up to.

Knows neither calls nor leads nor when anything ends: the world says so.
"""

from __future__ import annotations

from collections import deque
from enum import IntEnum

from .contract import View


class Where(IntEnum):
    OUT = 0
    IDLE = 1
    TALK = 2
    WRAP = 3


class Stays(IntEnum):
    YES = 0
    NO = 1  # leaves after the call, and nobody knows
    ANNOUNCED = 2  # leaves after the call, as the dialer knows


class Floor:
    """Agents by number. The lists of a view that speak of busy agents are kept here, in place.

    A busy agent stands in the view of the campaign whose call keeps him busy, and in no other.
    """

    def __init__(self, agents: int, warm_up_s: float) -> None:
        self.staffed = 0  # logged in, not paused, not about to leave as far as the dialer knows
        self.views = [View() for _ in range(agents)]  # that of the campaign of each agent's latest call
        self.warm_up_s = warm_up_s
        self.where = [Where.OUT] * agents
        self.stays = [Stays.YES] * agents
        self.since = [0.0] * agents
        self.logged_in_at = [0.0] * agents
        self.idle: deque[int] = deque()  # longest idle first
        self.talk_s = self.wrap_s = self.logged_in_s = 0.0
        self.idle_before_call: list[float] = []

    def counted(self, since: float, until: float) -> float:
        """Return how much of this time lies after the warm-up."""
        return until - (since if since > self.warm_up_s else self.warm_up_s) if until > self.warm_up_s else 0.0

    def log_in(self, agent: int, now: float) -> bool:
        """Bring an agent in (or keep one who was about to leave); return whether that changed anything."""
        if self.where[agent] is not Where.OUT:
            return False
        self.stays[agent] = Stays.YES
        self.logged_in_at[agent] = now
        self.staffed += 1
        self._to_idle(agent, now)
        return True

    def ask_to_leave(self, agent: int, now: float, announced: bool) -> bool:
        """Send an agent out: now if idle, else after the call; return whether he is out already."""
        where = self.where[agent]
        if where is Where.IDLE:
            self.idle.remove(agent)
            self.staffed -= 1
            self._out(agent, now)
            return True
        if where is not Where.OUT and self.stays[agent] is Stays.YES:
            self.stays[agent] = Stays.ANNOUNCED if announced else Stays.NO
            if announced:
                view = self.views[agent]
                (view.talking if where is Where.TALK else view.wrapping).remove(self.since[agent])
                view.leaving += 1
                self.staffed -= 1
        return False

    def take(self, now: float, view: View) -> int:
        """Return the agent who has been idle longest, now talking on a call of the campaign with this view."""
        agent = self.idle.popleft()
        self.views[agent] = view
        if now > self.warm_up_s:
            self.idle_before_call.append(now - self.since[agent])
        self.where[agent] = Where.TALK
        self.since[agent] = now
        view.talking.append(now)
        return agent

    def wrap_up(self, agent: int, now: float, talk_s: float, spoken_until: float) -> None:
        """Move an agent from the talk to the wrap-up; the talk itself ended at `spoken_until`, perhaps before now."""
        stays = self.stays[agent] is not Stays.ANNOUNCED
        if stays:
            view = self.views[agent]
            view.talking.remove(self.since[agent])
            view.wrapping.append(now)
        self.talk_s += self.counted(spoken_until - talk_s, spoken_until)
        self.where[agent] = Where.WRAP
        self.since[agent] = now

    def ready(self, agent: int, now: float, wrap_s: float, done_at: float) -> bool:
        """End the wrap-up; return whether the agent is there for another call."""
        stays = self.stays[agent]
        self.wrap_s += self.counted(done_at - wrap_s, done_at)
        if stays is not Stays.ANNOUNCED:
            self.views[agent].wrapping.remove(self.since[agent])
            if stays is Stays.YES:
                self._to_idle(agent, now)
                return True
            self.staffed -= 1
        else:
            self.views[agent].leaving -= 1
        self._out(agent, now)
        return False

    def close(self, now: float) -> None:
        """Count what is still going on when the run ends."""
        for agent, where in enumerate(self.where):
            if where is Where.OUT:
                continue
            self.logged_in_s += self.counted(self.logged_in_at[agent], now)
            if where is Where.TALK:
                self.talk_s += self.counted(self.since[agent], now)
            elif where is Where.WRAP:
                self.wrap_s += self.counted(self.since[agent], now)

    def _to_idle(self, agent: int, now: float) -> None:
        self.where[agent] = Where.IDLE
        self.since[agent] = now
        self.idle.append(agent)

    def _out(self, agent: int, now: float) -> None:
        self.where[agent] = Where.OUT
        self.logged_in_s += self.counted(self.logged_in_at[agent], now)
