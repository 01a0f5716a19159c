"""The careful choice: luck is not chosen, folds keep groups whole, a looser limit is never worse."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, strategies as st

from dialerd.core.amd.careful import careful, folds
from dialerd.core.amd.search import search
from dialerd.core.amd.tuning import Limits, Recording, Trial, best, measure
from dialerd.core.campaign import AmdParameters

from .test_tuning import generated, recording


def people_that_differ() -> list[Recording]:
    """Four voices: each says one thing of a length of its own, and one of them is long mostly."""
    made: list[Recording] = []
    for voice in range(4):
        for number in range(25):
            long = number < (15 if voice == 0 else 1)
            name = f"{voice}-{number:02d}"
            made.append(recording(name, True, (200, 0), (1700 if long else 300, 2000), group=f"voice {voice}"))
            made.append(recording(f"m{name}", False, (200, 0), (2500, 2000), group=f"voice {voice}"))
    return made


def test_a_set_that_loses_one_voice_is_chosen_at_the_limit_but_not_carefully() -> None:
    made = people_that_differ()
    sets = [AmdParameters(), AmdParameters(greeting=4000)]
    trials = [Trial(each, measure(made, each)) for each in sets]
    assert [(each.counts.lost, each.counts.leaked) for each in trials] == [(18, 0), (0, 100)]
    parted = folds(made)
    assert len(parted) == 4
    assert best(trials, Limits(0.2)) is trials[0], "18 of 100 people"
    assert careful(trials, parted, Limits(0.2)) is trials[1], "but 15 of 25 of one voice: others may have more such"
    assert careful(trials, parted, Limits(0.6)) is trials[0]
    assert careful(trials, parted, Limits(0.03)) is None, "100 people cannot show that fewer than 3 % are lost"
    assert careful(trials, parted[:1], Limits(0.6)) is None, "nothing to validate on"
    assert careful(trials, parted, Limits(0.6, delay_ms=100)) is None


def test_a_looser_limit_is_never_worse_and_none_is_exceeded_here() -> None:
    made = generated()
    trials = search(made, sets=400)
    found = [careful(trials, folds(made), Limits(percent / 100)) for percent in range(0, 101, 5)]
    assert found[0] is None and found[-1] is not None
    assert [each is None for each in found] == sorted((each is None for each in found), reverse=True)
    leaked = [each.counts.leaked for each in found if each is not None]
    assert all(later <= earlier for earlier, later in pairwise(leaked)) and len(leaked) > 5
    for place, each in enumerate(found):
        assert each is None or each.counts.lost <= place / 20 * each.counts.people


@given(count=st.integers(2, 12), size=st.integers(2, 60))
def test_folds_keep_groups_whole_and_lose_nothing(count: int, size: int) -> None:
    made = generated(size)
    parted = folds(made, count)
    assert sorted(each.name for fold in parted for each in fold) == [each.name for each in made]
    groups = [{each.group for each in fold} for fold in parted]
    assert sum(len(each) for each in groups) == len(set().union(*groups))
    assert all(any(each.person for each in fold) for fold in parted) and len(parted) <= count


def test_without_people_there_are_no_folds() -> None:
    assert folds([]) == [] and folds([recording("m", False, (100, 0))]) == []


def test_the_same_folds_whatever_the_order() -> None:
    made = generated(30)
    assert folds(made) == folds(made[::-1])
