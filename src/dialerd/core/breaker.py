"""Owns when to stop trying what fails every time, and when to try again. Pure; knows nothing of trunks or calls.

After `limit` failures in a row nothing is let through but single probes, at growing pauses, until one works.
"""

from __future__ import annotations


class Breaker:
    """Counts failures in a row on monotonic time. Closed (the normal state) it limits nothing."""

    def __init__(self, *, limit: int, first_pause_s: float, longest_pause_s: float) -> None:
        """`limit` failures in a row open it; the pause between probes doubles up to `longest_pause_s`."""
        self.limit = limit
        self.failures = 0
        self.reason = ""
        self._first_s = first_pause_s
        self._longest_s = longest_pause_s
        self._pause_s = first_pause_s
        self._probe_at: float | None = None

    @property
    def open(self) -> bool:
        """True while only probes are let through."""
        return self._probe_at is not None

    @property
    def pause_s(self) -> float:
        """Seconds between the last probe and the next."""
        return self._pause_s

    def failed(self, reason: str, now_mono: float) -> bool:
        """One more failure; True when this one opens it. Failures of what was under way then change nothing."""
        self.failures += 1
        self.reason = reason
        if self.open or self.failures < self.limit:
            return False
        self._pause_s = self._first_s
        self._probe_at = now_mono + self._pause_s
        return True

    def worked(self) -> bool:
        """It works: everything as before. True when it was open."""
        was_open = self.open
        self.failures, self.reason, self._probe_at = 0, "", None
        return was_open

    def free(self, most: int, now_mono: float) -> int:
        """Of `most` tries, how many are let through now: all, or while it is open one probe after each pause."""
        if self._probe_at is None:
            return most
        return min(most, 1) if now_mono >= self._probe_at else 0

    def took(self, tries: int, now_mono: float) -> None:
        """`tries` are made now: the next probe is a longer pause away."""
        if self._probe_at is not None and tries > 0:
            if now_mono >= self._probe_at:
                self._pause_s = min(2 * self._pause_s, self._longest_s)
            self._probe_at = max(self._probe_at, now_mono + self._pause_s)
