"""Owns VICIdial's dial level: a ratio moved every 15 s by idle agents, and cut when the day's drops pass the limit.

Re-stated from its published behaviour (pacing.md 8). Knows no forecast: neither does the original.
"""

from __future__ import annotations

from collections import deque
from typing import Literal

from ..contract import Abandoned, CallEnded, Observation, TalkEnded, View

Method = Literal["RATIO", "HARD_LIMIT", "AVERAGE", "TAPERED"]
SAMPLES = 15
SAMPLE_S = 1.0
LEVEL_S = 15.0
DROPS_S = 60.0


class Vicidial:
    """One campaign on one server. `ghost_s`: how long a call that rang out still counts as a line."""

    def __init__(
        self,
        method: Method = "AVERAGE",
        level: float = 1.0,
        available_only: bool = False,
        maximum_level: float = 3.0,
        limit: float = 0.03,
        loop_s: float = 2.5,
        ghost_s: float = 0.0,
        intensity: int = 0,
        difference_target: int = 0,
        day_s: float = 8 * 3600.0,
        opens_at_h: float = 9.0,
        latest_clock: int = 2100,
    ) -> None:
        self.method = method
        self.level = level
        self.available_only = available_only
        self.maximum_level = maximum_level
        self.limit = limit
        self.loop_s = loop_s
        self.ghost_s = ghost_s
        self.intensity = intensity / 100
        self.difference_target = difference_target
        self.day_s = day_s
        self.opens_at_h = opens_at_h
        self.latest_clock = latest_clock
        self.samples: deque[tuple[int, int, int]] = deque(maxlen=SAMPLES)
        self.next_sample = self.next_level = self.next_drops = self.next_loop = 0.0
        self.ghosts: deque[float] = deque()  # when those who rang out leave the list of lines
        self.calls: deque[float] = deque()  # logged calls and drops of the last minute
        self.drops: deque[float] = deque()
        self.day = 0
        self.calls_today = self.answers_today = self.drops_today = 0
        self.drop_share = 0.0
        self.last_minute = (0, 0)
        self.owed = 0

    def observe(self, what: Observation) -> None:
        match what:
            case CallEnded(at=at, dialled_at=_, kind=kind):
                if kind == "no_answer" and self.ghost_s > 0:
                    self.ghosts.append(at + self.ghost_s)
                else:
                    self._log(at)
            case Abandoned(at=at):
                self.drops_today += 1
                self.answers_today += 1
                self.drops.append(at)
            case TalkEnded():
                self.answers_today += 1

    def decide(self, view: View) -> int:
        now = view.now
        self._new_day(now)
        if now >= self.next_sample:
            self.samples.append((view.idle, len(view.waiting), view.staffed + view.leaving))
            self.next_sample = now + SAMPLE_S
            if now >= self.next_drops:
                self._count_drops(now)
                self.next_drops = now + DROPS_S
            if now >= self.next_level and self.method != "RATIO":
                self._move_level(now)
                self.next_level = now + LEVEL_S
        if self.owed == 0 and now >= self.next_loop:
            self.owed = self._wanted(view)
            self.next_loop = now + self.loop_s
            while self.ghosts and self.ghosts[0] <= now:
                self._log(self.ghosts.popleft())
        calls = min(self.owed, view.rate_free, view.lines_free)
        self.owed -= calls
        if calls:
            self.next_loop = now + self.loop_s
        return calls

    def _wanted(self, view: View) -> int:
        lines = len(view.ringing) + len(view.waiting) + len(self.ghosts)
        if view.staffed <= 0:
            return 0
        if self.available_only:
            return max(0, round(self.level * view.idle) - lines)
        agents = view.idle + len(view.talking)
        return max(0, round(self.level * agents) - lines - view.connected)

    def _move_level(self, now: float) -> None:
        count = len(self.samples)
        ready, waiting, total = (sum(sample[index] for sample in self.samples) / count for index in range(3))
        excess = ready - waiting + self.difference_target
        change = excess / total if total > 0 else 0.0
        change *= 1 - self.intensity if change < 0 else 1 + self.intensity
        level = max(1.0, min(round(self.level * (1 + change), 3), self.maximum_level))
        calls, drops = self.last_minute
        if calls > 20 and drops / calls > 0.5:
            level /= 2
        if self.calls_today > 50 and self.drop_share > self.limit:
            level *= self._brake(now, level)
        self.level = max(1.0, level)

    def _brake(self, now: float, level: float) -> float:
        if self.method == "HARD_LIMIT":
            return 1 / level
        if self.method == "AVERAGE":
            return 0.5
        hour, minute = divmod(self.opens_at_h * 60 + (now % self.day_s) / 60, 60)
        left = self.latest_clock - int(hour * 100 + minute)  # clock numbers subtracted as if they were numbers
        return 0.0 if left < 0 else min(1.0, left / 1000)

    def _log(self, at: float) -> None:
        self.calls_today += 1
        self.calls.append(at)

    def _count_drops(self, now: float) -> None:
        for row in (self.calls, self.drops):
            while row and row[0] < now - 60:
                row.popleft()
        self.last_minute = len(self.calls), len(self.drops)
        self.drop_share = self.drops_today / max(1, self.answers_today)

    def _new_day(self, now: float) -> None:
        if (day := int(now // self.day_s)) != self.day:
            self.day = day
            self.calls_today = self.answers_today = self.drops_today = 0
            self.drop_share = 0.0
