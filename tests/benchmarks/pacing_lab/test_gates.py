"""The benchmark's gates: each one can be missed, and says so."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from benchmarks.pacing_lab.gates import failures
from benchmarks.pacing_lab.runs import Row

GOOD: dict[str, Any] = {
    "cell": "headline-10", "digest": "x", "law": "dialerd", "seed": 1, "agents": 10, "stationary": True, "limit": 0.03,
    "value": 0.0,
    "occupancy": 0.85, "live": 1000, "abandoned": 28, "windows_above": 0, "windows": 100, "first": 0.02,
    "without_staff": 0, "doubled": False,
}  # fmt: skip


def row(**changes: Any) -> Row:
    rest = {part.name: 0.0 for part in fields(Row) if part.name not in GOOD}
    return Row(**(GOOD | rest | changes))


def test_a_good_run_passes() -> None:
    assert failures([row(), replace(row(), law="progressive", occupancy=0.68)], "dialerd", slack=0.0) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"without_staff": 1}, "without staff"),
        ({"abandoned": 33}, "33 of 1000 abandoned with seed 1"),
        ({"live": 60, "abandoned": 6}, "6 of 60 abandoned"),
        ({"first": 0.045}, "4.5 % of the first 200"),
        ({"windows_above": 2}, "2 of 100 windows"),
        ({"occupancy": 0.839}, "busy 83.9 %, wanted 84.0 %"),
        ({"doubled": True, "after_shift": 0.046}, "4.6 % of the 200 live answers after the step"),
        ({"doubled": True, "agents": 100, "settled": 0.031}, "3.1 % of the 200 live answers from ten minutes after"),
    ],
)
def test_each_gate_can_be_missed(changes: dict[str, Any], words: str) -> None:
    (sentence,) = failures([row(**changes)], "dialerd", slack=0.0)
    assert words in sentence


def test_worse_than_progressive_is_no_pass() -> None:
    runs = [row(seed=n, cell="odd", occupancy=0.66) for n in (1, 2)]
    runs += [row(seed=n, cell="odd", occupancy=0.68, law="progressive") for n in (1, 2)]
    (sentence,) = failures(runs, "dialerd", slack=0.0)
    assert "against progressive" in sentence


def test_campaigns_on_one_floor_have_the_same_gates() -> None:
    shared = {"cell": "shared-10", "campaigns": 2}
    runs = [row(seed=n, occupancy=0.70, windows_above=1, windows=50, **shared) for n in (1, 2)]
    runs += [row(seed=n, law="progressive", occupancy=0.71, **shared) for n in (1, 2)]
    runs += [row(seed=n, law="cisco", occupancy=0.75, **shared) for n in (1, 2)]
    above, behind = failures(runs, "dialerd", slack=0.0)
    assert "2 of 100 windows" in above
    assert "against progressive" in behind


def test_windows_count_over_all_cells_where_each_has_few() -> None:
    few = {"windows": 30, "windows_above": 0}
    assert failures([row(cell="odd", **few), row(cell="even", **few)], "dialerd", slack=0.0) == []
    (sentence,) = failures([row(cell="odd", **few), row(cell="even", **few | {"windows_above": 1})], "dialerd", 0.0)
    assert sentence == "1 of all 60 windows of 24 hours are above the limit"


def test_behind_a_rival_at_no_more_abandons_is_no_pass() -> None:
    runs = [row(seed=n, cell="odd", occupancy=0.70) for n in (1, 2, 3)]
    runs += [row(seed=n, cell="odd", law="cisco", occupancy=0.72, abandoned=20) for n in (1, 2, 3)]
    runs += [row(seed=n, cell="odd", law="dialerd@cisco", occupancy=0.71) for n in (1, 2, 3)]
    sentences = failures(runs, "dialerd", slack=0.0)
    assert [word in sentence for word, sentence in zip(("against cisco", "on average"), sentences, strict=True)] == [
        True,
        True,
    ]


def test_a_large_floor_has_ten_minutes_after_a_step() -> None:
    assert failures([row(doubled=True, agents=100, after_shift=0.1, settled=0.03)], "dialerd", slack=0.0) == []


@pytest.mark.parametrize(("stationary", "abandoned", "missed"), [(True, 30, 2), (False, 30, 0), (True, 40, 0)])
def test_a_tuned_law_that_keeps_the_limit_may_be_a_point_ahead(stationary: bool, abandoned: int, missed: int) -> None:
    common = {"cell": "odd", "stationary": stationary}
    runs = [row(seed=n, occupancy=0.70, **common) for n in (1, 2, 3)]
    runs += [row(seed=n, law="oracle-all", occupancy=0.712, abandoned=abandoned, **common) for n in (1, 2, 3)]
    assert len(failures(runs, "dialerd", slack=0.0)) == missed
