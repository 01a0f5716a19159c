"""Sounds that are no speech: beeps, intercept and fax tones, noises, and levels. Knows nothing of greetings.

Samples are float64 at 8 kHz in 16-bit scale until `to_int16`; levels are decibels of full scale (32768), RMS.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8000
Sound = NDArray[np.float64]

# ITU-T E.180: three tones of 330 ms each
SIT_HZ = (950, 1400, 1800)
SIT_TONE_S = 0.33
# ITU-T T.30: the calling fax (0.5 s on, 3 s off) and the called one
FAX_CNG_HZ = 1100
FAX_CED_HZ = 2100


def silence(seconds: float) -> Sound:
    """Zeros."""
    return np.zeros(round(seconds * RATE_HZ))


def tone(hz: float, seconds: float, level_db: float) -> Sound:
    """A sine with edges of 5 ms, so that it does not click."""
    count = round(seconds * RATE_HZ)
    wave = np.sin(2 * np.pi * hz / RATE_HZ * np.arange(count))
    edge = min(40, count // 2)
    ramp = np.linspace(0, 1, edge, endpoint=False)
    wave[:edge] *= ramp
    wave[count - edge :] *= ramp[::-1]
    return wave * np.sqrt(2) * rms(level_db)


def sit(level_db: float) -> Sound:
    """The special information tones before a carrier's announcement."""
    return np.concatenate([tone(hz, SIT_TONE_S, level_db) for hz in SIT_HZ])


def fax_calling(seconds: float, level_db: float) -> Sound:
    """A calling fax machine."""
    once = np.concatenate([tone(FAX_CNG_HZ, 0.5, level_db), silence(3.0)])
    return np.resize(once, round(seconds * RATE_HZ))


def noise(random: np.random.Generator, seconds: float, level_db: float, slope: float) -> Sound:
    """Steady noise whose power falls with frequency to the power of `slope` (0 white, 1 pink, 2 brown)."""
    count = round(seconds * RATE_HZ)
    spectrum = np.fft.rfft(random.standard_normal(count))
    hz = np.fft.rfftfreq(count, 1 / RATE_HZ)
    shaped = np.fft.irfft(spectrum * np.maximum(hz, 50.0) ** (-slope / 2), count)
    return at_level(shaped, level_db)


def hum(seconds: float, level_db: float) -> Sound:
    """Mains hum with two harmonics."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    wave = sum(np.sin(2 * np.pi * hz * time_s) / order for order, hz in enumerate((50, 100, 150), start=1))
    return at_level(np.asarray(wave), level_db)


def steady(mean: float, seconds: float) -> Sound:
    """A square wave of 4 kHz with this mean absolute sample in every 20 ms, also after u-law.

    It is made of the two u-law values next to it, so `mean` is met to 0.05 to 0.1; 0 to 1000.
    """
    # u-law's values up to 1000: steps of 8, 16, 32 and 64
    values = np.concatenate([np.arange(0, 124, 8), np.arange(132, 380, 16), np.arange(396, 892, 32), [924, 988, 1052]])
    above = int(np.searchsorted(values, mean, side="right"))
    low, high = values[above - 1], values[above]
    of_high = round((mean - low) / (high - low) * 160)
    frame = np.where(np.arange(160) < of_high, high, low) * np.where(np.arange(160) % 2, -1.0, 1.0)
    return np.resize(frame, round(seconds * RATE_HZ))


def rms(level_db: float) -> float:
    """The RMS amplitude of a level."""
    return float(32768 * 10 ** (level_db / 20))


def level(sound: Sound) -> float:
    """The level of the loud part of a sound: the RMS of its 20 ms frames within 20 dB of the loudest one."""
    whole = len(sound) // 160 * 160
    power = np.mean(sound[:whole].reshape(-1, 160) ** 2, axis=1)
    loud = power[power > np.max(power) / 100]
    return float(10 * np.log10(np.mean(loud) / 32768**2)) if len(loud) else float("-inf")


def at_level(sound: Sound, level_db: float) -> Sound:
    """The sound scaled to a level; ValueError for one without any sound."""
    present = level(sound)
    if not np.isfinite(present):
        raise ValueError("silence has no level")
    return np.asarray(sound * 10 ** ((level_db - present) / 20))


def to_int16(sound: Sound) -> NDArray[np.int16]:
    """16-bit samples; what is too loud is clipped, as a telephone line does."""
    return np.clip(np.rint(sound), -32768, 32767).astype(np.int16)
