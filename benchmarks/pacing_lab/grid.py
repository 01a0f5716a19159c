"""Owns the grid of cells and a seeded Latin hypercube over it. Knows nothing of laws."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from .contract import Kind
from .durations import Constant, Duration, Lognormal, Mixture, Uniform
from .scenario import Breaks, Outcome, Scenario, Segment, StaffChange

T = TypeVar("T")

GRID_AGENTS = (3, 5, 8, 12, 20, 35, 60, 100, 200, 500)
GRID_RATES = (0.05, 0.1, 0.2, 0.35, 0.6)
GRID_TALKS = (30.0, 60.0, 120.0, 300.0)
GRID_CVS = (0.6, 1.0, 1.6)
GRID_WRAPS = (0.0, 10.0, 30.0, 60.0)


def hypercube(cells: int, seed: int = 1, live_answers: float = 1500.0) -> list[Scenario]:
    """Return so many cells of the grid, each factor spread evenly over its levels, long enough for the live answers."""
    rng = np.random.default_rng(seed)
    columns = {name: (rng.permutation(cells) + rng.random(cells)) / cells for name in _FACTORS}
    rows = [{name: float(columns[name][number]) for name in _FACTORS} for number in range(cells)]
    return [_cell(number, row, live_answers) for number, row in enumerate(rows)]


_FACTORS = (
    "agents", "rate", "talk", "cv", "two_classes", "wrap", "limit", "ring", "set_up", "ring_out", "machines", "shift",
    "staff", "lines", "amd", "late", "leads",
)  # fmt: skip


def _level(levels: tuple[T, ...], at: float) -> T:
    return levels[min(int(at * len(levels)), len(levels) - 1)]


def _cell(number: int, at: dict[str, float], live_answers: float) -> Scenario:
    agents, rate = _level(GRID_AGENTS, at["agents"]), _level(GRID_RATES, at["rate"])
    talk_s, wrap_s = _level(GRID_TALKS, at["talk"]), _level(GRID_WRAPS, at["wrap"])
    talk: Duration = Lognormal(talk_s, _level(GRID_CVS, at["cv"]))
    if at["two_classes"] > 0.75:  # 78 % short, 22 % long, 2.4 times as long, with the same mean
        short = talk_s / (0.78 + 0.22 * 2.4)
        talk = Mixture(0.78, Lognormal(short, 0.5), Lognormal(2.4 * short, 0.5))
    ring_out, set_up = 15 + 15 * at["ring_out"], 1 + 5 * at["set_up"]
    machines = 0.5 * at["machines"]
    kinds: tuple[tuple[Kind, float, Duration], ...] = (
        ("no_answer", 0.9 - machines, Constant(set_up + ring_out)),
        ("machine", machines, Uniform(set_up + 0.5 * ring_out, set_up + ring_out)),
        ("busy", 0.1, Constant(set_up + 1)),
    )
    least = 3.0 if agents < 100 else 2.0  # hours; a large floor has its thousands of answers even so
    hours = min(48.0, max(least, 1.0 + live_answers * (talk_s + wrap_s) / (0.85 * 3600 * agents)))
    middle = hours * 1800
    shifts: dict[str, dict[str, object]] = {
        "still": {}, "half": {"steps": ((middle, 0.5),)}, "double": {"steps": ((middle, min(2.0, 0.95 / rate)),)},
        "swing": {"swing": (0.3, hours * 3600)}, "clumps": {"clumps": (100, 0.4)}, "still too": {},
    }  # fmt: skip
    staff: dict[str, dict[str, object]] = {
        "stay": {}, "log in": {"log_in_over_s": 900.0}, "breaks": {"breaks": Breaks()},
        "leave": {"staffing": (StaffChange(middle, -round(0.3 * agents)),)}, "slow": {"slow_agents": 1}, "stay too": {},
    }  # fmt: skip
    faults: dict[str, object] = {}
    if at["amd"] > 0.67:
        faults |= {"amd_delay_s": 4.5 * (at["amd"] - 0.67) / 0.5, "amd_lost": 0.05, "amd_passed": 0.1}
    if at["late"] > 0.75:
        faults |= {"late_share": 0.1}
    shift, stays = _level(tuple(shifts), at["shift"]), _level(tuple(staff), at["staff"])
    if at["leads"] > 0.67 and rate <= 0.35:
        faults |= {"segments": (Segment(0.5, (rate * 1.6,)), Segment(0.5, (rate * 0.4,)))}
    if at["lines"] > 0.75:
        faults |= {"lines": max(2, round(agents * (1.2 + 1.8 * (at["lines"] - 0.75) * 4)))}
    return Scenario(
        name=f"cube-{number:02d}-n{agents}-p{rate:g}-t{talk_s:.0f}-w{wrap_s:.0f}-{shift}-{stays}".replace(" ", "-"),
        agents=agents,
        answer_rate=rate,
        talk=talk,
        wrap=Lognormal(wrap_s, 0.6),
        answer_after=Lognormal(6 + 9 * at["ring"], 0.5, at_most=ring_out, after=set_up),
        others=tuple(Outcome(kind, share, length) for kind, share, length in kinds if share > 0),
        abandon_limit=_level((0.01, 0.03, 0.05), at["limit"]),
        hours=hours,
        warm_up_s=min(1800.0, hours * 900),
        **(shifts[shift] | staff[stays] | faults),  # type: ignore[arg-type]
    )
