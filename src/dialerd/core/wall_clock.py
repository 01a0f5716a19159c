"""Owns noticing that the wall clock was stepped: NTP, a hand, a suspended machine. Reads no clock and repairs nothing.

Deadlines run on monotonic time and do not mind. What is kept by the time of day, as the abandon ledger is, must know.
"""

from __future__ import annotations

from dataclasses import dataclass

from dialerd.core.moment import Moment

STEP_S = 60.0
"""Less is no step: NTP slews half a millisecond a second, and a bucket of the ledger is three minutes wide."""


@dataclass(slots=True)
class WallClock:
    """The wall clock as seen from the monotonic one."""

    ahead_s: float | None = None  # of the monotonic one, when it was last compared and had been stepped

    def step_s(self, now: Moment) -> float:
        """By how much the wall clock was stepped since the last step that was told, or slewed: 0.0 for too little.

        Each step is told once.
        """
        ahead_s = now.wall.timestamp() - now.mono
        if self.ahead_s is None:
            self.ahead_s = ahead_s
        step_s = ahead_s - self.ahead_s
        if abs(step_s) <= STEP_S:
            return 0.0
        self.ahead_s = ahead_s
        return step_s
