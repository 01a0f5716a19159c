"""Owns what a campaign does after an outcome: when to try again, at which number, or not at all. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

LONGEST_DELAY_S = 365 * 86_400.0
SKIPPED = "skipped"
"""The outcome of a preview that was no call: a rule may name it as any disposition or status."""
SKIP_AT_LEAST = timedelta(seconds=60)


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


def skip_due(at: datetime, times: int, rule: RetryRule | None, *, retry_delay_s: float) -> datetime | None:
    """When a lead is due again that was skipped `at`, for the `times`-th time; None: its rule ends it.

    Without a rule for `skipped` after the campaign's `retry_delay_s`, however often: no lead is lost by skipping. Never
    within a minute, so that nobody is shown it again at once.
    """
    if rule is not None and (rule.stop or 0 < rule.max_attempts <= times):
        return None
    delay = rule.delay(times) if rule is not None else timedelta(seconds=min(retry_delay_s, LONGEST_DELAY_S))
    return at + max(delay, SKIP_AT_LEAST)
