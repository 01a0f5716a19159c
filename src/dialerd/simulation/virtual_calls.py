"""Owns what is up in the virtual telephone world, as values: calls and agents' legs. Knows not what moves them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from dialerd.core.messages import Originate, RingAgent, UnattendedTrace
from dialerd.simulation.agenda import Appointment
from dialerd.simulation.truth import CallTruth
from dialerd.simulation.world import CallFate


@dataclass(slots=True, eq=False)
class VirtualLeg:
    """An agent's phone that rings or is up."""

    order: RingAgent
    up: bool = False
    call: VirtualCall | None = None
    appointment: Appointment | None = None


@dataclass(slots=True, eq=False)
class VirtualCall:
    """A customer's call from dialling to its end."""

    order: Originate
    fate: CallFate
    truth: CallTruth
    appointments: list[Appointment] = field(default_factory=list)
    guard: Appointment | None = None
    patience: Appointment | None = None
    asked: int = 0
    request_id: int | None = None
    answered_at: datetime | None = None
    leg: VirtualLeg | None = None
    trace: UnattendedTrace | None = None
    over: bool = False
