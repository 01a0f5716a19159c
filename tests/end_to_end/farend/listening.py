"""Finds tones and sound in received frames, after the fact. Knows nothing of calls."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import mul
from typing import NamedTuple

from .audio import FRAME_S, LINEAR, RATE_HZ

# Mean square of a frame above which it counts as sound (16-bit samples; -48 dB of full scale).
_SOUND_POWER = 130.0**2
# Share of a frame's power that a tone must have to count as heard: a pilot under speech still has it.
_TONE_SHARE = 0.05
_TONE_POWER = 200.0**2


class Span(NamedTuple):
    """A stretch of time in seconds (time.monotonic, or from the answer where said so)."""

    begin: float
    end: float

    @property
    def seconds(self) -> float:
        """Length of the stretch."""
        return self.end - self.begin

    def overlap(self, other: Span) -> float:
        """Return how many seconds two stretches have in common (0 when none)."""
        return max(0.0, min(self.end, other.end) - max(self.begin, other.begin))


Frame = tuple[float, bytes]  # arrival (time.monotonic), u-law payload


class Listener:
    """Listens to the frames of one call for one tone or for any sound, each frame once however often it is asked."""

    def __init__(self, frequency_hz: int | None) -> None:
        """With None it listens for anything above the noise floor (speech, tones)."""
        self._frequency_hz = frequency_hz
        self._done = 0
        self._heard: list[float] = []

    def spans(self, frames: Sequence[Frame]) -> list[Span]:
        """Return when it was heard, by the arrival times of the frames; `frames` may only have grown."""
        count = len(frames)  # another thread appends while we read
        for at, payload in itertools.islice(frames, self._done, count):
            if _power(payload) > _SOUND_POWER if self._frequency_hz is None else _has_tone(payload, self._frequency_hz):
                self._heard.append(at)
        self._done = count
        return _joined(self._heard)


def _joined(times: Iterable[float], gap_s: float = 0.15, shortest_s: float = 0.06) -> list[Span]:
    spans: list[Span] = []
    for at in times:
        if spans and at - spans[-1].end <= gap_s:
            spans[-1] = Span(spans[-1].begin, at + FRAME_S)
        else:
            spans.append(Span(at, at + FRAME_S))
    return [span for span in spans if span.seconds >= shortest_s]


def _power(payload: bytes) -> float:
    samples = [LINEAR[code] for code in payload]
    return float(sum(map(mul, samples, samples))) / max(1, len(samples))


def _has_tone(payload: bytes, frequency_hz: int) -> bool:
    samples = [LINEAR[code] for code in payload]
    count = len(samples)
    if count == 0:
        return False
    cosine, sine = _waves(frequency_hz, count)
    along, across = float(sum(map(mul, samples, cosine))), float(sum(map(mul, samples, sine)))
    power = 2.0 * (along * along + across * across) / (count * count)
    return power > max(_TONE_POWER, _TONE_SHARE * float(sum(map(mul, samples, samples))) / count)


@lru_cache(maxsize=64)
def _waves(frequency_hz: int, count: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    step = 2 * math.pi * frequency_hz / RATE_HZ
    return (
        tuple(math.cos(step * n) for n in range(count)),
        tuple(math.sin(step * n) for n in range(count)),
    )
