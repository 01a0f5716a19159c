"""Owns the sizes of the benchmark: which cells, which laws in each of them, how many seeds. Knows no result."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from . import presets
from .grid import hypercube
from .registry import AT, BOUNDS, LAWS
from .runs import Row
from .scenario import Scenario
from .shared import Cell

ALL = tuple(law for law in LAWS if law not in BOUNDS and law != "dialerd-blind")
FEW = ("dialerd", "progressive", "oracle-idle")
ON_LINE = tuple(law for law in ALL if not LAWS[law].tuned)
SHARING = ("dialerd", "progressive", "vicidial-average-available-3", "vicidial-average-available-10")
MIXED = ("dialerd", "dialerd-blind", "progressive")
QUICK = ("progressive", "oracle-idle", "vicidial-average", "vicidial-average-available-3", "original", "dialerd")
SHOCKED = 10  # agents of the floor on which all laws meet every shock


class Wanted(NamedTuple):
    """A cell, the laws that run in it, and how many seeds each of them."""

    cell: Cell
    laws: tuple[str, ...]
    seeds: int

    def has(self, row: Row) -> bool:
        """Whether a run of this cell is one of them: by its law (at whatever limit) and seed."""
        return row.law.partition(AT)[0] in self.laws and row.seed <= self.seeds


@dataclass(frozen=True, slots=True)
class Size:
    """All that is run."""

    cells: tuple[Wanted, ...]
    slack: float = 0.0  # points of occupancy that so short runs may miss
    matched: bool = False  # run dialerd also at the abandon rates that the others realised

    def only(self, names: Iterable[str], laws: Iterable[str]) -> Size:
        """Return the cells whose name contains one of these, with these laws only; none given: all."""
        names, laws = tuple(names), set(laws)
        kept = (one for one in self.cells if not names or any(part in one.cell.name for part in names))
        if not laws:
            return replace(self, cells=tuple(kept))
        return replace(self, cells=tuple(one._replace(laws=tuple(x for x in one.laws if x in laws)) for one in kept))


def quick() -> Size:
    """Return what CI runs in under two minutes."""
    headline = [presets.headline(agents).but(hours=hours) for agents, hours in ((5, 9.0), (10, 6.0), (30, 3.0))]
    others = [
        presets.stepped(10, 2.0, hours=3.0),
        presets.a_third_leaves(10, hours=3.0),
        presets.mixed_leads(5, hours=6.0),
    ]
    return Size(tuple(Wanted(cell, QUICK, 2) for cell in headline + others), slack=3.0)


def standard() -> Size:
    """Return what fits into 40 minutes on two cores.

    At least 5,000 live answers in each headline cell of 3 %; small floors run beyond 24 hours, so that answers leave
    the window again. Every shock meets all laws on a floor of ten, and dialerd on floors of 5 and 30 (a doubled answer
    rate also on one of 100); 24 cells of the grid.
    """
    cells = []
    for agents in presets.HEADLINE_AGENTS:
        hours = 30.0 if agents <= 10 else 9.0
        cells += [Wanted(presets.headline(agents).but(hours=hours), ALL, 4)]
        one = presets.headline(agents, limit=0.01).but(f"headline-{agents}-1%", hours=hours)
        cells += [Wanted(one, FEW, 8 if agents <= 5 else 3)]  # a small floor has some twenty abandons a run
    cells += [Wanted(presets.markov(agents).but(hours=30.0), ("dialerd", "bound-markov"), 2) for agents in (5, 10)]
    cells += [Wanted(shock(SHOCKED), ALL, 4) for shock in SHOCKS]
    cells += [Wanted(shock(agents), ("dialerd", "progressive"), 2) for shock in SHOCKS for agents in (5, 30)]
    cells += [Wanted(presets.stepped(100, 2.0, hours=3.0), ("dialerd", "progressive"), 3)]
    cells += [Wanted(presets.mixed_leads(agents), MIXED, 8 if agents <= 10 else 4) for agents in (5, 30)]
    cells += [Wanted(presets.mixed_leads(SHOCKED), (*ALL, "dialerd-blind"), 8)]
    cells += [Wanted(presets.shared(agents), SHARING, 2) for agents in (5, 30)]
    cells += [Wanted(presets.shared(SHOCKED), ON_LINE, 3)]
    cells += [Wanted(cell, ALL, 3) for cell in hypercube(24, live_answers=1000)]
    return Size(tuple(cells))


def bounds() -> Size:
    """Return what could be reached with knowledge that no dialer has, beside dialerd: half an hour on two cores."""
    cells = [presets.headline(agents).but(hours=10.0) for agents in (5, 10, 30)]
    laws = ("dialerd", *(law for law in BOUNDS if law != "bound-markov"))
    return Size(tuple(Wanted(cell, laws, 3) for cell in cells), slack=1.0)


def full() -> Size:
    """Return everything, 30 seeds; resumable, so it may take days."""
    floors = (*presets.HEADLINE_AGENTS, 200)
    cells = [presets.headline(agents, limit=limit) for agents in floors for limit in (0.03, 0.01)]
    cells += [presets.headline(agents, rate) for agents in (5, 10, 30) for rate in (0.1, 0.4)]
    cells += [presets.headline(agents, talk_s=talk_s) for agents in (5, 10, 30) for talk_s in (40.0, 340.0)]
    cells += [shock(agents) for shock in SHOCKS for agents in (3, 5, 10, 30, 100)]
    cells += hypercube(120, seed=2, live_answers=4000)
    mixed = [presets.mixed_leads(agents) for agents in (3, 5, 10, 30, 100)]
    shared = [presets.shared(agents, hours=48.0) for agents in (3, 5, 10, 30, 100)]
    return Size(
        tuple(Wanted(cell, ALL, 30) for cell in cells)
        + tuple(Wanted(cell, (*ALL, "dialerd-blind"), 30) for cell in mixed)
        + tuple(Wanted(cell, ON_LINE, 30) for cell in shared),
        matched=True,
    )


SIZES: dict[str, Callable[[], Size]] = {"quick": quick, "standard": standard, "bounds": bounds, "full": full}
SHOCKS: tuple[Callable[[int], Scenario], ...] = (
    lambda agents: presets.stepped(agents, 2.0),
    lambda agents: presets.stepped(agents, 0.5),
    presets.a_third_leaves,
    presets.with_breaks,
    presets.few_lines,
    presets.with_amd,
    presets.late_events,
    presets.clumped,
)
