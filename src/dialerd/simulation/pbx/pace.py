"""Owns the simulated PBX's clocks: how long a simulated second lasts, and the wall clock. Knows nothing of calls."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """`speed` simulated seconds pass in one real second; `wall` returns epoch seconds (inject it in tests).

    The world's own times (ringing, AMD, talking, messages, an agent reaching for the phone) and the ring time-out
    are simulated seconds. The wait of a person for a verdict (guard and patience) is in real seconds at every
    speed: it is measured against a dialerd whose clock is not sped up.
    """

    speed: float = 1.0
    wall: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        """Raise ValueError when time would stand still or run backwards."""
        if not 0 < self.speed <= 1000:
            raise ValueError("speed: must be above 0 and at most 1000")

    def real(self, simulated_s: float) -> float:
        """Real seconds that `simulated_s` simulated seconds take."""
        return simulated_s / self.speed
