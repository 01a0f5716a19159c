"""Owns calls per second: a token bucket on monotonic time. Knows nothing of campaigns or trunks."""

from __future__ import annotations

import math


class CallRate:
    """At most `per_second` calls a second on average, and at most one second's worth at once."""

    def __init__(self, per_second: float) -> None:
        self.per_second = per_second
        self._tokens: float | None = None
        self._at = 0.0

    def free(self, now_mono: float) -> int:
        """How many calls may be placed now."""
        burst = max(1.0, self.per_second)
        if self._tokens is None:
            self._tokens = burst
        else:
            self._tokens = min(burst, self._tokens + max(0.0, now_mono - self._at) * self.per_second)
        self._at = now_mono
        return math.floor(self._tokens + 1e-9)

    def take(self, calls: int, now_mono: float) -> None:
        """Use up `calls` of what is free; it may go below zero when a caller does not ask first."""
        self.free(now_mono)
        self._tokens = (self._tokens or 0.0) - calls
