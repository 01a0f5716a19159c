"""Proof on the real Asterisk: the model of AMD gives the status and cause that AMD itself gives. Knows no dialerd."""

from __future__ import annotations

import statistics
from dataclasses import replace

import numpy as np
import pytest
from tests.amd_corpus.corpus import ready_corpus
from tests.amd_corpus.greetings import Greeting, greeting

from dialerd.core.amd.frames import FRAME_SAMPLES, After, frames
from dialerd.core.amd.model import Judgement, judge
from dialerd.core.amd.presets import PRESETS
from dialerd.core.campaign import AmdParameters

from .amd_calls import Heard, Switchboard, Wanted
from .farend import FarEnd
from .pbx.agi import AgiServer
from .pbx.ami import AmiClient
from .pbx.asterisk import Asterisk
from .ulaw import decoded

pytestmark = pytest.mark.real_asterisk

ORIGINAL, DEFAULTS = PRESETS["original"], PRESETS["asterisk-default"]
# rules that the two sets above hardly reach, at limits that do not fall on frames
HARD = AmdParameters(
    initial_silence=1990,
    greeting=2210,
    after_greeting_silence=410,
    total_analysis_time=3000,
    minimum_word_length=70,
    between_words_silence=90,
    maximum_number_of_words=5,
    silence_threshold=700,
    maximum_word_length=650,
)
# where two rules meet in one frame, and a silence of exactly the least length parts words
EDGES = (
    replace(ORIGINAL, minimum_word_length=100, maximum_word_length=100, maximum_number_of_words=0),
    replace(ORIGINAL, minimum_word_length=100, greeting=100, after_greeting_silence=400, maximum_number_of_words=1),
    replace(ORIGINAL, minimum_word_length=60, between_words_silence=60, maximum_number_of_words=0),
)
AGREEMENT = 0.995
LATE = 0.02  # Asterisk reads a call's first packet now and then before its dialplan, and so AMD, has begun
STALLS = 0.1  # more stalled calls than this share prove nothing: the machine is too busy


def expected(wanted: Wanted) -> Judgement:
    """The model's judgement on what comes out of the call."""
    goes_on = wanted.after is After.SILENCE
    return judge(frames(decoded(wanted.greeting.samples), fill_last=goes_on), wanted.parameters, wanted.after)


@pytest.mark.parametrize("count", [pytest.param(80, id="gate"), pytest.param(480, id="soak", marks=pytest.mark.soak)])
def test_the_model_says_what_asterisk_says(
    pbx: Asterisk, farend: FarEnd, ami: AmiClient, agi: AgiServer, count: int
) -> None:
    greetings = ready_corpus(count)
    calls = [Wanted(each, parameters) for each in greetings for parameters in (DEFAULTS, ORIGINAL, HARD)]
    signals = [each for each in greetings if each.party == "signal"]
    signals += [greeting("blocks", number, 2) for number in range(count // 8)]
    calls += [Wanted(each, parameters) for each in signals for parameters in EDGES]
    causes = {expected(call).cause.partition("-")[0] for call in calls}
    assert causes == {"HUMAN", "INITIALSILENCE", "LONGGREETING", "MAXWORDLENGTH", "MAXWORDS", "TOOLONG"}

    heard = Switchboard(farend, ami, agi).heard(calls, timeout_s=30 + len(calls) / 3)

    assert len(heard) == len(calls)
    differ = [each for each in heard if not _agrees(each, expected(each.wanted))]
    late = [each for each in differ if _agrees(each, _without_first_packet(each.wanted))]
    exceptions = [each for each in differ if each not in late]
    stalled = sum(each.stalled for each in heard)
    behind_ms = sorted(each.elapsed_ms - expected(each.wanted).after_ms for each in heard)
    report = "\n".join(
        (
            f"{len(heard) - len(differ)} of {len(heard)} agree, {len(late)} more without their first packet, "
            f"{len(exceptions)} differ; {stalled} stalled and placed again",
            f"verdicts {statistics.median(behind_ms):.0f} ms behind the model's time "
            f"(p5 {behind_ms[len(behind_ms) // 20]:.0f}, p95 {behind_ms[-len(behind_ms) // 20]:.0f})",
            *map(_line, differ),
        )
    )
    print(f"\n{report}")
    assert 1 - len(exceptions) / len(heard) >= AGREEMENT, report
    assert len(late) <= LATE * len(heard), report
    assert stalled <= STALLS * len(heard), f"{stalled} of {len(heard)} calls stalled"
    assert abs(statistics.median(behind_ms)) < 60, report


def test_a_far_end_that_stops_sending(pbx: Asterisk, farend: FarEnd, ami: AmiClient, agi: AgiServer) -> None:
    """AMD then counts its own waits of 100 ms, and how late each wait ends decides which of its two limits comes first.

    So the last number may be a wait off, or two on a machine that stalls; status and cause may not.
    """
    word, pause = [np.full(ms * 8, level, dtype=np.int16) for ms, level in ((300, 3000), (200, 0))]
    parts = {
        "nothing": word[:0],
        "one-frame": word[:160],
        "short-frame": word[:83],
        "word": word,
        "words": np.concatenate([pause, word, pause, word]),
        "words-ragged": np.concatenate([pause, word, pause, word[:1500]]),
        "human": np.concatenate([pause, word, *[pause] * 5]),
        "mute": np.concatenate([pause] * 13),
        "long": np.concatenate([word] * 8),
    }
    greetings = [Greeting(name, "stops", "nobody", 0, samples) for name, samples in parts.items()]
    calls = [Wanted(each, sets, After.NOTHING) for each in greetings for sets in (ORIGINAL, HARD)]
    heard = Switchboard(farend, ami, agi).heard(calls, timeout_s=60)
    for each in heard:
        model = expected(each.wanted)
        said, theirs = each.cause.split("-"), model.cause.split("-")
        assert (each.status, said[0]) == (model.status, theirs[0]), _line(each)
        if each.status == "NOTSURE":
            assert abs(int(said[1]) - int(theirs[1])) <= 200, _line(each)
        else:
            assert said == theirs, _line(each)


def _agrees(heard: Heard, model: Judgement) -> bool:
    return (heard.status, heard.cause) == (model.status, model.cause)


def _without_first_packet(wanted: Wanted) -> Judgement:
    samples = decoded(wanted.greeting.samples)[FRAME_SAMPLES:]
    return judge(frames(samples), wanted.parameters)


def _line(heard: Heard) -> str:
    model = expected(heard.wanted)
    return (
        f"{heard.wanted.greeting.name} AMD({heard.wanted.parameters.arguments()}): Asterisk {heard.status} "
        f"{heard.cause} after {heard.elapsed_ms:.0f} ms and {heard.frames_sent} frames, model {model.status} "
        f"{model.cause} after {model.after_ms} ms"
    )
