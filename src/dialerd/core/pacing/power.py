"""Owns power pacing: a fixed number of calls in flight per ready agent, as far as the abandon ledger allows it."""

from __future__ import annotations

import math

from dialerd.core.pacing import PacingInputs


def power(inputs: PacingInputs) -> tuple[int, float]:
    """Calls wanted so that `dial_ratio` calls are in flight per ready agent.

    Each call beyond the ready agents may end as an abandon: there are never more of them than the ledger still
    allows, so that even the worst luck keeps the limit. The fixed ratio is the operator's wish, the abandon limit is
    not negotiable (DESIGN.md 4).
    """
    wish = math.floor(inputs.ready * inputs.dial_ratio)
    most = inputs.ready + inputs.abandon_allowance
    ratio = inputs.dial_ratio if wish <= most or not inputs.ready else most / inputs.ready
    return max(0, min(wish, most) - inputs.in_flight), ratio
