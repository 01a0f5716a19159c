"""Owns two older laws that forecast agents, not answers: a window that grows and shrinks (EIS), a threshold (Issabel).

Re-stated from their published descriptions (pacing.md 1.1, items 6 and 19).
"""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from collections import deque

from ..contract import Abandoned, Connected, Observation, TalkEnded, View, WrapEnded
from .statistics import Recent, note


class Lengths:
    """The last lengths of something, and how likely one that has lasted so long ends within a window."""

    def __init__(self, most: int = 500) -> None:
        self.row: deque[float] = deque()
        self.ordered: list[float] = []
        self.most = most

    def add(self, length_s: float) -> None:
        """Take in one more."""
        self.row.append(length_s)
        insort(self.ordered, length_s)
        if len(self.row) > self.most:
            del self.ordered[bisect_right(self.ordered, self.row.popleft()) - 1]

    def ends_within(self, lasted_s: float, window_s: float) -> float:
        """Return the share of those longer than `lasted_s` that end in the next `window_s`."""
        longer = len(self.ordered) - bisect_right(self.ordered, lasted_s)
        later = len(self.ordered) - bisect_right(self.ordered, lasted_s + window_s)
        return 1 - later / longer if longer else 1.0


class Window:
    """Dial for the agents expected to be free within a window; it follows the abandon rate.

    Below zero the window takes idle agents away instead: the only brake left on a small floor.
    """

    def __init__(self, limit: float = 0.03, step_s: float = 0.5, correction: int = 20) -> None:
        self.limit = limit
        self.step_s = step_s
        self.correction = correction
        self.window_s = 0.0
        self.handles = Lengths()
        self.wraps = Lengths()
        self.book = Recent(15 * 60.0)
        self.wrap_mean = Recent()
        self.live = 0

    def observe(self, what: Observation) -> None:
        note(what, (self.book,))
        match what:
            case TalkEnded(talk_s=talk_s):
                self.handles.add(talk_s + self.wrap_mean.mean("wrap", 20.0))
            case WrapEnded(wrap_s=wrap_s):
                self.wraps.add(wrap_s)
                self.wrap_mean.add(0.0, "wrap", wrap_s)
            case Abandoned() | Connected():
                self.live += 1
                if self.live % self.correction == 0:
                    self._correct()

    def decide(self, view: View) -> int:
        self.book.forget(view.now)
        answered = self.book.count("human")
        ended = answered + self.book.count("no_answer", "machine", "busy")
        if answered < 10:
            return view.idle - view.under_way
        if self.window_s > 0:
            free = view.idle + sum(self.handles.ends_within(view.now - since, self.window_s) for since in view.talking)
            free += sum(self.wraps.ends_within(view.now - since, self.window_s) for since in view.wrapping)
        else:
            free = view.idle * math.exp(self.window_s / 10)
        return max(int(free * ended / answered), view.idle if self.window_s < 0 else 0) - view.under_way

    def _correct(self) -> None:
        live = self.book.count("connected", "abandoned")
        error = self.limit - self.book.count("abandoned") / max(1, live)
        self.window_s += self.step_s if error > 0 else -2 * self.step_s
        self.window_s = min(max(self.window_s, -20.0), 30.0)


class Threshold:
    """Counts a busy agent as free when the chance that his talk is over by the time of an answer passes a threshold.

    The chance is that of an exponential length at (elapsed + answer delay). With `overcommit`, one line per agent
    becomes one per share of calls answered.
    """

    def __init__(self, threshold: float = 0.95, overcommit: bool = False) -> None:
        self.threshold = threshold
        self.overcommit = overcommit
        self.book = Recent(3600.0)

    def observe(self, what: Observation) -> None:
        note(what, (self.book,))

    def decide(self, view: View) -> int:
        self.book.forget(view.now)
        talk_s, delay_s = self.book.mean("talk", 180.0), self.book.mean("human", 8.0)
        since = view.now + delay_s + talk_s * math.log(1 - self.threshold)  # talks begun before this count
        free = view.idle + sum(start <= since for start in view.talking)
        answered = self.book.count("human")
        ended = answered + self.book.count("no_answer", "machine", "busy")
        lines = math.ceil(free * ended / answered) if self.overcommit and ended >= 10 and answered else free
        return lines - view.under_way
