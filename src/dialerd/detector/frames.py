"""Owns how one frame sounds: how loud, and whether it is one or two steady tones. Knows nothing of greetings.

A frame is 20 ms; it is looked at together with the one before it, so that two frequencies 40 Hz apart can be told
from one and a tone's edge falls into one look only.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8000
FRAME_SAMPLES = 160
FRAME_S = FRAME_SAMPLES / RATE_HZ
FRAME_BYTES = 2 * FRAME_SAMPLES
SILENT_DB = -90.0
"""What digital silence is taken for: there is no logarithm of nothing."""

_SIZE = 512  # the two frames, filled up with zeros: 15.6 Hz a bin
_WINDOW = np.hanning(2 * FRAME_SAMPLES)
_BIN_HZ = RATE_HZ / _SIZE
_HALF_LOBE = 4  # a Hann window of 320 samples spreads a tone over some 3.2 bins of 512 to each side
_LOWEST, _HIGHEST = round(300 / _BIN_HZ), round(2600 / _BIN_HZ)
# Shares of a frame's whole power, measured on the corpus of docs/amd.md: speech rarely has one lobe with so much of it
# for longer than a frame or two, a beep over noise of 15 dB still has it.
_ONE_TONE = 0.88
_TWO_TONES = 0.92
_WEAKEST_OF_TWO = 0.12


class Sound(NamedTuple):
    """One look: the level in dBFS (RMS of the newest frame), and the tones in ascending order (none: no tone)."""

    level_db: float
    tones_hz: tuple[float, ...] = ()


class Ear:
    """Listens to one call, frame by frame."""

    def __init__(self) -> None:
        self._samples = np.zeros(2 * FRAME_SAMPLES)

    def hear(self, frame: NDArray[np.int16]) -> Sound:
        """Given the next FRAME_SAMPLES samples, return how it sounds together with the frame before it."""
        samples = self._samples
        samples[:FRAME_SAMPLES] = samples[FRAME_SAMPLES:]
        samples[FRAME_SAMPLES:] = frame
        newest = samples[FRAME_SAMPLES:]
        power = float(newest @ newest) / FRAME_SAMPLES
        if power < 1.0:
            return Sound(SILENT_DB)
        level_db = 10 * math.log10(power / 32768**2)
        return Sound(level_db, _tones(samples) if level_db > -48 else ())


def _tones(samples: NDArray[np.float64]) -> tuple[float, ...]:
    spectrum = np.fft.rfft(samples * _WINDOW, _SIZE)
    power = spectrum.real**2 + spectrum.imag**2
    whole = float(power[2:].sum())  # without a constant offset
    first = _LOWEST + int(power[_LOWEST : _HIGHEST + 1].argmax())
    share = _lobe(power, first) / whole
    if share >= _ONE_TONE:
        return (_peak_hz(power, first),)
    if share < _TWO_TONES / 2:
        return ()
    rest = power.copy()
    rest[max(0, first - _HALF_LOBE) : first + _HALF_LOBE + 1] = 0.0
    second = _LOWEST + int(rest[_LOWEST : _HIGHEST + 1].argmax())
    other = _lobe(rest, second) / whole
    if other < _WEAKEST_OF_TWO or share + other < _TWO_TONES:
        return ()
    low, high = sorted((first, second))
    return (_peak_hz(power, low), _peak_hz(power, high))


def _lobe(power: NDArray[np.float64], peak: int) -> float:
    return float(power[max(0, peak - _HALF_LOBE) : peak + _HALF_LOBE + 1].sum())


def _peak_hz(power: NDArray[np.float64], peak: int) -> float:
    """The frequency between bins: the top of the parabola through the logarithms of the peak and its neighbours."""
    low, top, high = (math.log(float(value) + 1e-9) for value in power[peak - 1 : peak + 2])
    bend = low - 2 * top + high
    return (peak + (0.5 * (low - high) / bend if bend < 0 else 0.0)) * _BIN_HZ
