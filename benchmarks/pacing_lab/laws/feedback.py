"""Owns two laws that steer a ratio by its result: gain and correction (as Cisco's), PI on abandons (as UNICOM's).

Re-stated from their documentation (pacing.md 1.1, items 16, 17 and 25). They forecast nothing.
"""

from __future__ import annotations

import math

from ..contract import Abandoned, Connected, Observation, View
from .statistics import Recent, note


class GainAndCorrection:
    """Lines per idle agent, moved by `gain` after every `correction` live answers: up under the limit, else down."""

    def __init__(self, limit: float = 0.03, gain: float = 1.0, correction: int = 100, maximum: float = 3.0) -> None:
        self.limit = limit
        self.gain = gain
        self.correction = correction
        self.maximum = maximum
        self.lines_per_agent = 1.0
        self.live = self.abandoned = 0

    def observe(self, what: Observation) -> None:
        if isinstance(what, Abandoned):
            self.abandoned += 1
        if isinstance(what, Abandoned | Connected):
            self.live += 1
            if self.live == self.correction:
                up = self.abandoned <= self.limit * self.live
                moved = self.lines_per_agent + (self.gain if up else -self.gain)
                self.lines_per_agent = min(max(moved, 1.0), self.maximum)
                self.live = self.abandoned = 0

    def decide(self, view: View) -> int:
        return int(self.lines_per_agent * view.idle + 1e-9) - view.under_way


class PiOnAbandons:
    """Calls in dial = W + W x adjust x failed / answered for W idle agents; adjust follows the abandon rate.

    The defaults are Predict1PI's; its gains are not published, so the open controller's are taken for both.
    """

    STEP_S = 0.5

    def __init__(
        self,
        target: float = 0.028,
        proportional: float = 2.0,
        integral: float = 0.05,
        adjust: float = 150.0,
        guard: float = math.inf,
        least_idle: int = 1,
        quiet_s: float = 0.0,
        least_answers: int = 1,
    ) -> None:
        self.target = target
        self.proportional = proportional
        self.integral = integral
        self.start = adjust
        self.sum = 0.0
        self.guard = guard
        self.least_idle = least_idle
        self.quiet_s = quiet_s
        self.least_answers = least_answers
        self.book = Recent(15 * 60.0)
        self.stepped_at = 0.0

    def observe(self, what: Observation) -> None:
        note(what, (self.book,))

    def decide(self, view: View) -> int:
        self.book.forget(view.now)
        answered = self.book.count("human")
        live = self.book.count("connected", "abandoned")
        abandoned = self.book.count("abandoned") / live if live else 0.0
        adjust = self._adjust(view.now, 100 * (self.target - abandoned))
        if view.now < self.quiet_s or answered < self.least_answers or abandoned > self.guard:
            return view.idle - view.under_way
        if view.idle < self.least_idle:
            return 0
        failed = self.book.count("no_answer", "machine", "busy")
        return int(view.idle * (1 + adjust / 100 * failed / answered)) - view.under_way

    def _adjust(self, now: float, error: float) -> float:
        steps = (now - self.stepped_at) / self.STEP_S
        self.stepped_at = now
        self.sum = min(max(self.sum + self.integral * error * steps, -self.start), 1000 - self.start)
        return min(max(self.start + self.proportional * error + self.sum, 0.0), 1000.0)


def open_pi(agents: int, limit: float = 0.03) -> PiOnAbandons:
    """Return the open controller: progressive for 5 min and 10 answers and above the limit, else from three idle on."""
    return PiOnAbandons(limit, guard=limit, least_idle=min(3, agents), quiet_s=300.0, least_answers=10)
