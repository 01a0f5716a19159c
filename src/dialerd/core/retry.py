"""Owns what a campaign does after an outcome: when to try again, at which number, or not at all. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

LONGEST_DELAY_S = 365 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRule:
    """The rule for one outcome: a disposition code or a status (`busy`, `no_answer` …).

    After the n-th attempt at one number with this outcome the lead waits `delay_s` × `growth`^(n−1), at most
    `max_delay_s`; after `max_attempts` of them (0: no such limit) it goes on to its next number or is exhausted.
    """

    outcome: str
    delay_s: float = 3600.0
    growth: float = 1.0
    max_delay_s: float = 604_800.0
    max_attempts: int = 0
    next_number: bool = False  # try the lead's next number next time
    stop: bool = False  # never again

    def delay(self, times: int) -> timedelta:
        """How long a lead waits after this outcome has come for the `times`-th time (from 1)."""
        seconds = min(self.delay_s, self.max_delay_s)
        for _ in range(min(times, 64) - 1):  # by steps: growth^n would overflow
            seconds = min(seconds * self.growth, self.max_delay_s)
        return timedelta(seconds=max(0.0, min(seconds, LONGEST_DELAY_S)))


def rule_for(rules: Mapping[str, RetryRule], disposition: str, status: str) -> RetryRule | None:
    """The rule for a disposition, else for the status behind it, else None: the campaign's `retry_delay`."""
    return rules.get(disposition) or rules.get(status)
