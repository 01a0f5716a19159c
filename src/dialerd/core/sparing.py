"""Owns how often the same thing is told: a few times in a while, then a count. Pure; knows nothing of logs."""

from __future__ import annotations


class Sparing:
    """At most `most` tellings in `per_s` seconds, on monotonic time."""

    def __init__(self, *, most: int = 5, per_s: float = 60.0) -> None:
        self.most = most
        self.per_s = per_s
        self._since = float("-inf")
        self._told = 0
        self._kept_back = 0

    def admit(self, now_mono: float) -> int | None:
        """None: be silent about this one. Otherwise tell it, and how many were kept back before it."""
        if now_mono - self._since >= self.per_s:
            self._since, self._told = now_mono, 0
        if self._told >= self.most:
            self._kept_back += 1
            return None
        self._told += 1
        kept_back, self._kept_back = self._kept_back, 0
        return kept_back
