"""Owns power pacing: a fixed number of calls in flight per ready agent."""

from __future__ import annotations

import math

from dialerd.core.pacing import PacingInputs
from dialerd.core.pacing.progressive import progressive


def power(inputs: PacingInputs) -> tuple[int, float]:
    """Calls wanted so that `dial_ratio` calls are in flight per ready agent.

    Once the abandon ledger allows no further risk it dials progressively: the fixed ratio is the operator's
    wish, the abandon limit is not negotiable (DESIGN.md 4).
    """
    if inputs.over_abandon_limit:
        return progressive(inputs)
    return max(0, math.floor(inputs.ready * inputs.dial_ratio) - inputs.in_flight), inputs.dial_ratio
