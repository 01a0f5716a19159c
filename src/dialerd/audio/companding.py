"""Owns the two telephone codes of sound, u-law and A-law: 16-bit samples to bytes. Knows no file.

ITU-T G.711, tables 1a to 2b, in the usual form with segments found by the magnitude's highest bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]

_BIAS = 132
_LOUDEST = 32_635
_SEGMENT_ENDS = np.array([0x1F, 0x3F, 0x7F, 0xFF, 0x1FF, 0x3FF, 0x7FF, 0xFFF])


def _ulaw_table() -> NDArray[np.uint8]:
    """The code of each 16-bit sample, at the sample's place as an unsigned number."""
    sample = np.arange(65_536, dtype=np.int32).astype(np.uint16).view(np.int16).astype(np.int32)
    sign = np.where(sample < 0, 0x80, 0)
    magnitude = np.minimum(np.abs(sample), _LOUDEST) + _BIAS
    segment = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    code = sign | (segment << 4) | ((magnitude >> (segment + 3)) & 0x0F)
    found: NDArray[np.uint8] = (~code & 0xFF).astype(np.uint8)
    return found


def _alaw_table() -> NDArray[np.uint8]:
    sample = np.arange(65_536, dtype=np.int32).astype(np.uint16).view(np.int16).astype(np.int32)
    mask = np.where(sample >= 0, 0xD5, 0x55)
    value = sample >> 3
    magnitude = np.where(value >= 0, value, -value - 1)
    segment = np.searchsorted(_SEGMENT_ENDS, magnitude)
    step = np.where(segment < 2, magnitude >> 1, magnitude >> np.maximum(segment, 1))
    return (((segment << 4) | (step & 0x0F)) ^ mask).astype(np.uint8)


_ULAW, _ALAW = _ulaw_table(), _alaw_table()


def ulaw(samples: Samples) -> bytes:
    """Given 16-bit samples, return them as u-law, a byte each."""
    return _ULAW[samples.view(np.uint16)].tobytes()


def alaw(samples: Samples) -> bytes:
    """Given 16-bit samples, return them as A-law, a byte each."""
    return _ALAW[samples.view(np.uint16)].tobytes()
