"""AMD's model: each cause at its boundary, and the properties that hold for every sound and parameter set."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, strategies as st

from dialerd.core.amd.frames import After, frames
from dialerd.core.amd.model import Judgement, judge
from dialerd.core.amd.status import AmdResult
from dialerd.core.campaign import AmdParameters

from .frame_by_frame import heard
from .sounds import parameters, ragged_sounds, sound, sounds, spell

ORIGINAL = AmdParameters()
DEFAULTS = AmdParameters(maximum_number_of_words=2)
EMPTY = np.zeros(0, dtype=np.int16)


def said(pattern: str, wanted: AmdParameters = ORIGINAL, after: After = After.SILENCE) -> tuple[str, str, int]:
    """The judgement on a pattern (`#` 20 ms of sound, `.` of silence)."""
    return tuple(judge(frames(spell(pattern)), wanted, after))


WORD = "#####"  # 100 ms: the shortest word
GAP = "..."  # 60 ms: parts words (50 ms is less than three frames)


@pytest.mark.parametrize(
    ("pattern", "cause", "after_ms"),
    [
        # a person: a word, then 800 ms of silence
        (".........." + WORD + "." * 40, "HUMAN-800-800", 1100),
        (WORD + "." * 39 + "#" + "." * 40, "HUMAN-800-800", 1700),
        # four frames of sound are no word: nobody spoke
        ("####" + "." * 140, "INITIALSILENCE-2500-2500", 2580),
        ("." * 125, "INITIALSILENCE-2500-2500", 2500),
        ("." * 124 + WORD + "." * 40, "HUMAN-800-800", 3380),
        # the sound a call begins with is no new word; 40 ms of silence part nothing, 60 ms do
        (WORD + 3 * (GAP + WORD) + "." * 40, "HUMAN-800-800", 1380),
        (GAP + WORD + 3 * (GAP + WORD) + "." * 40, "MAXWORDS-4-3", 640),
        (".." + WORD + 3 * (GAP + WORD) + "." * 40, "HUMAN-800-800", 1420),
        (GAP + WORD + 3 * (".." + WORD) + "." * 40, "HUMAN-800-800", 1380),
        (WORD + 9 * (GAP + "####") + "." * 40, "HUMAN-800-800", 2160),
        # 1.5 s of sound in all
        ("." + "#" * 74 + "." * 40, "HUMAN-800-800", 2300),
        ("." + "#" * 75, "LONGGREETING-1500-1500", 1520),
        # the 75th frame of sound completes the fourth word: words are looked at before the greeting's length
        (GAP + WORD + GAP + WORD + GAP + "#" * 60 + GAP + WORD, "MAXWORDS-4-3", 1740),
        ("#" * 40 + "." * 30 + "#" * 34 + "." * 40, "HUMAN-800-800", 2880),
        ("#" * 40 + "." * 30 + "#" * 35, "LONGGREETING-1500-1500", 2100),
    ],
)
def test_boundaries(pattern: str, cause: str, after_ms: int) -> None:
    status = {"HUMAN": "HUMAN", "TOOLONG": "NOTSURE"}.get(cause.partition("-")[0], "MACHINE")
    assert said(pattern) == (status, cause, after_ms)


def test_words_are_more_than_the_maximum() -> None:
    three = GAP + 3 * (WORD + GAP)
    assert said(three, DEFAULTS)[:2] == ("MACHINE", "MAXWORDS-3-2")
    assert said(three, ORIGINAL)[:2] == ("HUMAN", "HUMAN-800-800")


def test_silence_of_exactly_the_least_length_parts_words() -> None:
    words = GAP + 4 * (WORD + GAP)
    assert said(words, replace(ORIGINAL, between_words_silence=60))[1] == "MAXWORDS-4-3"
    assert said(words, replace(ORIGINAL, between_words_silence=61))[1] == "HUMAN-800-800"


def test_one_word_may_be_too_long() -> None:
    wanted = replace(ORIGINAL, maximum_word_length=400)
    assert said("#" * 19 + GAP + "#" * 19, wanted)[:2] == ("HUMAN", "HUMAN-800-800")
    assert said("#" * 20, wanted) == ("MACHINE", "MAXWORDLENGTH-400", 400)
    assert said("#" * 10 + ".." + "#" * 10, wanted)[1] == "MAXWORDLENGTH-400", "silence that parts no words is no end"


def test_time_is_up_before_the_frame_is_heard() -> None:
    wanted = replace(ORIGINAL, total_analysis_time=1100)
    human = ".........." + WORD
    assert said(human, wanted) == ("NOTSURE", "TOOLONG-1100", 1100)
    assert said(human, replace(wanted, total_analysis_time=1120)) == ("HUMAN", "HUMAN-800-800", 1100)
    assert said(human, replace(wanted, total_analysis_time=1101))[1] == "HUMAN-800-800"
    assert said("", replace(wanted, total_analysis_time=1090)) == ("NOTSURE", "TOOLONG-1100", 1100), "whole frames"


def test_of_verdicts_in_one_frame_the_word_is_longest_then_words_then_greeting() -> None:
    pattern = GAP + "#" * 10
    wanted = AmdParameters(minimum_word_length=200, maximum_word_length=200, maximum_number_of_words=0, greeting=200)
    assert said(pattern, wanted)[1] == "MAXWORDLENGTH-200"
    assert said(pattern, replace(wanted, maximum_word_length=201))[1] == "MAXWORDS-1-0"
    rest = replace(wanted, maximum_word_length=201, maximum_number_of_words=1)
    assert said(pattern + "#", rest)[1] == "MAXWORDLENGTH-220"
    # the frame that completes the first word is not held against the greeting's length, the next one is
    assert said(pattern + "#", replace(rest, maximum_word_length=999))[1] == "LONGGREETING-220-200"


def test_silence_shorter_than_the_frame_counts_whole_frames() -> None:
    assert said(GAP + WORD + ".", replace(ORIGINAL, after_greeting_silence=1))[1] == "HUMAN-20-1"
    assert said("." * 3, replace(ORIGINAL, initial_silence=50))[1] == "INITIALSILENCE-60-50"


def test_threshold_is_the_first_level_that_is_sound() -> None:
    words = [frames(sound((60, 0), (200, level), (900, 0))) for level in (255, 256)]
    assert [judge(each, ORIGINAL).status for each in words] == ["MACHINE", "HUMAN"]
    assert judge(frames(EMPTY), replace(ORIGINAL, silence_threshold=0)).cause == "LONGGREETING-1500-1500"


def test_frames_that_stop() -> None:
    assert said("", after=After.NOTHING) == ("NOTSURE", "TOOLONG-4900", 5000), "no NOAUDIODATA"
    assert said(WORD, after=After.NOTHING) == ("NOTSURE", "TOOLONG-5000", 5000), "silence nobody sends is none"
    assert said("#", after=After.NOTHING) == ("NOTSURE", "TOOLONG-4920", 5020), "the clock is past the end first"
    assert said("." * 249, after=After.NOTHING)[1] == "INITIALSILENCE-2500-2500"
    assert said("#" * 8 + "." * 40, after=After.NOTHING)[1] == "HUMAN-800-800"
    spinning = replace(ORIGINAL, between_words_silence=0)
    assert said("", spinning, After.NOTHING) == ("NOTSURE", "TOOLONG-0", 5000)
    assert said("#", spinning, After.NOTHING) == ("NOTSURE", "TOOLONG-20", 5000)


def test_what_dialerd_makes_of_it() -> None:
    assert Judgement("NOTSURE", "TOOLONG-5000", 5000).result is AmdResult.UNSURE
    assert judge(frames(spell(WORD)), ORIGINAL).result is AmdResult.HUMAN


@pytest.mark.parametrize("name", ["initial_silence", "maximum_number_of_words", "silence_threshold"])
def test_negative_parameters_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"AMD parameter {name} must not be negative"):
        judge(frames(EMPTY), replace(ORIGINAL, **{name: -1}))


# -- for every sound and parameter set


@given(ragged_sounds, parameters, st.sampled_from([160, 160, 80, 240, 12]), st.booleans())
def test_runs_come_to_the_same_as_frame_by_frame(
    samples: np.ndarray, wanted: AmdParameters, frame_samples: int, fill_last: bool
) -> None:
    made = frames(samples, frame_samples=frame_samples, fill_last=fill_last)
    plain = heard(samples.tolist(), wanted, frame_samples=frame_samples, fill_last=fill_last)
    assert tuple(judge(made, wanted)) == plain


@given(ragged_sounds, parameters, st.sampled_from([160, 160, 80, 240, 12]))
def test_and_when_the_frames_stop(samples: np.ndarray, wanted: AmdParameters, frame_samples: int) -> None:
    shortest = (wanted.initial_silence, wanted.greeting, wanted.after_greeting_silence, wanted.minimum_word_length)
    assume(min(shortest) > 0)
    made = frames(samples, frame_samples=frame_samples, fill_last=False)
    plain = heard(samples.tolist(), wanted, frame_samples=frame_samples, fill_last=False, goes_on=False)
    assert tuple(judge(made, wanted, After.NOTHING)) == plain


@given(sounds, parameters)
def test_the_analysis_time_is_never_exceeded(samples: np.ndarray, wanted: AmdParameters) -> None:
    judgement = judge(frames(samples), wanted)
    assert judgement.after_ms < wanted.total_analysis_time + 20
    gave_up = judgement.after_ms >= wanted.total_analysis_time
    assert gave_up == (judgement.status == "NOTSURE") == judgement.cause.startswith("TOOLONG-")


@given(sounds, parameters, st.integers(1, 100))
def test_more_time_changes_no_verdict(samples: np.ndarray, wanted: AmdParameters, frames_more: int) -> None:
    judgement = judge(frames(samples), wanted)
    longer = replace(wanted, total_analysis_time=wanted.total_analysis_time + 20 * frames_more)
    assume(judgement.status != "NOTSURE")
    assert judge(frames(samples), longer) == judgement


@given(sounds, parameters, st.integers(1, 5))
def test_more_words_allowed_delay_a_verdict_or_leave_it(samples: np.ndarray, wanted: AmdParameters, more: int) -> None:
    judgement = judge(frames(samples), wanted)
    patient = judge(frames(samples), replace(wanted, maximum_number_of_words=wanted.maximum_number_of_words + more))
    if judgement.cause.startswith("MAXWORDS"):
        assert patient.after_ms >= judgement.after_ms
    else:
        assert patient == judgement


@given(sounds, parameters, st.sampled_from(["greeting", "maximum_word_length", "initial_silence"]), st.integers(1, 90))
def test_a_higher_limit_delays_its_own_verdict_and_leaves_the_others(
    samples: np.ndarray, wanted: AmdParameters, limit: str, more: int
) -> None:
    cause = {"greeting": "LONGGREETING", "maximum_word_length": "MAXWORDLENGTH", "initial_silence": "INITIALSILENCE"}
    judgement = judge(frames(samples), wanted)
    patient = judge(frames(samples), replace(wanted, **{limit: getattr(wanted, limit) + 20 * more}))
    if judgement.cause.startswith(cause[limit]):
        assert patient.after_ms >= judgement.after_ms
    else:
        assert patient == judgement


@given(sounds, parameters, sounds)
def test_what_comes_after_the_verdict_is_not_heard(
    samples: np.ndarray, wanted: AmdParameters, later: np.ndarray
) -> None:
    judgement = judge(frames(samples), wanted)
    begun = np.concatenate([samples, np.zeros(5300 * 8, dtype=np.int16)])[: judgement.after_ms * 8]
    assert judge(frames(np.concatenate([begun, later])), wanted) == judgement


@given(sounds, parameters, st.integers(2, 9))
def test_sound_and_threshold_louder_alike_change_nothing(
    samples: np.ndarray, wanted: AmdParameters, times: int
) -> None:
    quiet = (np.abs(samples) > 256).astype(np.int16) * 80
    at = replace(wanted, silence_threshold=40)  # every frame holds a multiple of 80 samples of it: nothing is rounded
    louder = replace(wanted, silence_threshold=40 * times)
    assert judge(frames(quiet), at) == judge(frames((quiet * times).astype(np.int16)), louder)


def test_a_thousand_recordings_in_a_moment() -> None:
    noise = np.random.default_rng(7)
    made = []
    for _ in range(100):
        loud = noise.random(1500) < 0.5
        made.append(frames((np.repeat(loud, 160) * 2000).astype(np.int16)))
    wanted = AmdParameters(maximum_number_of_words=999, greeting=99_999, after_greeting_silence=9999)
    begun = time.process_time()
    for _ in range(10):
        for each in made:
            judge(each, wanted)
    assert time.process_time() - begun < 2.0, "a thousand recordings x one parameter set"
