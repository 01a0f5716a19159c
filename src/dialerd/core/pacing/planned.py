"""Owns the last step of predictive pacing: the plan within the dial ratios that the operator allows. No forecast."""

from __future__ import annotations

import math

from dialerd.core.pacing import PacingInputs


def planned(inputs: PacingInputs) -> tuple[int, float]:
    """Calls wanted, and the dial ratio in force: calls in flight per staffed agent, those of this decision included.

    `max_dial_ratio` limits calls in flight per staffed agent. `min_dial_ratio` wants so many per ready agent, but never
    more beyond the ready agents than the ledger allows abandons, as in power mode.
    """
    calls = inputs.plan.calls if inputs.plan is not None else 0
    least = min(math.floor(inputs.min_dial_ratio * inputs.ready), inputs.ready + inputs.abandon_allowance)
    calls = max(calls, least - inputs.in_flight)
    most = max(inputs.ready, math.floor(inputs.max_dial_ratio * inputs.staffed))
    calls = max(0, min(calls, most - inputs.in_flight))
    return calls, (inputs.in_flight + calls) / inputs.staffed if inputs.staffed else 0.0
