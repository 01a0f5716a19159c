"""When a greeting is over, by made sounds at their boundaries; real greetings: test_mailboxes.py."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.amd_corpus import tones
from tests.amd_corpus.tones import Sound, silence, tone

from dialerd.detector.greeting_end import Cue, GreetingEnd

from .sounds import chatter, ends, through_telephone

GREETING = chatter(2.0)


def told(*parts: Sound, tail_s: float = 4.0) -> tuple[Cue | None, float]:
    """The cue for a greeting and what follows it, and its seconds after the end of these parts."""
    cue, at = ends(through_telephone(GREETING, *parts, silence(tail_s)))
    return cue, at - sum(map(len, (GREETING, *parts))) / tones.RATE_HZ


@settings(max_examples=60, deadline=None)
@given(st.floats(480, 2400), st.floats(0.16, 1.9), st.floats(-36, -8), st.floats(0.0, 1.5))
def test_a_beep_is_told_a_quarter_second_after_its_end(hz: float, s: float, level_db: float, gap_s: float) -> None:
    if abs(hz - 2100) < 40 and s > 1.0:
        return  # the answer of a fax machine
    cue, after_s = told(silence(gap_s), tone(hz, s, level_db))
    assert cue is Cue.BEEP
    assert 0.2 <= after_s <= 0.32


@pytest.mark.parametrize("gap_s", [0.08, 0.15, 0.2])
def test_a_double_beep_is_over_with_its_second_half(gap_s: float) -> None:
    cue, after_s = told(silence(0.4), tone(1400, 0.2, -20), silence(gap_s), tone(1400, 0.2, -20))
    assert (cue, 0.2 <= after_s <= 0.32) == (Cue.BEEP, True)


def test_a_beep_in_the_middle_of_speech_is_not_the_end() -> None:
    cue, after_s = told(silence(0.1), tone(1000, 0.3, -20), chatter(2.0, -20), silence(0.3), tone(1000, 0.3, -20))
    assert (cue, after_s > 0) == (Cue.BEEP, True)


def test_a_beep_over_noise() -> None:
    noise = tones.noise(np.random.default_rng(2), 1.0, -40, 1.0)
    beep = noise[:4000] + tone(1000, 0.5, -22)
    cue, after_s = told(noise, beep, np.resize(noise, 32000), tail_s=0.0)
    assert cue is Cue.BEEP
    assert after_s < -3.6


@pytest.mark.parametrize("seconds", [0.04, 0.06])
def test_a_click_is_no_beep(seconds: float) -> None:
    assert told(silence(0.5), tone(1000, seconds, -20))[0] is Cue.SILENCE


def test_silence_is_the_end_when_nothing_beeps() -> None:
    cue, after_s = told()
    assert (cue, after_s) == (Cue.SILENCE, pytest.approx(2.0, abs=0.15))
    assert ends(through_telephone(silence(4.0))) == (Cue.SILENCE, pytest.approx(2.0, abs=0.05)), "the beep was before"
    assert ends(through_telephone(GREETING, silence(1.9), GREETING, silence(3)))[1] > 5.9, "a pause is no end"


def test_steady_noise_behind_the_greeting_is_silence_too() -> None:
    noise = tones.noise(np.random.default_rng(3), 6.0, -38, 1.0)
    cue, at = ends(through_telephone(GREETING + noise[: len(GREETING)], noise))
    assert (cue, at < 2.0 + 2.6) == (Cue.SILENCE, True)


def test_who_never_stops_talking() -> None:
    end = GreetingEnd(longest_s=5.0)
    assert ends(through_telephone(chatter(9.0)), end=end) == (Cue.TIMEOUT, pytest.approx(5.0))


def test_music_is_no_beep() -> None:
    notes = [tone(hz, 0.25, -20) + tone(2 * hz, 0.25, -30) + tone(3 * hz, 0.25, -34) for hz in (262, 330, 392, 523) * 6]
    assert ends(through_telephone(*notes), end=GreetingEnd(longest_s=5.0))[0] is Cue.TIMEOUT


def test_fax_machines() -> None:
    assert told(silence(0.5), tone(tones.FAX_CED_HZ, 3.0, -20))[0] is Cue.FAX
    assert told(silence(0.5), tone(tones.FAX_CED_HZ, 0.6, -20))[0] is Cue.BEEP


def test_information_tones_before_an_announcement() -> None:
    cue, at = ends(through_telephone(silence(0.3), tones.sit(-20), silence(0.2), chatter(2.0)))
    assert (cue, at < 1.4) == (Cue.SIT, True)
    assert ends(through_telephone(silence(0.3), *[tone(hz, 0.15, -20) for hz in (700, 1000, 1400)], silence(1)))[0] is (
        Cue.BEEP
    ), "a mailbox whose beep rises"


@pytest.mark.parametrize(
    ("on_s", "off_s", "tones_hz"), [(1.0, 4.0, (425,)), (2.0, 4.0, (440, 480)), (0.5, 0.5, (425,))]
)
def test_ringing_and_busy_before_anybody_speaks_are_no_beep(
    on_s: float, off_s: float, tones_hz: tuple[int, ...]
) -> None:
    once = np.concatenate([np.sum([tone(hz, on_s, -22) for hz in tones_hz], axis=0), silence(off_s)])
    cue, at = ends(through_telephone(silence(0.2), once, once), end=GreetingEnd(silence_s=4.5))
    assert cue is None or (cue, at > 6) == (Cue.SILENCE, True)
