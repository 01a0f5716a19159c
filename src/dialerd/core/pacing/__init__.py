"""Owns the pacing decision: how many calls now, and what limited it. Pure; one module per dial mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeAlias

from dialerd.core.campaign import DialMode
from dialerd.core.pacing.predictive import Plan


class Limit(Enum):
    """What kept the number of calls where it is."""

    NONE = "none"
    AGENTS = "agents"  # every ready agent has its calls in flight
    NO_AGENTS = "no_agents"  # nobody staffed
    LINES = "lines"
    TRUNK = "trunk"
    RATE = "rate"  # calls per second
    LEADS = "leads"
    BUDGET = "budget"  # the abandon ledger has too little credit, or none: one call per ready agent, or no call at all


SPENDING = frozenset({DialMode.PREDICTIVE, DialMode.POWER})
"""Modes that place calls beyond the ready agents, as far as the ledger allows it."""
PLENTY = 1_000_000  # abandons


@dataclass(frozen=True, slots=True, kw_only=True)
class PacingInputs:
    """Everything a decision rests on, for one campaign at one moment."""

    mode: DialMode
    dial_ratio: float
    ready: int  # agents free for this campaign, other campaigns' claims on them taken off
    staffed: int  # logged in and not paused or about to leave
    in_flight: int  # calls that may still need an agent
    lines_used: int
    max_lines: int
    trunk_free: int
    rate_free: int  # calls that calls-per-second allows now
    abandon_allowance: int = 0  # how many more abandons the ledger allows
    min_dial_ratio: float = 1.0  # predictive: at least so many calls in flight per ready agent
    max_dial_ratio: float = 3.0  # predictive: at most so many per staffed agent
    plan: Plan | None = None  # predictive: the forecast
    accepted: int = 0  # preview: leads that their agents want called


@dataclass(frozen=True, slots=True, kw_only=True)
class PacingDecision:
    """`calls` to place now, and which limit stopped it there. `ratio` is the dial ratio in force."""

    calls: int
    limit: Limit
    ratio: float
    inputs: PacingInputs

    def text(self) -> str:
        """The compact form stored with each attempt that the decision started."""
        i = self.inputs
        text = (
            f"{i.mode.value} calls={self.calls} limit={self.limit.value} ratio={self.ratio:.2f} ready={i.ready} "
            f"staffed={i.staffed} in_flight={i.in_flight} lines={i.lines_used}/{i.max_lines} trunk_free={i.trunk_free}"
        )
        if i.mode is DialMode.PREVIEW:
            return f"{text} accepted={i.accepted}"
        return text if i.plan is None else f"{text} {i.plan.text()}"


Pacer: TypeAlias = Callable[[PacingInputs], tuple[int, float]]
"""Given the inputs, return (calls wanted before any technical limit, dial ratio in force)."""


def decide(inputs: PacingInputs, pacers: Mapping[DialMode, Pacer]) -> PacingDecision:
    """The decision for one campaign: the mode's wish, then staffing, lines, trunk and rate, the tightest named.

    No agent staffed ⇒ no call, whatever the mode says (DESIGN.md 4).
    """
    pacer = pacers[inputs.mode]
    wanted, ratio = pacer(inputs)
    if inputs.staffed <= 0:
        return PacingDecision(calls=0, limit=Limit.NO_AGENTS, ratio=ratio, inputs=inputs)
    held = _held_by_the_budget(inputs, wanted, pacer)
    if wanted <= 0:
        return PacingDecision(calls=0, limit=Limit.BUDGET if held else Limit.AGENTS, ratio=ratio, inputs=inputs)
    room = (
        (wanted, Limit.BUDGET if held else Limit.NONE),
        (inputs.max_lines - inputs.lines_used, Limit.LINES),
        (inputs.trunk_free, Limit.TRUNK),
        (inputs.rate_free, Limit.RATE),
    )
    calls, limit = min(room, key=lambda pair: pair[0])
    return PacingDecision(calls=max(0, calls), limit=limit, ratio=ratio, inputs=inputs)


def _held_by_the_budget(inputs: PacingInputs, wanted: int, pacer: Pacer) -> bool:
    """Whether the mode would want more calls if the ledger allowed more abandons."""
    if inputs.mode not in SPENDING:
        return False
    most = inputs.max_dial_ratio * inputs.staffed  # in flight: what the operator allows a forecast
    if inputs.plan is not None and inputs.plan.held and most >= inputs.in_flight + wanted + 1:
        return True
    return pacer(replace(inputs, abandon_allowance=PLENTY))[0] > wanted
