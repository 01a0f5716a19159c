"""What parameters do to recordings: counts by hand, limits, a frontier without steps back, groups kept whole."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, strategies as st

from dialerd.core.amd.frames import frames
from dialerd.core.amd.presets import PRESETS
from dialerd.core.amd.tuning import Counts, Limits, Recording, Trial, best, frontier, measure, split
from dialerd.core.campaign import AmdParameters, AmdPolicy

from .sounds import sound


def recording(name: str, person: bool, *parts: tuple[int, int], group: str = "") -> Recording:
    return Recording(name, person, frames(sound(*parts)), group)


CRACKLE = ((400, 0), (60, 1000)) * 12  # no word, no long silence: AMD is not sure
HAND_MADE = [
    recording("hello", True, (200, 0), (400, 1000)),  # HUMAN at 1400
    recording("slow", True, (300, 0), (800, 1000)),  # HUMAN at 1900
    recording("long", True, (200, 0), (1700, 1000)),  # LONGGREETING: lost
    recording("crackle", True, *CRACKLE),
    recording("mailbox", False, (200, 0), (3000, 1000)),
    recording("pausing", False, (200, 0), (400, 1000), (1000, 0), (3000, 1000)),  # HUMAN: leaked
    recording("crackling", False, *CRACKLE),
]


def test_the_best_is_within_the_limits_and_leaks_least() -> None:
    def trial(lost: int, leaked: int, delay_ms: int) -> Trial:
        return Trial(AmdParameters(), Counts(100, lost, 100, leaked, 0, (delay_ms,)))

    cheap, dear, slow = trial(5, 40, 1500), trial(2, 60, 1200), trial(1, 30, 2500)
    assert best([cheap, dear, slow], Limits(0.05, delay_ms=2000)) is cheap
    assert best([cheap, dear, slow], Limits(0.04, delay_ms=2000)) is dear
    assert best([cheap, dear, slow], Limits(0.05)) is slow
    assert best([cheap, dear, slow], Limits(0.0)) is None


def generated(count: int = 60) -> list[Recording]:
    """People say one to three words, machines speak longer; now and then either does as the other."""
    random = np.random.default_rng(5)
    made: list[Recording] = []
    for number in range(count):
        person = number % 2 == 0
        words = int(random.integers(1, 4) if person else random.integers(3, 12))
        parts = [(int(random.integers(100, 900)), 0)]
        for _ in range(words):
            parts += [(int(random.integers(150, 600)), 2000), (int(random.integers(60, 700)), 0)]
        made.append(recording(f"{number:03d}", person, *parts, group=f"voice {number % 7}"))
    return made


def test_counts_by_hand() -> None:
    assert measure(HAND_MADE, AmdParameters()) == Counts(4, 1, 3, 2, 2, (1400, 1900))
    assert measure(HAND_MADE, AmdParameters(), AmdPolicy.MACHINE) == Counts(4, 2, 3, 1, 2, (1400, 1900))


def test_delays_and_limits() -> None:
    counts = Counts(100, 5, 10, 1, 0, tuple(range(1, 96)))
    assert (counts.delay_ms(0.5), counts.delay_ms(0.95), counts.delay_ms(0)) == (48, 91, 1)
    assert Counts(1, 1, 1, 0, 0, ()).delay_ms(0.5) is None
    assert counts.excess(Limits(0.05)) == 0, "at the limit is within it"
    assert counts.excess(Limits(0.04)) == pytest.approx(0.01)
    assert counts.excess(Limits(0.05, delay_ms=91)) == 0 < counts.excess(Limits(0.05, delay_ms=90))


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=40))
def test_the_frontier_falls_and_nothing_beats_it(errors: list[tuple[int, int]]) -> None:
    trials = [Trial(AmdParameters(), Counts(20, lost, 20, leaked, 0, ())) for lost, leaked in errors]
    points = [(each.counts.lost, each.counts.leaked) for each in frontier(trials)]
    for (lost, leaked), (more_lost, less_leaked) in pairwise(points):
        assert lost < more_lost and leaked > less_leaked
    assert all(any(a <= lost and b <= leaked for a, b in points) for lost, leaked in errors)


@given(seed=st.integers(0, 99), share=st.floats(0, 1))
def test_a_split_keeps_groups_whole_and_loses_nothing(seed: int, share: float) -> None:
    made = generated(21)
    kept, held = split(made, held_out=share, seed=seed)
    assert {each.group for each in kept}.isdisjoint(each.group for each in held)
    assert sorted(each.name for each in kept + held) == [each.name for each in made]
    assert share * 21 <= len(held) <= share * 21 + 3
    again = split(made[::-1], held_out=share, seed=seed)[1]
    assert [each.name for each in again] == [each.name for each in held]


def test_a_share_is_a_share() -> None:
    with pytest.raises(ValueError, match="held_out must be 0 to 1"):
        split(HAND_MADE, held_out=1.5)
    assert split(HAND_MADE, seed=1)[1] != split(HAND_MADE, seed=2)[1]


def test_presets_are_what_they_are_named_for() -> None:
    assert PRESETS["original"] == AmdParameters()
    assert PRESETS["vicidial"].arguments() == "2000,2000,1000,5000,120,50,4,256,5000"
    assert PRESETS["asterisk-default"].arguments() == "2500,1500,800,5000,100,50,2,256,5000"
    assert PRESETS["human-first"].arguments() == "4500,2600,900,5000,60,50,8,720,600"
