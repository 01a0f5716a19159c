"""The search: limits kept, no preset better, one answer for every limit, the same again."""

from __future__ import annotations

from itertools import pairwise

import pytest

from dialerd.core.amd import search as module
from dialerd.core.amd.presets import PRESETS
from dialerd.core.amd.search import STEPS, search
from dialerd.core.amd.tuning import Limits, Trial, best, measure
from dialerd.core.campaign import AmdParameters, AmdPolicy

from .test_tuning import generated

FEW_SETS = 500


def points(trials: list[Trial]) -> list[tuple[AmdParameters, int, int]]:
    return [(each.parameters, each.counts.lost, each.counts.leaked) for each in trials]


@pytest.mark.parametrize("limits", [Limits(0.0), Limits(0.05), Limits(0.2), Limits(0.2, delay_ms=1800)])
def test_a_proposal_keeps_the_limits_and_beats_every_preset_that_does(limits: Limits) -> None:
    recordings = generated()
    sets = 1500 if limits.delay_ms is not None else FEW_SETS
    found = best(search(recordings, delay_ms=limits.delay_ms, sets=sets), limits)
    assert found is not None and found.counts == measure(recordings, found.parameters)
    assert found.counts.lost <= limits.lost * found.counts.people
    delay = found.counts.delay_ms(0.95)
    assert limits.delay_ms is None or (delay is not None and delay <= limits.delay_ms)
    for preset in PRESETS.values():
        counts = measure(recordings, preset)
        assert counts.excess(limits) or found.counts.leaked <= counts.leaked


def test_a_higher_limit_is_never_worse_and_presets_and_given_sets_are_among_the_trials() -> None:
    given = AmdParameters(greeting=1234)
    trials = search(generated(), also=[given], sets=FEW_SETS)
    every = [best(trials, Limits(limit / 100)) for limit in range(0, 60, 5)]
    leaked = [each.counts.leaked for each in every if each is not None]
    assert len(leaked) > 8 and all(later <= earlier for earlier, later in pairwise(leaked))
    assert {given, *PRESETS.values()} <= {each.parameters for each in trials}


def test_nothing_is_proposed_beyond_the_limits_and_the_search_is_the_same_again() -> None:
    impossible = Limits(0.05, delay_ms=100)
    assert best(search(generated(20), delay_ms=100, sets=FEW_SETS), impossible) is None
    assert points(search(generated(20), sets=400)) == points(search(generated(20), sets=400))


def test_who_gets_what_amd_is_not_sure_of_changes_the_counts() -> None:
    recordings = generated()
    for each in search(recordings, unsure=AmdPolicy.MACHINE, sets=400):
        assert each.counts == measure(recordings, each.parameters, AmdPolicy.MACHINE)


def test_many_recordings_are_tried_on_a_sample_first_and_counted_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_AT_FIRST", 20)
    recordings = generated(60)
    told: list[tuple[int, int]] = []
    trials = search(recordings, sets=400, tried=lambda done, of: told.append((done, of)))
    assert {each.counts.people + each.counts.machines for each in trials} == {60}
    assert told[0] == (1, 400) and told[-1][0] <= 400


def test_every_value_that_is_tried_goes_with_every_other() -> None:
    lowest = {name: min(steps) for name, steps in STEPS.items()}
    highest = {name: max(steps) for name, steps in STEPS.items()}
    assert highest["after_greeting_silence"] < lowest["total_analysis_time"]
    assert highest["greeting"] < lowest["total_analysis_time"]
    assert highest["minimum_word_length"] < min(lowest["greeting"], lowest["maximum_word_length"])
    assert highest["between_words_silence"] < lowest["after_greeting_silence"]
