"""Owns the list of laws that are compared: how each is made for a cell, and which are tuned by the oracle first.

`dialerd` is the production pacer, `dialerd-blind` the same without knowing one lead from another. Knows no cell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .contract import Law
from .laws.feedback import GainAndCorrection, PiOnAbandons, open_pi
from .laws.forecasts import Threshold, Window
from .laws.original import Original
from .laws.ours import Ours
from .laws.simple import Progressive, RatioOnAll, RatioOnIdle
from .laws.vicidial import Method, Vicidial
from .scenario import Scenario


@dataclass(frozen=True, slots=True)
class Entry:
    """A law as it is started afresh for a cell; `between`: where the oracle looks for its one number."""

    make: Callable[[Scenario, float], Law]
    between: tuple[float, float] | None = None

    @property
    def tuned(self) -> bool:
        """Say whether the oracle must find a number first: then the law is a bound, no competitor."""
        return self.between is not None


def _vicidial(method: Method, available_only: bool, maximum: float) -> Entry:
    def make(scenario: Scenario, _: float) -> Law:
        return Vicidial(method, 1.0, available_only, maximum, scenario.abandon_limit)

    return Entry(make)


LAWS: dict[str, Entry] = {
    "dialerd": Entry(lambda cell, _: Ours(cell.abandon_limit, cell.grace_s, by_segment=True)),
    "dialerd-blind": Entry(lambda cell, _: Ours(cell.abandon_limit, cell.grace_s)),
    "progressive": Entry(lambda _, __: Progressive()),
    "oracle-idle": Entry(lambda _, ratio: RatioOnIdle(ratio), (1.0, 12.0)),
    "oracle-all": Entry(lambda _, ratio: RatioOnAll(ratio), (0.4, 5.0)),
    "vicidial-average": _vicidial("AVERAGE", False, 3.0),
    "vicidial-hard": _vicidial("HARD_LIMIT", False, 3.0),
    "vicidial-tapered": _vicidial("TAPERED", False, 3.0),
    "vicidial-average-available-3": _vicidial("AVERAGE", True, 3.0),
    "vicidial-average-available-6": _vicidial("AVERAGE", True, 6.0),
    "vicidial-average-available-10": _vicidial("AVERAGE", True, 10.0),
    "vicidial-hard-available-3": _vicidial("HARD_LIMIT", True, 3.0),
    "vicidial-hard-available-10": _vicidial("HARD_LIMIT", True, 10.0),
    "vicidial-tapered-available-6": _vicidial("TAPERED", True, 6.0),
    "cisco": Entry(lambda cell, _: GainAndCorrection(cell.abandon_limit)),
    "cisco-slow": Entry(lambda cell, _: GainAndCorrection(cell.abandon_limit, gain=0.1, maximum=20.0)),
    "predict1pi": Entry(lambda cell, _: PiOnAbandons(cell.abandon_limit * 2.8 / 3)),
    "open-pi": Entry(lambda cell, _: open_pi(cell.agents, cell.abandon_limit)),
    "eis-window": Entry(lambda cell, _: Window(cell.abandon_limit)),
    "issabel": Entry(lambda _, __: Threshold()),
    "issabel-overcommit": Entry(lambda _, __: Threshold(overcommit=True)),
    "original": Entry(lambda cell, _: Original(cell.abandon_limit, maximum_ratio=20.0)),
}
