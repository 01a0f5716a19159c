"""How one frame sounds: levels and tones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from tests.amd_corpus import tones

from dialerd.detector.frames import SILENT_DB, Ear, Sound

from .sounds import chatter, frames, through_telephone


def heard(*parts: tones.Sound) -> list[Sound]:
    ear = Ear()
    return [ear.hear(frame) for frame in frames(through_telephone(*parts))]


@given(st.floats(360, 2450), st.floats(-40, -5))
def test_a_tone_is_found_at_its_frequency_and_level(hz: float, level_db: float) -> None:
    inside = heard(tones.tone(hz, 0.3, level_db))[2:-2]
    assert all(len(each.tones_hz) == 1 for each in inside)
    assert max(abs(each.tones_hz[0] - hz) for each in inside) < 3
    assert np.mean([each.level_db for each in inside]) == pytest.approx(level_db, abs=0.6)


@pytest.mark.parametrize("pair", [(350, 440), (480, 620), (440, 480), (697, 1209), (941, 1633)])
def test_two_tones_are_two(pair: tuple[int, int]) -> None:
    both = tones.tone(pair[0], 0.4, -20) + tones.tone(pair[1], 0.4, -20)
    inside = heard(both)[2:-2]
    found = [each.tones_hz for each in inside if len(each.tones_hz) == 2]
    if pair == (440, 480):  # 40 Hz apart they are one that swells: no tone, or one between them
        return
    assert len(found) == len(inside)
    assert np.max(np.abs(np.array(found) - pair)) < 8


def test_silence_and_noise_are_no_tones() -> None:
    assert heard(tones.silence(0.1)) == [Sound(SILENT_DB)] * 5
    noise = heard(tones.noise(np.random.default_rng(1), 5.0, -20, 0.0), chatter(5.0))
    assert sum(bool(each.tones_hz) for each in noise) == 0
    assert not any(each.tones_hz for each in heard(tones.hum(1.0, -25))), "mains hum is below the band"


def test_the_loudest_sound_there_is() -> None:
    square = np.where(np.arange(1600) % 8 < 4, 32767.0, -32768.0)
    assert all(each.level_db < 0.1 for each in heard(square))
