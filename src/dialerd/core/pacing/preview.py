"""Owns preview pacing: a call for each lead that an agent has accepted, and which lead is shown to whom. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dialerd.core.lead import Lead
from dialerd.core.pacing import PacingInputs


def preview(inputs: PacingInputs) -> tuple[int, float]:
    """Calls wanted: one for each accepted lead, whose agent is reserved for it already; ratio 1."""
    return inputs.accepted, 1.0


def pairs(leads: Iterable[Lead], agents: Sequence[int]) -> list[tuple[Lead, int]]:
    """Given leads in their order and free agents (who waited longest comes first), say who is shown which.

    Each agent gets one lead at most. A lead that was promised a call from one agent is shown to that agent or to
    nobody, and before any other lead.
    """
    leads = list(leads)
    shown: dict[int, Lead] = {}
    for lead in leads:
        if lead.agent_id is not None and lead.agent_id in agents:
            shown.setdefault(lead.agent_id, lead)
    anyones = (lead for lead in leads if lead.agent_id is None)
    for agent in agents:
        if agent not in shown:
            anyone = next(anyones, None)
            if anyone is None:
                break
            shown[agent] = anyone
    return [(shown[agent], agent) for agent in agents if agent in shown]
