"""Owns what Asterisk's AMD gets to hear: frames with their loudness. Knows nothing of words, verdicts and calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SAMPLES_PER_MS = 8  # AMD reads 8 kHz signed linear whatever the call's codec is
FRAME_SAMPLES = 160
FRAME_MS = FRAME_SAMPLES // SAMPLES_PER_MS


class After(Enum):
    """What the far end sends once the sound is over."""

    SILENCE = "silence"  # frames of zeros for ever, as a phone does
    NOTHING = "nothing"  # no frame any more: silence suppression, a file that ended, a broken path


class Run(NamedTuple):
    """Neighbouring frames that AMD takes for the same: frames `first` to `last` (indices, both in it)."""

    silent: bool
    first: int
    last: int


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """One call's sound in frames, shared by all parameter sets that are tried on it. Made by `frames()`.

    `levels`: mean absolute sample of each frame, rounded down (0 to 32768). `ends_ms`: milliseconds of sound up to the
    end of each frame, each frame's own length rounded down as Asterisk does. `frame_ms`: a whole frame's length.
    """

    levels: NDArray[np.int32]
    ends_ms: tuple[int, ...]
    frame_ms: int = FRAME_MS
    _runs: dict[int, tuple[Run, ...]] = field(default_factory=dict, repr=False)

    def runs(self, threshold: int) -> tuple[Run, ...]:
        """The frames as alternating runs of silence and sound at AMD's silence threshold (kept for the next asker).

        A frame is silent when its level is below the threshold, except that silence of zero milliseconds in all is
        none yet: AMD asks for how long it has been silent, not whether.
        """
        known = self._runs.get(threshold)
        if known is None:
            known = self._runs[threshold] = tuple(self._split(threshold))
        return known

    def _split(self, threshold: int) -> list[Run]:
        begun, quiet_ms = 0, 0
        verdicts: list[bool] = []
        for below, end in zip((self.levels < threshold).tolist(), self.ends_ms, strict=True):
            quiet_ms = quiet_ms + end - begun if below else 0
            begun = end
            verdicts.append(quiet_ms > 0)
        found: list[Run] = []
        for silent, group in groupby(range(len(verdicts)), verdicts.__getitem__):
            indices = list(group)
            found.append(Run(silent, indices[0], indices[-1]))
        return found


def frames(samples: NDArray[np.int16], *, frame_samples: int = FRAME_SAMPLES, fill_last: bool = True) -> Frames:
    """Cut 8 kHz signed 16-bit mono samples into frames as they reach AMD and measure each one's loudness.

    `frame_samples`: samples of one packet (160 = 20 ms). `fill_last`: the last frame is filled up with zeros, as a far
    end that goes on sending does; otherwise it stays short, as the last frame of a file that Asterisk plays.
    The loudness is that of Asterisk's silence detector (main/dsp.c): the sum of the absolute samples divided by their
    number, both integers. Raises ValueError for samples that are not one-dimensional int16 or frames below 1 ms.
    """
    if samples.dtype != np.int16 or samples.ndim != 1:
        raise ValueError(f"samples must be one-dimensional int16, not {samples.ndim}-dimensional {samples.dtype}")
    if frame_samples < SAMPLES_PER_MS:
        raise ValueError(f"frame_samples must be at least {SAMPLES_PER_MS} (1 ms), not {frame_samples}")
    whole, rest = divmod(len(samples), frame_samples)
    count = whole + (rest > 0)
    padded = np.zeros(count * frame_samples, dtype=np.int32)
    padded[: len(samples)] = samples  # int32 first: the absolute value of -32768 is no int16
    sums = np.abs(padded).reshape(count, frame_samples).sum(axis=1)
    lengths = np.full(count, frame_samples, dtype=np.int64)
    if rest and not fill_last:
        lengths[-1] = rest
    ends = np.cumsum(lengths // SAMPLES_PER_MS)
    return Frames((sums // lengths).astype(np.int32), tuple(ends.tolist()), frame_samples // SAMPLES_PER_MS)
