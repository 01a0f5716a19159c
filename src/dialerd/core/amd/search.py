"""Owns the search for AMD parameters on labelled recordings. Knows nothing of files, commands and campaigns.

Both errors are sought at once: a set is kept as long as no other has fewer people lost and fewer machines leaked, and
the next sets to try are kept ones with a parameter or two changed. So one search answers for every limit, and a higher
limit never gets a worse answer than a lower one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from dialerd.core.amd.presets import PRESETS
from dialerd.core.amd.tuning import Recording, Trial, frontier, measure
from dialerd.core.campaign import AmdParameters, AmdPolicy

# Where the search begins: a coarse grid of what moves people and machines most
GRID: Mapping[str, tuple[int, ...]] = {
    "silence_threshold": (256, 512, 1024),
    "initial_silence": (2500, 4500),
    "greeting": (1000, 1500, 2200, 3000),
    "after_greeting_silence": (600, 1000, 1700),
    "maximum_number_of_words": (2, 3, 4, 6),
}
# … and what it may come to
STEPS: Mapping[str, tuple[int, ...]] = {
    "initial_silence": (1500, 2000, 2500, 3000, 3500, 4000, 4500),
    "greeting": (700, 900, 1100, 1300, 1500, 1700, 1900, 2200, 2600, 3000),
    "after_greeting_silence": (400, 500, 600, 700, 800, 900, 1000, 1200, 1400, 1700),
    "total_analysis_time": (3500, 4000, 5000, 6000),
    "minimum_word_length": (60, 80, 100, 120, 160, 200, 260),
    "between_words_silence": (40, 50, 80, 100, 140),
    "maximum_number_of_words": (1, 2, 3, 4, 5, 6, 8),
    "silence_threshold": (128, 180, 256, 360, 512, 720, 1024, 1400),
    "maximum_word_length": (600, 900, 1300, 2000, 5000),
}
SETS = 2400
"""Parameter sets that are tried."""
MOST_AT_FIRST = 600
"""So many recordings tell good sets from bad ones; only the good ones are tried on all."""


def search(
    recordings: Sequence[Recording],
    *,
    delay_ms: int | None = None,
    unsure: AmdPolicy = AmdPolicy.AGENT,
    also: Iterable[AmdParameters] = (),
    sets: int = SETS,
    seed: int = 1,
    tried: Callable[[int, int], object] = lambda done, of: None,
) -> list[Trial]:
    """Return the sets that nothing tried beats in both errors, and every preset and set of `also`, on all recordings.

    `delay_ms`: sets whose p95 for people called HUMAN is above it are no candidates. `tried` is told the progress.
    Deterministic; ten microseconds for each recording and set: a minute for a thousand recordings.
    """
    random = np.random.default_rng(seed)
    few = _sample(recordings, random)
    first = [*PRESETS.values(), *also]
    known: dict[AmdParameters, Trial] = {}
    kept: list[Trial] = []

    def attempt(parameters: AmdParameters) -> bool:
        if parameters in known:
            return False
        known[parameters] = trial = Trial(parameters, measure(few, parameters, unsure))
        if delay_ms is None or trial.counts.p95_ms <= delay_ms:
            kept[:] = frontier([*kept, trial])
        tried(len(known), sets)
        return True

    for parameters in first:
        attempt(parameters)
    for values in product(*GRID.values()):
        attempt(replace(AmdParameters(), **dict(zip(GRID, values, strict=True))))
    in_vain = 0
    while len(known) < sets and in_vain < sets:
        bases = kept or [min(known.values(), key=lambda each: each.counts.p95_ms)]
        from_set = bases[int(random.integers(len(bases)))].parameters
        in_vain = 0 if attempt(_changed(from_set, random)) else in_vain + 1
    final = {*first, *(each.parameters for each in kept)}
    if len(few) == len(recordings):
        return [each for each in known.values() if each.parameters in final]
    return [Trial(each, measure(recordings, each, unsure)) for each in known if each in final]


def _sample(recordings: Sequence[Recording], random: np.random.Generator) -> list[Recording]:
    """MOST_AT_FIRST of them, people and machines in equal numbers as far as there are."""
    if len(recordings) <= MOST_AT_FIRST:
        return list(recordings)
    chosen: list[Recording] = []
    for person in (True, False):
        of_kind = [each for each in recordings if each.person is person]
        order = random.permutation(len(of_kind))[: MOST_AT_FIRST // 2]
        chosen += [of_kind[place] for place in sorted(order.tolist())]
    return chosen


def _changed(parameters: AmdParameters, random: np.random.Generator) -> AmdParameters:
    """The set with one parameter or two changed: mostly by a step or two, now and then to any value."""
    names = list(STEPS)
    changes: dict[str, int] = {}
    for place in random.permutation(len(names))[: 1 + int(random.random() < 0.4)]:
        name = names[place]
        steps = STEPS[name]
        nearest = int(np.argmin([abs(step - getattr(parameters, name)) for step in steps]))
        if random.random() < 0.2:
            to = int(random.integers(len(steps)))
        else:
            to = int(np.clip(nearest + random.choice((-2, -1, 1, 2)), 0, len(steps) - 1))
        changes[name] = steps[to]
    return replace(parameters, **changes)
