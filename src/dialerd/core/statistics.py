"""Owns the counts of a campaign's last hour, in minute buckets that never grow. Knows nothing of records."""

from __future__ import annotations

from dataclasses import dataclass, field

from dialerd.core.call import Attempt, Status

MINUTES = 60


@dataclass(slots=True)
class Counts:
    """Sums over some calls; talk and ring in seconds."""

    calls: int = 0
    answered: int = 0  # by anybody: person or machine
    live: int = 0
    machines: int = 0
    abandoned: int = 0
    talks: int = 0
    talk_s: float = 0.0
    rings: int = 0
    ring_s: float = 0.0

    def add(self, other: Counts) -> None:
        """Add another sum to this one."""
        for name in Counts.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def counts_of(attempt: Attempt) -> Counts:
    """What one ended attempt adds."""
    talk, ring = attempt.talk_s(), attempt.ring_s()
    return Counts(
        calls=1,
        answered=int(attempt.answered_at is not None),
        live=int(attempt.live_answer),
        machines=int(attempt.status is Status.MACHINE),
        abandoned=int(attempt.abandoned),
        talks=int(talk is not None),
        talk_s=talk or 0.0,
        rings=int(ring is not None),
        ring_s=ring or 0.0,
    )


@dataclass(slots=True)
class HourStatistics:
    """Sliding sums over the last 60 minutes of monotonic time."""

    buckets: dict[int, Counts] = field(default_factory=dict)

    def add(self, attempt: Attempt, now_mono: float) -> None:
        """Count one ended attempt at `now_mono`."""
        minute = int(now_mono // 60)
        self.buckets.setdefault(minute, Counts()).add(counts_of(attempt))
        for old in [m for m in self.buckets if m <= minute - MINUTES]:
            del self.buckets[old]

    def last(self, minutes: int, now_mono: float) -> Counts:
        """The sum over the last `minutes` minutes."""
        total, first = Counts(), int(now_mono // 60) - minutes
        for minute, counts in self.buckets.items():
            if minute > first:
                total.add(counts)
        return total
