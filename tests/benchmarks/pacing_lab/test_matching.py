"""With whom dialerd is compared at equal abandons."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.pacing_lab.matching import at_equal_abandons, rivals
from benchmarks.pacing_lab.runs import Row

from .test_gates import row


def runs(law: str, occupancy: float, abandoned: int) -> list[Row]:
    """Three runs of a law, half a point apart."""
    return [row(seed=n, law=law, occupancy=occupancy + 0.005 * n, abandoned=abandoned) for n in (1, 2, 3)]


OURS = runs("dialerd", 0.80, 25)
CELL = {
    "dialerd": OURS,
    "dialerd-blind": runs("dialerd-blind", 0.99, 1),
    "oracle-idle": runs("oracle-idle", 0.99, 1),
    "bound-answers-known": runs("bound-answers-known", 0.99, 1),
    "progressive": runs("progressive", 0.68, 0),
    "cisco": runs("cisco", 0.75, 12),
    "original": runs("original", 0.74, 12),  # cisco abandons as many and is busier
    "open-pi": runs("open-pi", 0.79, 40),  # dialerd as it is abandons less and is busier
    "issabel": runs("issabel", 0.90, 160),
    "issabel-overcommit": runs("issabel-overcommit", 0.90, 160),  # the same as issabel in this world
}


def test_only_who_is_outdone_by_nobody_is_a_rival() -> None:
    found = [(rival.law, rival.against) for rival in rivals(CELL, "dialerd")]
    assert found == [("cisco", None), ("open-pi", "dialerd"), ("issabel", None)]
    assert rivals(CELL, "dialerd")[0].abandon_rate == 0.012


def test_compared_is_at_their_abandons_or_as_it_is_where_that_is_harder() -> None:
    laws = CELL | {"dialerd@cisco": runs("dialerd@cisco", 0.77, 12)}
    gaps = {law: round(gap.mean, 6) for law, gap in at_equal_abandons(laws, "dialerd")}
    assert gaps == {"cisco": 2.0, "open-pi": 1.0}, "issabel was not run"


def test_a_run_at_a_smaller_rivals_abandons_will_do_where_it_is_certainly_busier() -> None:
    laws = CELL | {"dialerd@cisco": runs("dialerd@cisco", 0.91, 12)}
    against = {rival.law: rival.against for rival in rivals(laws, "dialerd")}
    assert against == {"cisco": "dialerd@cisco", "open-pi": "dialerd@cisco", "issabel": "dialerd@cisco"}


def test_two_campaigns_have_no_one_rate_to_compare_at() -> None:
    assert rivals({law: [replace(one, campaigns=2) for one in of_law] for law, of_law in CELL.items()}, "dialerd") == []
