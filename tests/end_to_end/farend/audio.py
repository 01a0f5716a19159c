"""u-law audio made of numbers: tones, silence, mixing, and the code tables. Knows nothing of RTP and files."""

from __future__ import annotations

import math
from array import array

RATE_HZ = 8000
FRAME_S = 0.02
FRAME_SAMPLES = 160
_BIAS = 0x84
_CLIP = 32635


def _decode(code: int) -> int:
    inverted = ~code & 0xFF
    magnitude = (((inverted & 0x0F) << 3) + _BIAS) << ((inverted & 0x70) >> 4)
    return _BIAS - magnitude if inverted & 0x80 else magnitude - _BIAS


def _encode(sample: int) -> int:
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), _CLIP) + _BIAS
    exponent = max(0, magnitude.bit_length() - 8)
    return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0F)) & 0xFF


# u-law code → 16-bit sample
LINEAR: tuple[int, ...] = tuple(_decode(code) for code in range(256))
SILENCE = b"\xff" * FRAME_SAMPLES


def to_ulaw(samples: array[int]) -> bytes:
    """Return 16-bit samples as u-law bytes."""
    return bytes(_encode(sample) for sample in samples)


def tone(frequency_hz: int, seconds: float = 1.0, amplitude: int = 8000) -> bytes:
    """Return a sine as u-law; with a whole number of periods in it (multiples of 50 Hz) it loops without a click."""
    count = int(seconds * RATE_HZ)
    step = 2 * math.pi * frequency_hz / RATE_HZ
    return bytes(_encode(int(amplitude * math.sin(step * n))) for n in range(count))


def silence(seconds: float) -> bytes:
    """Return digital silence as u-law."""
    return b"\xff" * int(seconds * RATE_HZ)


def with_pilot(ulaw: bytes, frequency_hz: int, amplitude: int = 2500) -> bytes:
    """Return the audio with a quiet continuous sine mixed in, by which a test recognises this recording."""
    step = 2 * math.pi * frequency_hz / RATE_HZ
    return bytes(_encode(LINEAR[code] + int(amplitude * math.sin(step * n))) for n, code in enumerate(ulaw))
