"""Owns progressive pacing: one call in flight for each ready agent, never more."""

from __future__ import annotations

from dialerd.core.pacing import PacingInputs


def progressive(inputs: PacingInputs) -> tuple[int, float]:
    """Calls wanted so that each ready agent has exactly one call in flight; ratio 1."""
    return max(0, inputs.ready - inputs.in_flight), 1.0
