"""Makes small WAV files for dialerctl's tests. Knows no command."""

from __future__ import annotations

import math
import struct
import wave
from pathlib import Path


def write_tone(path: Path, seconds: float = 1.0, *, rate_hz: int = 16_000, amplitude: int = 8000) -> Path:
    """A sine of 440 Hz, mono, 16 bits, clipped where it is too loud; return the path."""
    count = int(seconds * rate_hz)
    samples = (int(amplitude * math.sin(2 * math.pi * 440 * n / rate_hz)) for n in range(count))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(b"".join(struct.pack("<h", max(-32_768, min(32_767, sample))) for sample in samples))
    return path
