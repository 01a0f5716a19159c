"""Which lead is called first: the best where an agent waits, the list's order beyond, nobody passed over for ever."""

from __future__ import annotations

from hypothesis import given, strategies as st

from dialerd.core.pacing.choice import OLDEST_EVERY, WINDOW, order

CHANCES = st.lists(st.floats(0.0, 1.0), max_size=60)


def test_sure_calls_take_the_best_and_the_others_keep_the_lists_order() -> None:
    assert order([0.1, 0.3, 0.2, 0.4], sure=2) == [3, 1, 0, 2]
    assert order([0.1, 0.3, 0.2, 0.4], sure=0) == [0, 1, 2, 3]
    assert order([0.2, 0.2, 0.2], sure=2) == [0, 1, 2], "of equals the first of the list"
    assert order([], sure=3) == []


def test_every_fourth_sure_call_goes_to_who_waits_longest() -> None:
    assert order([0.1, 0.3, 0.2], sure=1, chosen_before=OLDEST_EVERY - 1) == [0, 1, 2]
    assert order([0.0, 0.5, 0.6, 0.7, 0.8, 0.9], sure=5) == [5, 4, 3, 0, 2, 1]


def test_who_is_far_down_the_list_is_not_chosen_yet() -> None:
    assert order([0.1] * WINDOW + [0.9], sure=1)[0] == 0


@given(CHANCES, st.integers(0, 80), st.integers(0, 1000))
def test_every_lead_has_its_place_once(chances: list[float], sure: int, before: int) -> None:
    assert sorted(order(chances, sure, before)) == list(range(len(chances)))


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30))
def test_the_worst_lead_comes_after_few_calls_whatever_comes_in(chances: list[float]) -> None:
    """One call at a time, a better lead added each time: the first of the list is called within four calls."""
    row = [("worst", -1.0), *(("other", chance) for chance in chances)]
    for before in range(OLDEST_EVERY):
        place = order([chance for _, chance in row], sure=1, chosen_before=before)[0]
        name, _ = row.pop(place)
        if name == "worst":
            return
        row.append(("new", 1.0))
    raise AssertionError("passed over too often")
