"""Owns the original system's law: a ratio from the answer rate, idle agents and those about to be free.

Repaired in two places as pacing.md 9 says: abandons count over live answers, and only calls not yet answered are
subtracted. Knows nothing else better than the original did.
"""

from __future__ import annotations

import math

from ..contract import Observation, View
from .statistics import Recent, note


class Original:
    """Once a second; its rates are of the last hour, its means of the last 15 minutes, looked up every 5 s."""

    def __init__(self, limit: float = 0.03, maximum_ratio: float = 3.0, safety: float = 0.85) -> None:
        self.target = 100 * limit
        self.maximum = self.target * 5 / 3
        self.ratios = (1.0, maximum_ratio)
        self.safety = safety
        self.hour = Recent(3600.0)
        self.quarter = Recent(900.0)
        self.looked_at = self.decided_at = -math.inf
        self.base = self.factor = 1.0
        self.ring_s, self.talk_s, self.wrap_s = 15.0, 180.0, 30.0

    def observe(self, what: Observation) -> None:
        note(what, (self.hour, self.quarter))

    def decide(self, view: View) -> int:
        if view.now < self.decided_at + 1:
            return 0
        self.decided_at = view.now
        if view.now >= self.looked_at + 5:
            self._look(view.now)
        wrapping = len(view.wrapping)
        if view.idle == 0 and wrapping == 0:
            return 0
        busy_end = len(view.talking) * (1 - math.exp(-self.ring_s / self.talk_s))
        predicted = int(view.idle + busy_end + wrapping * (1 - math.exp(-self.ring_s / self.wrap_s)))
        ratio = self.base * self.factor * self.safety
        if predicted > view.idle:
            ratio *= min(predicted / max(view.idle, 1), 1.3)
        ratio = round(min(max(ratio, self.ratios[0]), self.ratios[1]), 2)
        calls = int((view.idle + 0.5 * wrapping) * ratio - view.under_way)
        return min(calls, max(2, 2 * view.idle))

    def _look(self, now: float) -> None:
        self.looked_at = now
        self.hour.forget(now)
        self.quarter.forget(now)
        ended = self.hour.count("human", "machine", "no_answer", "busy")
        answer, machine = 30.0, 15.0
        if ended:
            answer = 100 * self.hour.count("human", "machine") / ended
            machine = 100 * self.hour.count("machine") / ended
        hits = answer / 100 * (1 - machine / 100) or 0.25
        self.base = 1 / hits
        live = self.hour.count("connected", "abandoned")
        self.factor = self._abandon_factor(100 * self.hour.count("abandoned") / live if live else 0.0)
        self.talk_s = self.quarter.mean("talk", 180.0)
        self.ring_s = self.quarter.mean("human", 15.0)

    def _abandon_factor(self, rate: float) -> float:
        if rate >= self.maximum:
            return 0.5
        if rate > self.target:
            return 1 - 0.4 * (rate - self.target) / (self.maximum - self.target)
        return 1.15 if rate < self.target / 2 else 1.0
