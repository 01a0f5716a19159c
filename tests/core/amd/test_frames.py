"""From samples to loudness and runs: Asterisk's integer arithmetic, short frames, thresholds."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, strategies as st

from dialerd.core.amd.frames import Run, frames

from .frame_by_frame import cut
from .sounds import ragged_sounds, sound, spell


@given(ragged_sounds, st.sampled_from([8, 12, 80, 160, 240]), st.booleans())
def test_loudness_is_the_mean_rounded_down(samples: np.ndarray, frame_samples: int, fill_last: bool) -> None:
    made = frames(samples, frame_samples=frame_samples, fill_last=fill_last)
    plain = list(cut(samples.tolist(), frame_samples, fill_last=fill_last))
    assert made.levels.tolist() == [sum(map(abs, frame)) // len(frame) for frame in plain]
    assert np.diff((0, *made.ends_ms)).tolist() == [len(frame) // 8 for frame in plain]


def test_the_loudest_sample_there_is() -> None:
    assert frames(np.full(160, -32768, dtype=np.int16)).levels.tolist() == [32768]


def test_a_short_last_frame_is_louder_than_the_same_sound_filled_up() -> None:
    samples = sound((20, 400), (10, 400))
    assert frames(samples).levels.tolist() == [400, 200]
    short = frames(samples, fill_last=False)
    assert (short.levels.tolist(), short.ends_ms) == ([400, 400], (20, 30))


def test_runs_change_with_the_threshold() -> None:
    made = frames(sound((40, 300), (20, 255), (20, 256), (40, 100)))
    assert made.runs(256) == (Run(False, 0, 1), Run(True, 2, 2), Run(False, 3, 3), Run(True, 4, 5))
    assert made.runs(257) == (Run(False, 0, 1), Run(True, 2, 5))
    assert made.runs(0) == (Run(False, 0, 5),), "nothing is below zero"
    assert made.runs(256) is made.runs(256), "worked out once"


@given(ragged_sounds, st.integers(0, 1100))
def test_runs_cover_all_frames_and_alternate(samples: np.ndarray, threshold: int) -> None:
    made = frames(samples)
    runs = made.runs(threshold)
    covered = [frame for run in runs for frame in range(run.first, run.last + 1)]
    assert covered == list(range(len(made.levels)))
    assert all(one.silent is not other.silent for one, other in pairwise(runs))
    for run in runs:
        assert all((made.levels[run.first : run.last + 1] < threshold) == run.silent)


def test_silence_of_no_whole_millisecond_is_none_yet() -> None:
    samples = np.concatenate([spell("#"), np.zeros(5, dtype=np.int16)])
    assert frames(samples, fill_last=False).runs(256) == (Run(False, 0, 1),)
    assert frames(np.zeros(165, dtype=np.int16), fill_last=False).runs(256) == (Run(True, 0, 1),)


def test_no_sound_no_frames() -> None:
    made = frames(np.zeros(0, dtype=np.int16))
    assert (len(made.levels), made.ends_ms, made.runs(256)) == (0, (), ())


def test_refuses_what_is_no_telephone_sound() -> None:
    with pytest.raises(ValueError, match="one-dimensional int16, not 1-dimensional float64"):
        frames(np.zeros(160))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not 2-dimensional int16"):
        frames(np.zeros((2, 160), dtype=np.int16))
    with pytest.raises(ValueError, match="frame_samples must be at least 8"):
        frames(np.zeros(160, dtype=np.int16), frame_samples=7)
