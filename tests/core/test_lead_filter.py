"""The language of filters: what it means, what it refuses, and that nothing makes it do anything else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from dialerd.core.lead_filter import DEEPEST, LONGEST, WORDS, FilterError, checked_filter, compile_filter

LEAD: dict[str, Any] = {
    "city": "Köln", "rank": 7, "attempts": 2, "plan": "gold", "Date of birth": "1990-02-01", "code": "007", "empty": "",
    "price": "19.90",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("", True), ("city == 'köln'", True), ('city != "Bonn"', True), ("rank > 6.5 and attempts < 3", True),
        ("rank > 7 or plan == 'gold'", True), ("not plan == 'gold'", False), ("plan in ('silver', 'GOLD')", True),
        ("rank in (1, 7)", True), ("code == 7", True), ("price >= 19.9", True), ("price < 100", True),
        ("nobody == ''", True), ("nobody > 3", False), ("city contains 'öl'", True), ("city startswith 'kö'", True),
        ("`Date of birth` < '1991'", True), ("rank == 1 or rank == 7 and plan == 'tin'", False),
        ("(rank == 1 or rank == 7) and plan == 'gold'", True), ("not (rank == 7 and attempts == 2)", False),
        ("not not rank == 7", True), ("-1 < rank", True), ("empty == ''", True), ("NOT rank == 8 AND rank == 7", True),
    ],
)  # fmt: skip
def test_what_it_means(text: str, passes: bool) -> None:
    assert compile_filter(text)(LEAD) is passes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("city = 'Bonn'", "wants one of =="), ("city ==", "at its end"), ("(rank > 3", r"wants a closing \)"),
        ("rank > 3 plan == 'x'", "wants and, or, or nothing more at 'plan'"),
        ("city == 'Bonn", "cannot be understood at"),
        ("rank in 3", "wants a list like"), ("rank in (1 2)", r"wants a closing \)"),
        ("and rank == 3", "wants a field"),
        ("__import__('os').system('x')", "cannot be understood"),
        ("rank; DROP TABLE lead", "cannot be understood at '; DROP"),
        ("(" * (DEEPEST + 5) + "rank == 1" + ")" * (DEEPEST + 5), "nested deeper"),
        ("x" * (LONGEST + 1), "longer than"),
    ],
)  # fmt: skip
def test_what_it_refuses_with_the_place(text: str, said: str) -> None:
    with pytest.raises(FilterError, match=said):
        checked_filter(text)


PARTS = st.sampled_from(
    [*WORDS, "==", "<", "(", ")", ",", "city", "rank", "3", "-1.5", "'a'", '"b"', "`c d`", "=", "é"]
)


@settings(max_examples=400)
@given(st.one_of(st.text(max_size=60), st.lists(PARTS, max_size=14).map(" ".join)))
def test_anything_is_understood_or_refused(text: str) -> None:
    try:
        test = compile_filter(text)
    except FilterError:
        return
    assert test(LEAD) in (True, False) and test({}) in (True, False)
