"""What is refused as a voice file, and what is done to one that is not."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from dialerd.audio.preparing import RATE_HZ, as_wave, level_dbfs, prepared, read_wave
from dialerd.core.errors import Invalid

from .voices import joined, silence, tone


def test_silence_goes_and_the_level_is_the_usual_one() -> None:
    done = prepared(joined(silence(1.0), tone(2.0, 500), silence(0.5)))
    assert (done.trimmed_start_s, done.trimmed_end_s) == (0.95, 0.4), "a little is left for a soft beginning and end"
    assert done.length_s == pytest.approx(2.15) and done.level_dbfs == pytest.approx(-18.0, abs=0.05)
    assert done.gain_db > 20 and done.warnings == ()


def test_what_is_to_be_kept_is_kept() -> None:
    data = joined(silence(1.0), tone(2.0, 500), silence(0.5))
    done = prepared(data, keep_level=True, keep_silence=True)
    assert as_wave(done.samples) == data and (done.gain_db, done.trimmed_start_s) == (0.0, 0.0)
    assert "very quiet" in done.warnings[0]


def test_a_pause_within_is_no_silence_around() -> None:
    done = prepared(joined(tone(0.5), silence(2.0), tone(0.5)))
    assert done.length_s == pytest.approx(3.0) and (done.trimmed_start_s, done.trimmed_end_s) == (0, 0)


def test_nothing_clips_for_the_sake_of_the_level() -> None:
    click = np.concatenate([tone(0.05, 30_000), tone(3.0, 300)])
    done = prepared(as_wave(click))
    assert done.length_s == pytest.approx(3.05), "a click does not make silence of the voice"
    assert done.level_dbfs < -18 and int(np.abs(done.samples.astype(int)).max()) < 32_767 and done.warnings == ()


def test_a_clipped_file_is_told() -> None:
    clipped = np.clip(tone(1.0, 32_000).astype(np.int32) * 4, -32_768, 32_767).astype(np.int16)
    assert "clipped" in prepared(as_wave(clipped), keep_level=True).warnings[0]


def other_form(rate: int = 8000, channels: int = 1, width: int = 2) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(b"\1" * rate * channels * width)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"hello world, this is no sound", "is no WAV file"),
        (joined(tone())[:20], "is no WAV file"),
        (joined(tone())[:-400], "is cut off"),
        (as_wave(silence(0)), "a header and no sound"),
        (other_form(rate=44_100), "has 44100 Hz, 1 channels, 16 bits"),
        (other_form(channels=2), "2 channels"),
        (other_form(width=1), "8 bits"),
        (joined(silence(2.0)), "is silent: its loudest sample is at no level at all"),
        (joined(tone(2.0, 40)), "is silent: its loudest sample is at -58 dBFS"),
        (joined(tone(0.2)), "is 0.20 s long; a message has at least 0.3 s"),
        (joined(silence(1.0), tone(0.1), silence(1.0)), "without the silence around it; a message has at least"),
        (joined(tone(301)), "is 301 s long; a message has at most 300 s"),
    ],
)
def test_what_is_no_message_is_refused_with_one_sentence(data: bytes, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        prepared(data)
    assert words in str(refused.value) and "\n" not in str(refused.value)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 60))
def test_no_bytes_are_worse_than_refused(tail: bytes, cut: int) -> None:
    for data in (tail, joined(tone(0.4))[:cut] + tail):
        try:
            read_wave(data)
        except Invalid as refused:
            assert "\n" not in str(refused)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.4, 3.0), st.integers(300, 32_000), st.floats(0, 2), st.floats(0, 2))
def test_any_voice_ends_up_as_a_message(seconds: float, amplitude: int, before: float, behind: float) -> None:
    done = prepared(joined(silence(before), tone(seconds, amplitude), silence(behind)))
    assert done.length_s == len(done.samples) / RATE_HZ
    assert done.level_dbfs == pytest.approx(level_dbfs(done.samples), abs=0.06)
    assert -18.1 <= done.level_dbfs <= -17.9
    assert seconds - 0.02 <= done.length_s <= seconds + 0.17


def test_more_than_a_minute_is_told() -> None:
    assert prepared(joined(tone(60))).warnings == ()
    (warning,) = prepared(joined(tone(90))).warnings
    assert "90 s long" in warning
