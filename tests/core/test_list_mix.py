"""Lists in turn by weight: shares in every stretch, nobody lost, nobody twice."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, strategies as st

from dialerd.core.list_mix import by_list, mixed

QUEUES = st.dictionaries(st.integers(1, 6), st.integers(0, 40), min_size=1, max_size=6)
WEIGHTS = st.dictionaries(st.integers(1, 6), st.integers(-2, 9))


@given(QUEUES, WEIGHTS)
def test_every_lead_comes_once_and_each_list_keeps_its_order(lengths: dict[int, int], weights: dict[int, int]) -> None:
    queues = {list_id: [(list_id, n) for n in range(length)] for list_id, length in lengths.items()}
    found = list(mixed(queues, weights))
    assert sorted(found) == sorted(one for queue in queues.values() for one in queue)
    assert by_list(found, [list_id for list_id, _ in found]) == {k: v for k, v in queues.items() if v}


@given(st.dictionaries(st.integers(1, 6), st.integers(1, 9), min_size=2, max_size=6))
def test_every_stretch_has_the_shares_within_one_turn(weights: dict[int, int]) -> None:
    total = sum(weights.values())
    found = list(mixed({list_id: [list_id] * 20 * total for list_id in weights}, weights))
    seen: Counter[int] = Counter()
    for n, list_id in enumerate(found[: 20 * min(weights.values()) * total // max(weights.values())], start=1):
        seen[list_id] += 1
        for other, weight in weights.items():
            assert abs(seen[other] - n * weight / total) < len(weights)
