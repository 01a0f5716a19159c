"""Owns the list of laws that are compared: how each is made for a cell, and which are tuned by the oracle first.

`dialerd` is the production pacer, `dialerd-blind` the same without knowing one lead from another. `bound-…` know what
no dialer can know, or are the computed optimum of the Markov cells (wrong in any other). Knows no cell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from .bounds import AnswersKnown, Informed
from .campaign import CALLS_PER_AGENT
from .contract import Law
from .laws.feedback import GainAndCorrection, PiOnAbandons, open_pi
from .laws.forecasts import Threshold, Window
from .laws.original import Original
from .laws.ours import Ours
from .laws.simple import DialUpTo, Progressive, RatioOnAll, RatioOnIdle
from .laws.vicidial import Method, Vicidial
from .markov import Cell, best
from .scenario import Scenario


@dataclass(frozen=True, slots=True)
class Entry:
    """A law as it is started afresh for a cell; `between`: where the oracle looks for its one number."""

    make: Callable[[Scenario, float], Law]
    between: tuple[float, float] | None = None

    baseline: bool = True  # an on-line law of others
    calls_per_agent: float = CALLS_PER_AGENT  # of those for which it claims agents, where campaigns share them

    @property
    def tuned(self) -> bool:
        """Say whether the oracle must find a number first: then the law is a bound, no competitor."""
        return self.between is not None


def _vicidial(method: Method, available_only: bool, maximum: float) -> Entry:
    def make(scenario: Scenario, _: float) -> Law:
        return Vicidial(method, 1.0, available_only, maximum, scenario.abandon_limit)

    return Entry(make, calls_per_agent=maximum)


def _oracle(make: Callable[[Scenario, float], Law], between: tuple[float, float]) -> Entry:
    return Entry(make, between, baseline=False)


@cache
def _optimum(agents: int, answer_rate: float, limit: float) -> tuple[int, ...]:
    return best(Cell(agents, answer_rate), limit).levels


AT = "@"  # `dialerd@law`: dialerd at the abandon rate which that law realised

LAWS: dict[str, Entry] = {
    "dialerd": Entry(lambda cell, _: Ours(cell.abandon_limit, cell.grace_s, by_segment=True), baseline=False),
    "dialerd-blind": Entry(lambda cell, _: Ours(cell.abandon_limit, cell.grace_s), baseline=False),
    "progressive": Entry(lambda _, __: Progressive(), calls_per_agent=1.0),
    "oracle-idle": _oracle(lambda _, ratio: RatioOnIdle(ratio), (1.0, 12.0)),
    "oracle-all": _oracle(lambda _, ratio: RatioOnAll(ratio), (0.4, 5.0)),
    "bound-forecast": _oracle(lambda cell, risk: Informed(cell, risk), (0.0, 0.12)),
    "bound-ends-known": _oracle(lambda cell, risk: Informed(cell, risk, knows_ends=True), (0.0, 0.12)),
    "bound-answers-known": _oracle(lambda cell, risk: AnswersKnown(cell, risk), (0.0, 0.12)),
    "bound-markov": Entry(
        lambda cell, _: DialUpTo(_optimum(cell.agents, cell.answer_rate, cell.abandon_limit)), baseline=False
    ),
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
BOUNDS = tuple(law for law in LAWS if law.startswith("bound-"))
