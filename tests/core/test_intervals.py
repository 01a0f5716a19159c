"""The interval of a share, by numbers worked out by hand and by what must hold for any."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from dialerd.core.intervals import wilson, wilson_middle


def test_the_interval_is_wilsons() -> None:
    low, high = wilson(3, 100)
    assert (low, high) == pytest.approx((0.01025, 0.08452), abs=1e-4)
    assert wilson(0, 50)[0] == 0.0 and wilson(50, 50)[1] == 1.0 and wilson(0, 0) == (0.0, 1.0)


@given(st.integers(1, 10_000), st.data())
def test_it_holds_the_share_and_its_middle(of: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, of))
    low, high = wilson(hits, of)
    assert 0 <= low <= hits / of <= high <= 1
    assert low <= wilson_middle(hits, of) <= high and 0 < wilson_middle(hits, of) < 1
    assert wilson_middle(hits, of) == pytest.approx(1 - wilson_middle(of - hits, of))


def test_nothing_seen_leaves_everything_open() -> None:
    assert wilson_middle(0, 0) == 0.5
    assert wilson_middle(0, 100) == pytest.approx(1.9207 / 103.8415, abs=1e-4)  # (0 + z²/2) / (100 + z²)
