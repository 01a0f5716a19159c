"""Makes sounds as numbers for the tests of voice files. Knows no file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dialerd.audio.preparing import RATE_HZ, Prepared, as_wave, prepared

Samples = NDArray[np.int16]


def tone(seconds: float = 1.0, amplitude: float = 8000, hz: float = 440) -> Samples:
    """A sine."""
    count = np.arange(round(seconds * RATE_HZ))
    return (amplitude * np.sin(2 * np.pi * hz * count / RATE_HZ)).astype(np.int16)


def silence(seconds: float) -> Samples:
    """Nothing."""
    return np.zeros(round(seconds * RATE_HZ), dtype=np.int16)


def joined(*parts: Samples) -> bytes:
    """One after the other, as a WAV file."""
    return as_wave(np.concatenate(parts))


def ready(seconds: float = 1.0, amplitude: float = 8000) -> Prepared:
    """A tone, prepared."""
    return prepared(joined(tone(seconds, amplitude)))
