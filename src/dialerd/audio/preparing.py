"""Owns what a voice file must be and what is done to it: length, silence around it, level. Pure: bytes to samples.

Levels are in dBFS: 20 log10 of the root mean square (or peak) over 32768, the loudest 16-bit sample.
"""

from __future__ import annotations

import io
import math
import wave
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialerd.core.errors import Invalid

RATE_HZ = 8000
SHORTEST_S = 0.3
LONGEST_S = 300.0
LONG_S = 60.0
"""More is heard to the end by few; as an abandon message it holds a line for people whom nobody will talk to."""
WANTED_DBFS = -18.0
HIGHEST_PEAK_DBFS = -1.0
SILENT_DBFS = -50.0
"""A file whose loudest sample is below is silence: a telephone line's own noise is about there."""
QUIET_DBFS = -30.0
MOST_GAIN_DB = 30.0
"""A file that needs more is mostly noise, and the noise would be made loud with it."""
FULL_SCALE = 32_768.0
_FRAME = RATE_HZ // 100
_EDGE = 0.01  # of how loud the voice is, and so 40 dB below it: what is weaker at either end is silence
_VOICE = 90  # percent of the frames that are no silence are weaker than what counts as the voice: a click is not it
_KEEP_BEFORE, _KEEP_AFTER = RATE_HZ // 20, RATE_HZ // 10  # a soft beginning or end is not cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A voice file ready to be written. Times in seconds, `gain_db` was applied, `warnings` are sentences."""

    samples: NDArray[np.int16]
    length_s: float
    level_dbfs: float
    trimmed_start_s: float
    trimmed_end_s: float
    gain_db: float
    warnings: tuple[str, ...]


def prepared(data: bytes, *, keep_level: bool = False, keep_silence: bool = False) -> Prepared:
    """Given a WAV file (8 kHz, mono, 16 bits), return it trimmed and levelled; raise Invalid with what is wrong."""
    samples = read_wave(data)
    whole = len(samples)
    peak = _peak(samples)
    if _dbfs(peak) < SILENT_DBFS:
        raise Invalid(
            f"the sound is silent: its loudest sample is at {_shown(_dbfs(peak))}, below {SILENT_DBFS:g} dBFS"
        )
    start, end = (0, whole) if keep_silence else _edges(samples)
    samples = samples[start:end]
    length_s = len(samples) / RATE_HZ
    around = "" if (start, end) == (0, whole) else " without the silence around it"
    if length_s < SHORTEST_S:
        raise Invalid(f"the sound is {length_s:.2f} s long{around}; a message has at least {SHORTEST_S:g} s")
    if length_s > LONGEST_S:
        raise Invalid(f"the sound is {length_s:.0f} s long{around}; a message has at most {LONGEST_S:g} s")
    gain_db = 0.0 if keep_level else _gain_db(samples)
    if gain_db:
        louder = np.rint(samples.astype(np.float32) * 10 ** (gain_db / 20))
        samples = np.clip(louder, -32_768, 32_767).astype(np.int16)
    level = level_dbfs(samples)
    return Prepared(
        samples=samples,
        length_s=length_s,
        level_dbfs=round(level, 1),
        trimmed_start_s=round(start / RATE_HZ, 2),
        trimmed_end_s=round((whole - end) / RATE_HZ, 2),
        gain_db=round(gain_db, 1),
        warnings=_warnings(samples, level),
    )


def read_wave(data: bytes) -> NDArray[np.int16]:
    """Given a WAV file, return its samples; raise Invalid when it is none of 8 kHz, mono, 16 bits, or is cut off."""
    if not data:
        raise Invalid("the sound file is empty")
    try:
        with wave.open(io.BytesIO(data)) as file:
            form = (file.getframerate(), file.getnchannels(), file.getsampwidth())
            frames, count = file.readframes(file.getnframes()), file.getnframes()
    except (wave.Error, EOFError, ValueError, OverflowError, RuntimeError) as error:  # wave's own for a wrong length
        raise Invalid(f"the sound file is no WAV file: {str(error) or 'its header is damaged'}") from None
    if form != (RATE_HZ, 1, 2):
        rate, channels, width = form
        raise Invalid(f"the sound file has {rate} Hz, {channels} channels, {8 * width} bits; 8000 Hz, 1, 16 are needed")
    if len(frames) != 2 * count:
        raise Invalid("the sound file is cut off: it has fewer samples than its header says")
    if not count:
        raise Invalid("the sound file is empty: it has a header and no sound")
    return np.frombuffer(frames, dtype="<i2").astype(np.int16)


def as_wave(samples: NDArray[np.int16]) -> bytes:
    """Given samples, return a WAV file of 8 kHz, mono, 16 bits."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.astype("<i2").tobytes())
    return buffer.getvalue()


def level_dbfs(samples: NDArray[np.int16]) -> float:
    """The root mean square over full scale, in dB."""
    return _dbfs(float(np.sqrt(np.mean(np.square(samples.astype(np.float32)), dtype=np.float64))))


def _edges(samples: NDArray[np.int16]) -> tuple[int, int]:
    """Where the sound begins and ends, by frames of 10 ms, with a little left around it."""
    frames = -(-len(samples) // _FRAME)
    padded = np.zeros(frames * _FRAME, dtype=np.int32)
    padded[: len(samples)] = np.abs(samples.astype(np.int32))
    peaks = padded.reshape(frames, _FRAME).max(axis=1)
    voice = np.percentile(peaks[peaks >= FULL_SCALE * 10 ** (SILENT_DBFS / 20)], _VOICE)
    loud = np.flatnonzero(peaks > _EDGE * voice)
    start = max(0, int(loud[0]) * _FRAME - _KEEP_BEFORE)
    end = min(len(samples), (int(loud[-1]) + 1) * _FRAME + _KEEP_AFTER)
    return start, end


def _gain_db(samples: NDArray[np.int16]) -> float:
    """To the wanted level, but never beyond what clips nothing."""
    room = HIGHEST_PEAK_DBFS - _dbfs(_peak(samples))
    return min(WANTED_DBFS - level_dbfs(samples), room, MOST_GAIN_DB)


def _warnings(samples: NDArray[np.int16], level: float) -> tuple[str, ...]:
    found = []
    length_s = len(samples) / RATE_HZ
    if length_s > LONG_S:
        found.append(
            f"the sound is {length_s:.0f} s long: few people listen to more than {LONG_S:g} s of an announcement"
        )
    if level < QUIET_DBFS:
        found.append(f"the sound is very quiet ({level:.1f} dBFS; speech on the telephone is at about -18)")
    clipped = int(np.count_nonzero(np.abs(samples.astype(np.int32)) >= 32_767))
    if clipped > 10:
        found.append(f"the sound is clipped: {clipped} samples are as loud as can be; record it more quietly")
    return tuple(found)


def _peak(samples: NDArray[np.int16]) -> float:
    return float(np.abs(samples.astype(np.int32)).max())


def _dbfs(amplitude: float) -> float:
    return 20 * math.log10(amplitude / FULL_SCALE) if amplitude > 0 else -math.inf


def _shown(dbfs: float) -> str:
    return "no level at all" if math.isinf(dbfs) else f"{dbfs:.0f} dBFS"
