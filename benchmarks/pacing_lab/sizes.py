"""Owns the three sizes of the benchmark: which cells, which laws, how many seeds. Knows no result."""

from __future__ import annotations

from dataclasses import dataclass

from . import presets
from .grid import hypercube
from .registry import LAWS
from .scenario import Scenario

QUICK_LAWS = ("progressive", "oracle-idle", "vicidial-average", "vicidial-average-available-3", "original", "dialerd")


@dataclass(frozen=True, slots=True)
class Size:
    """Cells with their number of seeds, and the laws that run in all of them."""

    cells: tuple[tuple[Scenario, int], ...]
    laws: tuple[str, ...]
    slack: float = 0.0  # points of occupancy that so short runs may miss
    matched: bool = True  # run dialerd also at the abandon rates that the others realised


def quick() -> Size:
    """Return what CI runs in under two minutes."""
    headline = [(presets.headline(agents).but(hours=hours), 2) for agents, hours in ((5, 9.0), (10, 6.0), (30, 3.0))]
    others = [
        presets.stepped(10, 2.0, hours=3.0),
        presets.a_third_leaves(10, hours=3.0),
        presets.mixed_leads(5, hours=6.0),
    ]
    return Size(tuple(headline + [(cell, 2) for cell in others]), QUICK_LAWS, slack=3.0, matched=False)


def standard() -> Size:
    """Return what fits into 40 minutes on two cores: 5,000 live answers in each headline cell, 24 cells of the grid."""
    seeds = 6
    headline = []
    for agents in presets.HEADLINE_AGENTS:
        per_hour = 3600 * agents * 0.75 / 170
        hours = max(8.0, round(6000 / per_hour / seeds))
        headline += [presets.headline(agents).but(hours=hours)]
        headline += [presets.headline(agents, limit=0.01).but(f"headline-{agents}-1%", hours=hours)]
    return Size(
        tuple([(cell, seeds) for cell in headline + _shocks((5, 10, 30))] + [(cell, 3) for cell in hypercube(24)]),
        tuple(LAWS),
    )


def full() -> Size:
    """Return everything, 30 seeds; resumable, so it may take days."""
    floors = (*presets.HEADLINE_AGENTS, 200)
    cells = [presets.headline(agents, limit=limit) for agents in floors for limit in (0.03, 0.01)]
    cells += [presets.headline(agents, rate) for agents in (5, 10, 30) for rate in (0.1, 0.4)]
    cells += [presets.headline(agents, talk_s=talk_s) for agents in (5, 10, 30) for talk_s in (40.0, 340.0)]
    return Size(
        tuple((cell, 30) for cell in cells + _shocks((3, 5, 10, 30, 100)) + hypercube(120, seed=2, live_answers=4000)),
        tuple(LAWS),
    )


SIZES = {"quick": quick, "standard": standard, "full": full}


def _shocks(floors: tuple[int, ...]) -> list[Scenario]:
    makers = (
        lambda agents: presets.stepped(agents, 2.0),
        lambda agents: presets.stepped(agents, 0.5),
        presets.a_third_leaves,
        presets.with_breaks,
        presets.mixed_leads,
        presets.few_lines,
        presets.with_amd,
        presets.late_events,
        presets.clumped,
    )
    return [make(agents) for make in makers for agents in floors]
