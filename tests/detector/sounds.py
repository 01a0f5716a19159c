"""Sound for the detector's tests, cut into frames. Knows no rule of the detector."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from tests.amd_corpus import tones
from tests.end_to_end.ulaw import decoded

from dialerd.detector.frames import FRAME_SAMPLES, Ear
from dialerd.detector.greeting_end import Cue, GreetingEnd

Samples = NDArray[np.int16]


def through_telephone(*parts: tones.Sound) -> Samples:
    """The parts one after the other, as they come out of u-law."""
    return decoded(tones.to_int16(np.concatenate(parts)))


def frames(samples: Samples) -> Iterator[Samples]:
    """Whole frames."""
    for at in range(0, len(samples) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        yield samples[at : at + FRAME_SAMPLES]


def ends(samples: Samples, *, end: GreetingEnd | None = None) -> tuple[Cue | None, float]:
    """The cue and the seconds until it."""
    ear, end = Ear(), end or GreetingEnd()
    for frame in frames(samples):
        cue = end.hear(ear.hear(frame))
        if cue is not None:
            return cue, end.heard_s
    return None, end.heard_s


def chatter(seconds: float, level_db: float = -22.0, seed: int = 1) -> tones.Sound:
    """Something like speech: syllables of noise whose loudness comes and goes, without longer pauses."""
    random = np.random.default_rng(seed)
    parts: list[tones.Sound] = []
    while sum(map(len, parts)) < seconds * tones.RATE_HZ:
        parts.append(
            tones.noise(random, float(random.uniform(0.08, 0.25)), level_db + float(random.uniform(-8, 0)), 1.0)
        )
        parts.append(tones.silence(float(random.uniform(0.02, 0.2))))
    return np.concatenate(parts)[: round(seconds * tones.RATE_HZ)]
