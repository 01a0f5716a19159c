"""Hand-made sounds and Hypothesis strategies for them. Knows nothing of AMD's verdicts."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from dialerd.core.campaign import AmdParameters


def sound(*parts: tuple[int, int]) -> NDArray[np.int16]:
    """Samples of parts (milliseconds, level): a square wave's mean absolute sample is its level."""
    pieces = [np.full(ms * 8, level, dtype=np.int16) for ms, level in parts]
    for piece in pieces:
        piece[1::2] *= -1
    return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.int16)


def spell(pattern: str, level: int = 1000) -> NDArray[np.int16]:
    """Samples of a pattern, one character for 20 ms: `#` is sound, `.` silence."""
    return sound(*((20, level if each == "#" else 0) for each in pattern))


milliseconds = st.integers(0, 130).map(lambda n: n * 10)

parameters = st.builds(
    AmdParameters,
    initial_silence=milliseconds,
    greeting=milliseconds,
    after_greeting_silence=milliseconds,
    total_analysis_time=st.integers(1, 260).map(lambda n: n * 20),
    minimum_word_length=st.sampled_from([0, 1, 20, 50, 99, 100, 101, 120, 300]),
    between_words_silence=st.sampled_from([1, 20, 30, 50, 60, 100]),
    maximum_number_of_words=st.integers(0, 5),
    silence_threshold=st.sampled_from([0, 1, 100, 256, 300, 32767]),
    maximum_word_length=st.sampled_from([0, 100, 500, 1000, 5000]),
)
"""Parameter sets at which nearly every rule is reached with sounds of a few seconds."""

levels = st.sampled_from([0, 0, 100, 255, 256, 257, 300, 1000, 1000, 32767])
sounds = st.lists(st.tuples(st.integers(1, 60).map(lambda n: n * 10), levels), max_size=25).map(lambda p: sound(*p))
"""Sounds with levels around the usual thresholds and lengths that do not fall on frames."""

ragged_sounds = st.builds(lambda whole, cut: whole[: max(0, len(whole) - cut)], sounds, st.integers(0, 170))
"""The same with an end at any sample."""
